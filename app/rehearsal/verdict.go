package rehearsal

import (
	"fmt"
	"time"
)

// Limits are what a rehearsal must keep to pass. A duration of 0 is no limit.
type Limits struct {
	Reply, Push, Purchase, Page time.Duration // at the 99th percentile
	Errors                      float64       // share of the deeds that fail; 0: none may, 1: all may
	// whether shoppers must have rushed at a release, AtLeast or as many as waited for one
	Rush    bool
	AtLeast int64 // how often what has a limit must have been measured; less than 1 counts as 1
}

// Outcome is the word for a verdict.
type Outcome string

// The outcomes. A limit that was broken is a failure however few were measured.
const (
	Passed Outcome = "passed"
	Failed Outcome = "failed"
	TooFew Outcome = "too_few"
)

// Verdict is what a report says of its limits.
type Verdict struct {
	Outcome Outcome    `json:"verdict"`
	Broken  []string   `json:"limits_broken"`
	TooFew  []Shortage `json:"too_few"`
}

// Shortage is a kind of measurement that was made too seldom for a verdict.
type Shortage struct {
	Kind    string `json:"kind"`
	Count   int64  `json:"count"`
	AtLeast int64  `json:"at_least"`
}

// String says it in words.
func (s Shortage) String() string {
	return fmt.Sprintf("%s: %d measured, %d needed", s.Kind, s.Count, s.AtLeast)
}

// The kinds of a Shortage that have names elsewhere.
const (
	KindPurchase = "purchase"
	KindRush     = "rush"

	kindReply = "reply"
	kindPush  = "push"
	kindDeeds = "deeds"
)

// NeedsStock reports whether the kind can't be measured when everything is sold out.
func (s Shortage) NeedsStock() bool {
	return s.Kind == KindPurchase || s.Kind == kindReply || s.Kind == kindPush
}

// Judge compares the report with limits. No limit is broken by what was never measured.
func (r Report) Judge(l Limits) Verdict {
	v := Verdict{Outcome: Passed, Broken: []string{}, TooFew: []Shortage{}}
	needs := func(kind string, count int64) {
		if least := max(1, l.AtLeast); count < least {
			v.TooFew = append(v.TooFew, Shortage{kind, count, least})
		}
	}
	for _, of := range []struct {
		kind  string
		limit time.Duration
		got   Latency
	}{
		{kindReply, l.Reply, r.Reply}, {kindPush, l.Push, r.Push}, {KindPurchase, l.Purchase, r.Purchase},
		{"page", l.Page, r.Page},
	} {
		if of.limit == 0 {
			continue
		}
		needs(of.kind, of.got.Count)
		if of.got.P99 > milliseconds(of.limit) {
			v.Broken = append(v.Broken, fmt.Sprintf("%s: 99 of 100 took up to %.1f ms, limit %v",
				of.kind, of.got.P99, of.limit))
		}
	}
	if least := min(max(1, l.AtLeast), max(1, r.Waited)); l.Rush && r.Rushed < least {
		v.TooFew = append(v.TooFew, Shortage{KindRush, r.Rushed, least})
	}
	if l.Errors < 1 && len(v.TooFew) == 0 { // each measurement is of a deed, or nearly
		needs(kindDeeds, r.Deeds)
	}
	if share := r.failed(); share > l.Errors {
		v.Broken = append(v.Broken, fmt.Sprintf("errors: %.2f %% of what was done failed, limit %.2f %%",
			100*share, 100*l.Errors))
	}
	v.Broken = append(v.Broken, r.Dashboard.check()...)
	switch {
	case len(v.Broken) > 0:
		v.Outcome = Failed
	case len(v.TooFew) > 0:
		v.Outcome = TooFew
	}
	return v
}

// failed is the share of the deeds that failed, 1 at the most. A shopper who can't even come does
// no deed, and fails.
func (r Report) failed() float64 {
	var all int64
	for _, n := range r.Errors {
		all += n
	}
	if all == 0 {
		return 0
	}
	return min(1, float64(all)/float64(max(1, r.Deeds)))
}
