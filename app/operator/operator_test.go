package operator

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"sneakers23/inventory/storefront"
	"sneakers23/web/admin/drops"
)

func TestPanicOfACommandIsAnAnswer(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	_, err := protect(t.Context(), slog.New(slog.NewTextHandler(&log, nil)), "test", none{},
		func(context.Context, none) (none, error) { panic("bad luck") })
	if !errors.Is(err, errCommandCrashed) {
		t.Errorf("got %v, want errCommandCrashed", err)
	}
	if !strings.Contains(log.String(), "bad luck") || !strings.Contains(log.String(), "operator_test.go") {
		t.Errorf("the panic and its stack are not in the log: %s", log.String())
	}
}

// TestTimesAreWholeSeconds holds that what an operator plans has no fraction of a second: it is
// shown without.
func TestTimesAreWholeSeconds(t *testing.T) {
	t.Parallel()
	o := &Operator{log: slog.New(slog.DiscardHandler)} // a plan is refused before anything else is asked
	berlin := time.FixedZone("CET", 3600)
	whole := time.Date(2026, 12, 24, 18, 0, 5, 0, berlin)
	for _, fraction := range []time.Duration{1, time.Microsecond, 500 * time.Millisecond} {
		broken := whole.Add(fraction)
		plan := func(at time.Time, ends *time.Time) func() (DropView, error) {
			return func() (DropView, error) { return o.PlanDrop(t.Context(), PlanRequest{At: at, EndsAt: ends}) }
		}
		change := func(q DropChange) func() (DropView, error) {
			return func() (DropView, error) { return o.ChangeDrop(t.Context(), q) }
		}
		for name, tt := range map[string]struct {
			do   func() (DropView, error)
			what string
		}{
			"plan":          {plan(broken, nil), "time"},
			"plan an end":   {plan(whole, &broken), "end"},
			"move":          {change(DropChange{ID: 1, At: &broken}), "time"},
			"change an end": {change(DropChange{ID: 1, End: true, EndsAt: &broken}), "end"},
		} {
			want := "the " + tt.what + " has a fraction of a second: " +
				"write whole seconds, like 2026-12-24T18:00:05+01:00"
			if _, err := tt.do(); err == nil || err.Error() != want || !errors.Is(err, errFraction) {
				t.Errorf("%s, %v after a second: %v, want %q", name, fraction, err, want)
			}
		}
		desk := DropDesk{o}
		for name, err := range map[string]error{
			"plan":          desk.Plan(t.Context(), drops.Plan{At: broken}),
			"move":          desk.Move(t.Context(), 1, 1, broken),
			"change an end": desk.End(t.Context(), 1, 1, &broken),
		} {
			if err == nil || !strings.Contains(err.Error(), " has a fraction of a second: write whole seconds") ||
				!strings.HasPrefix(err.Error(), "The ") {
				t.Errorf("%s at the dashboard: an admin reads %v", name, err)
			}
		}
		saved, err := o.setShop(t.Context(), storefront.Edit{BannerEnds: &broken})
		if err != nil || len(saved.Problems) != 1 || saved.Problems[0].Field != "banner_ends" {
			t.Errorf("the end of a banner: %+v, %v", saved, err)
		}
	}
	if err := wholeSecond("time", &whole); err != nil {
		t.Error(err)
	}
}
