package rehearsal

import (
	"slices"
	"testing"
	"time"
)

func TestJudge(t *testing.T) {
	t.Parallel()
	good := Latency{Count: 20, P99: 20}
	base := Report{
		Deeds: 1000, Reply: good, Push: good, Purchase: good, Page: good, Errors: map[string]int64{"page": 1},
	}
	limits := Limits{Reply: 20 * time.Millisecond, Push: time.Second, Page: time.Second, Errors: 0.001, AtLeast: 20}
	for name, tt := range map[string]struct {
		report func(*Report)
		limits func(*Limits)
		want   Outcome
		broken int
		few    []Shortage
	}{
		"good": {want: Passed},
		"slow": {report: func(r *Report) { r.Reply.P99 = 20.1 }, want: Failed, broken: 1},
		"slow, no limit": {
			report: func(r *Report) { r.Reply.P99 = 20.1 }, limits: func(l *Limits) { l.Reply = 0 }, want: Passed,
		},
		"slow twice": {report: func(r *Report) { r.Reply.P99, r.Push.P99 = 21, 1001 }, want: Failed, broken: 2},
		"errors": {
			report: func(r *Report) { r.Errors = map[string]int64{"page": 1, "add": 1} }, want: Failed, broken: 1,
		},
		"an error of few":  {report: func(r *Report) { r.Deeds = 100 }, want: Failed, broken: 1},
		"no error allowed": {limits: func(l *Limits) { l.Errors = 0 }, want: Failed, broken: 1},
		"all may fail": {
			report: func(r *Report) { r.Errors["connect"] = 5000 }, limits: func(l *Limits) { l.Errors = 1 },
			want: Passed,
		},
		"few":  {report: func(r *Report) { r.Page.Count = 19 }, want: TooFew, few: []Shortage{{"page", 19, 20}}},
		"none": {report: func(r *Report) { r.Push = Latency{} }, want: TooFew, few: []Shortage{{"push", 0, 20}}},
		"none, without a number": {
			report: func(r *Report) { r.Push = Latency{} }, limits: func(l *Limits) { l.AtLeast = 0 },
			want: TooFew, few: []Shortage{{"push", 0, 1}},
		},
		"one, without a number": {
			report: func(r *Report) { r.Push.Count = 1 }, limits: func(l *Limits) { l.AtLeast = 0 }, want: Passed,
		},
		"none, no limit": {report: func(r *Report) { r.Purchase = Latency{} }, want: Passed},
		"few and slow": {
			report: func(r *Report) { r.Push.Count, r.Reply.P99 = 3, 21 },
			want:   Failed, broken: 1, few: []Shortage{{"push", 3, 20}},
		},
		"few, and those slow": {
			report: func(r *Report) { r.Push.Count, r.Push.P99 = 3, 1001 },
			want:   Failed, broken: 1, few: []Shortage{{"push", 3, 20}},
		},
		"nothing": {
			report: func(r *Report) { *r = Report{} },
			want:   TooFew, few: []Shortage{{"reply", 0, 20}, {"push", 0, 20}, {"page", 0, 20}},
		},
		"nothing, errors alone limited": {
			report: func(r *Report) { *r = Report{} },
			limits: func(l *Limits) { *l = Limits{Errors: 0.5, AtLeast: 20} },
			want:   TooFew, few: []Shortage{{"deeds", 0, 20}},
		},
		"nothing, no limits": {
			report: func(r *Report) { *r = Report{} }, limits: func(l *Limits) { *l = Limits{Errors: 1} }, want: Passed,
		},
		"nobody can come": {
			report: func(r *Report) { *r = Report{Errors: map[string]int64{"session": 3}} },
			limits: func(l *Limits) { *l = Limits{Errors: 0.9} },
			want:   Failed, broken: 1, few: []Shortage{{"deeds", 0, 1}},
		},
		"few rushed": {
			report: func(r *Report) { r.Waited, r.Rushed = 50, 19 }, limits: func(l *Limits) { l.Rush = true },
			want: TooFew, few: []Shortage{{"rush", 19, 20}},
		},
		"few waited": {
			report: func(r *Report) { r.Waited, r.Rushed = 5, 4 }, limits: func(l *Limits) { l.Rush = true },
			want: TooFew, few: []Shortage{{"rush", 4, 5}},
		},
		"nobody waited": {
			limits: func(l *Limits) { l.Rush = true }, want: TooFew, few: []Shortage{{"rush", 0, 1}},
		},
		"all who waited rushed": {
			report: func(r *Report) { r.Waited, r.Rushed = 5, 5 }, limits: func(l *Limits) { l.Rush = true },
			want: Passed,
		},
		"nobody had to rush": {report: func(r *Report) { r.Waited = 5 }, want: Passed},
		"rushed slowly": {
			report: func(r *Report) { r.Rush = Latency{Count: 20, P99: 60_000} }, want: Passed,
		},
		"too much for the dashboard": {
			report: func(r *Report) { r.Dashboard = &Dashboard{Largest: largestFrame + 1} }, want: Failed, broken: 1,
		},
	} {
		r, l := base, limits
		r.Errors = map[string]int64{"page": 1}
		if tt.report != nil {
			tt.report(&r)
		}
		if tt.limits != nil {
			tt.limits(&l)
		}
		v := r.Judge(l)
		if v.Outcome != tt.want || len(v.Broken) != tt.broken || !slices.Equal(v.TooFew, tt.few) {
			t.Errorf("%s: %+v; want %s, %d limits broken, too few %v", name, v, tt.want, tt.broken, tt.few)
		}
		if v.Broken == nil || v.TooFew == nil {
			t.Errorf("%s: a list is nil, and null in JSON: %+v", name, v)
		}
	}
}
