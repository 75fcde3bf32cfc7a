package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"sneakers23/app"
)

// sellCmd empties the store while its operator watches.
type sellCmd struct {
	PerTick int           `help:"Pairs to sell at each tick, 1 to 1000." default:"20"`
	Every   time.Duration `help:"Pause from one tick to the next." default:"100ms"`
	Yes     bool          `help:"Do not ask." short:"y"`
}

// Help is shown by sell --help.
func (sellCmd) Help() string {
	return `Sells pairs of random items, released or not, until none is left or Ctrl-C. It asks first, unless --yes. What is
sold is sold: each pair is booked, and only a restock puts new ones on the shelf.`
}

// Run is called by kong.
func (s *sellCmd) Run(ctx context.Context, g *globals, term terminal) error {
	if s.PerTick < 1 || s.PerTick > app.MaxSell {
		return usageError{fmt.Errorf("--per-tick must be from 1 to %d", app.MaxSell)}
	}
	if s.Every < 0 || s.Every > time.Hour {
		return usageError{fmt.Errorf("--every must be from 0s to 1h")}
	}
	c, err := dial(g)
	if err != nil {
		return err
	}
	defer c.Close()
	start, err := c.Sell(ctx, app.SellRequest{}) // none: tells how many there are
	if err != nil {
		return err
	}
	if start.Left > 0 && !s.Yes {
		what := fmt.Sprintf("all %d pairs", start.Left)
		if start.Left == 1 {
			what = "the last pair"
		}
		question := fmt.Sprintf("This sells %s of the shop of node %s.", what, c.Node.Name)
		if err := confirm(term, question); err != nil {
			return err
		}
	}
	sold, left, err := s.untilGone(ctx, c, start.Left, newProgress(term, g.JSON))
	if err != nil {
		return fmt.Errorf("%w (sold so far: %d)", err, sold)
	}
	switch {
	case g.JSON:
		return printJSON(term, map[string]int{"sold": sold, "left": left})
	case left > 0:
		fmt.Fprintf(term.out, "stopped: %d sold, %d left\n", sold, left)
	case sold == 0:
		fmt.Fprintln(term.out, "nothing to sell: every size is out; add pairs with: sneakers23 restock ITEM_SKU COUNT")
	default:
		fmt.Fprintf(term.out, "gone: %d sold, every size is out\n", sold)
	}
	return nil
}

// untilGone sells tick by tick, and tells how many were sold and are left when none is left or ctx ends.
func (s *sellCmd) untilGone(ctx context.Context, c *app.Client, left int, p *progress) (sold, _ int, _ error) {
	defer p.done()
	pause := time.NewTimer(0)
	defer pause.Stop()
	for left > 0 {
		select {
		case <-pause.C:
		case <-ctx.Done():
			return sold, left, nil // Ctrl-C is a way to stop, not a failure
		}
		pause.Reset(s.Every)
		// a tick that was begun is counted to its end, also after Ctrl-C
		tick, err := c.Sell(context.WithoutCancel(ctx), app.SellRequest{Count: s.PerTick})
		sold += tick.Sold
		if err != nil {
			return sold, left, err
		}
		left = tick.Left
		if len(tick.SoldOut) > 0 {
			p.say("sold out: " + strings.Join(tick.SoldOut, " "))
		}
		if len(tick.Missing) > 0 {
			p.say("not shown within 5 s by: " + strings.Join(tick.Missing, " "))
		}
		p.show(sold, left)
	}
	return sold, left, nil
}
