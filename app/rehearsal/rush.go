package rehearsal

import (
	"context"
	"slices"
	"time"
)

// Reactions of a person to a release: from quickest on, most of them early, the slowest after
// slowest.
const (
	quickest = 300 * time.Millisecond
	slowest  = 3 * time.Second
)

// reaction is how long a person takes to choose. chance is from 0 to 1.
func reaction(chance float64) time.Duration {
	return quickest + time.Duration(chance*chance*float64(slowest-quickest))
}

// choices is how many sizes a shopper tries to buy in a rush, each after the one before was sold
// out.
const choices = 3

// reloadEvery is how many pauses pass, in the mean, until a shopper who waits reloads the page.
const reloadEvery = 4

// waits reports whether shopper n is among the given share who wait for a release. Any run of
// shoppers has that share.
func waits(n int, share float64) bool { return int(float64(n+1)*share) > int(float64(n)*share) }

// decide chooses what the shopper waits for: a product that is not released yet, if the shopper is
// one of those who wait or if there is nothing else to buy.
func (s *shopper) decide() {
	if s.awaits != "" {
		return
	}
	unreleased := s.tab.unreleased()
	if len(unreleased) > 0 && (s.patient || len(s.tab.forSale("")) == 0) {
		s.awaits = unreleased[s.dice.IntN(len(unreleased))]
		s.result.waited.Add(1)
	}
}

// wait looks at the page of the product that the shopper waits for, reloads it now and then, and
// rushes when the tab shows the release. A shopper who waits only because there is nothing else
// rushes at whatever can be bought first.
func (s *shopper) wait(ctx context.Context) (what string, err error) {
	look := time.Now()
	for {
		id, at, news := s.tab.release(s.awaits, !s.patient)
		if id != "" {
			s.awaits = ""
			if at.IsZero() { // the page that was opened meanwhile shows it
				at = time.Now()
			}
			return s.rush(ctx, id, at)
		}
		if !look.After(time.Now()) {
			s.result.deeds.Add(1)
			if _, err := s.get(ctx, s.shelf.pageOf(s.awaits)); err != nil {
				return "page", err
			}
			look = time.Now().Add(time.Duration(reloadEvery * s.dice.ExpFloat64() * float64(s.cfg.Think)))
		}
		if what, err := s.rest(ctx, look, news); err != nil {
			return what, err
		}
	}
}

// rush chooses among the sizes of a product that was just released, and buys at once. at is when
// the tab showed the release.
func (s *shopper) rush(ctx context.Context, id string, at time.Time) (what string, err error) {
	defer func() {
		if ctx.Err() == nil {
			s.result.rushed.Add(1)
		}
	}()
	if what, err := s.rest(ctx, time.Now().Add(reaction(s.dice.Float64())), nil); err != nil {
		return what, err
	}
	for range choices {
		sizes := s.tab.forSale(id)
		if len(sizes) == 0 {
			return "", nil
		}
		item := sizes[s.dice.IntN(len(sizes))]
		s.result.deeds.Add(1)
		if err := s.change(ctx, "add_item", item); err != nil {
			return "add", err
		}
		items, token := s.tab.inCart()
		if s.cfg.Buy < 0 || !slices.Contains(items, item) {
			return "", nil
		}
		s.result.deeds.Add(1)
		told, what, err := s.buy(ctx, token)
		if !told.IsZero() {
			s.result.rush.add(told.Sub(at))
		}
		if err != nil || !told.IsZero() {
			return what, err
		}
	}
	return "", nil
}
