package presence

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"
)

// Options of a Tracker. Their names, meanings and defaults are those of Phoenix.Tracker; that who
// is silent for MaxSilentPeriods must not be taken for down is checked here alone. Name must be
// given; of all others the zero value stands for the default.
type Options struct {
	// Name of this replica, which no other live one has.
	Name string
	// BroadcastPeriod is how often a replica tells the others what has changed: 1.5 s.
	BroadcastPeriod time.Duration
	// MaxSilentPeriods is after how many of them it speaks although nothing has changed: 10.
	MaxSilentPeriods int
	// DownPeriod is after how long a silence the presences of a replica are hidden: twice
	// MaxSilentPeriods of BroadcastPeriod, 30 s if those are the defaults.
	DownPeriod time.Duration
	// PermdownPeriod is after how long a silence a replica is forgotten: 20 min.
	PermdownPeriod time.Duration
	// ClockSamplePeriods is for how many periods a replica listens before it asks others for what
	// it has missed: 2.
	ClockSamplePeriods int
	// MaxDeltaSizes are how many presences, come and gone, are kept for those who missed some, in
	// generations that go back further and further: 100, 1000, 10000. A replica that missed more is
	// told everything.
	MaxDeltaSizes []int
	// PoolSize is into how many shards topics are distributed: 1. All replicas must have the same.
	PoolSize int

	// OnDiff is told what has changed by topic, on a goroutine of its own: outside the shards, one
	// call at a time. Changes that come while it is at work are told together. Presences that came
	// and went meanwhile are not told, unless a List has shown them. When it panics, it is told the
	// same again. It may be nil.
	OnDiff func(diffs map[string]Diff)
	// Link carries messages to other replicas; a replica alone has none.
	Link Link

	// Log is told at LogLevel of replicas that come and go, and of messages that were lost; by
	// default it is told nothing of that, and warned of a replica that can't be asked.
	Log      *slog.Logger
	LogLevel slog.Leveler
}

// fill puts defaults in place, and says what does not go together.
func (o *Options) fill() error {
	o.BroadcastPeriod = cmp.Or(o.BroadcastPeriod, 1500*time.Millisecond)
	o.MaxSilentPeriods = cmp.Or(o.MaxSilentPeriods, 10)
	o.DownPeriod = cmp.Or(o.DownPeriod, 2*time.Duration(o.MaxSilentPeriods)*o.BroadcastPeriod)
	o.PermdownPeriod = cmp.Or(o.PermdownPeriod, 20*time.Minute)
	o.ClockSamplePeriods = cmp.Or(o.ClockSamplePeriods, 2)
	o.PoolSize = cmp.Or(o.PoolSize, 1)
	if o.MaxDeltaSizes == nil {
		o.MaxDeltaSizes = []int{100, 1000, 10_000}
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.OnDiff == nil {
		o.OnDiff = func(map[string]Diff) {}
	}
	return o.validate()
}

func (o *Options) validate() error {
	var errs []error
	must := func(holds bool, format string, args ...any) {
		if !holds {
			errs = append(errs, fmt.Errorf("presence: "+format, args...))
		}
	}
	must(o.Name != "", "a replica needs a Name")
	must(o.BroadcastPeriod > 0, "BroadcastPeriod is %v, want more than nothing", o.BroadcastPeriod)
	must(o.MaxSilentPeriods > 0, "MaxSilentPeriods is %d, want at least 1", o.MaxSilentPeriods)
	must(o.ClockSamplePeriods > 0, "ClockSamplePeriods is %d, want at least 1", o.ClockSamplePeriods)
	must(o.PoolSize > 0, "PoolSize is %d, want at least 1", o.PoolSize)
	must(o.DownPeriod >= 2*o.BroadcastPeriod, "DownPeriod is %v, want at least twice the BroadcastPeriod of %v",
		o.DownPeriod, o.BroadcastPeriod)
	must(o.DownPeriod > time.Duration(o.MaxSilentPeriods)*o.BroadcastPeriod,
		"DownPeriod is %v, want more than the %d MaxSilentPeriods of %v: who has nothing to tell would be taken for down",
		o.DownPeriod, o.MaxSilentPeriods, o.BroadcastPeriod)
	must(o.PermdownPeriod > o.DownPeriod, "PermdownPeriod is %v, want more than the DownPeriod of %v", o.PermdownPeriod,
		o.DownPeriod)
	must(slices.IsSorted(o.MaxDeltaSizes) && (len(o.MaxDeltaSizes) == 0 || o.MaxDeltaSizes[0] > 0),
		"MaxDeltaSizes are %v, want positive numbers in rising order", o.MaxDeltaSizes)
	return errors.Join(errs...)
}
