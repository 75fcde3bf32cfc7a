package presence

import (
	"strings"
	"testing"
	"time"
)

func TestDefaults(t *testing.T) {
	t.Parallel()
	for _, opts := range []Options{{}, {BroadcastPeriod: 5 * time.Second}, {MaxSilentPeriods: 20}} {
		opts.Name = "a"
		tr, err := New(opts)
		if err != nil {
			t.Fatal(err)
		}
		if o := tr.opts; o.DownPeriod != 2*o.BroadcastPeriod*time.Duration(o.MaxSilentPeriods) ||
			o.PermdownPeriod != permdown || o.PoolSize != 1 {
			t.Errorf("%+v", o)
		}
	}
}

func TestWrongOptions(t *testing.T) {
	t.Parallel()
	for want, opts := range map[string]Options{
		"Name":                {},
		"twice":               {Name: "a", BroadcastPeriod: time.Second, DownPeriod: time.Second, MaxSilentPeriods: 1},
		"MaxSilentPeriods of": {Name: "a", DownPeriod: 10 * time.Second},
		"PermdownPeriod":      {Name: "a", PermdownPeriod: time.Second},
		"BroadcastPeriod is":  {Name: "a", BroadcastPeriod: -1},
		"ClockSamplePeriods":  {Name: "a", ClockSamplePeriods: -1},
		"PoolSize":            {Name: "a", PoolSize: -1},
		"MaxDeltaSizes":       {Name: "a", MaxDeltaSizes: []int{10, 5}},
	} {
		if _, err := New(opts); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want something of %s", err, want)
		}
	}
}
