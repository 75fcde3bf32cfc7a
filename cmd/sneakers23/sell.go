package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"sneakers23/app/operator"
)

// sellCmd empties the store while its operator watches.
type sellCmd struct {
	PerTick    int           `help:"Pairs to sell at each tick, 1 to 1000." default:"20"`
	Every      time.Duration `help:"Pause from one tick to the next." default:"100ms"`
	Unreleased bool          `help:"Sell also what is not released, which no shopper can buy."`
	Yes        bool          `help:"Do not ask." short:"y"`
}

// Help is shown by sell --help.
func (sellCmd) Help() string {
	return `Sells pairs of random sizes of released products until none is left or Ctrl-C, to nobody: there are no
orders. It asks first, unless --yes. What is sold is sold: each pair is booked, and only a restock puts new ones on
the shelf. For a rehearsal that sells nothing real, see: sneakers23 rehearse`
}

// Run is called by kong.
func (s *sellCmd) Run(ctx context.Context, g *globals, term terminal) error {
	if s.PerTick < 1 || s.PerTick > operator.MaxSell {
		return usageError{fmt.Errorf("--per-tick must be from 1 to %d", operator.MaxSell)}
	}
	if s.Every < 0 || s.Every > time.Hour {
		return usageError{fmt.Errorf("--every must be from 0s to 1h")}
	}
	c, err := dial(g)
	if err != nil {
		return err
	}
	defer c.Close()
	start, err := c.Sell(ctx, operator.SellRequest{Unreleased: s.Unreleased}) // none: tells how many there are
	if err != nil {
		return err
	}
	if start.Left > 0 && !s.Yes {
		if err := confirm(term, warning(start, c.Node.Name)); err != nil {
			return err
		}
	}
	sold, left, err := s.untilGone(ctx, c, start.Left, newProgress(term, g.JSON))
	if err != nil {
		return fmt.Errorf("%w (sold so far: %d)", err, sold)
	}
	switch {
	case g.JSON:
		return term.out.JSON(map[string]int{"sold": sold, "left": left})
	case left > 0:
		term.out.Printf("stopped: %d sold, %d left\n", sold, left)
	case sold == 0 && start.Hidden > 0:
		term.out.Printf("nothing to sell: %s of products that are not released; ", all(start.Hidden))
		term.out.Println("to sell them, add --unreleased, or: sneakers23 release SKU|ID")
	case sold == 0:
		term.out.Println("nothing to sell: every size is out; add pairs with: sneakers23 restock ITEM_SKU COUNT")
	case start.Hidden > 0:
		term.out.Printf("gone: %d sold, every size that is released is out\n", sold)
	default:
		term.out.Printf("gone: %d sold, every size is out\n", sold)
	}
	return nil
}

// warning says what is about to be sold, and that shoppers have bought at the shop if they have.
func warning(start operator.Sold, node string) string {
	said := fmt.Sprintf("This sells %s of the shop of node %s, to nobody.", all(start.Left), node)
	if start.Orders > 0 {
		has := "There is 1 order"
		if start.Orders > 1 {
			has = fmt.Sprintf("There are %d orders", start.Orders)
		}
		said = has + " in this shop: real shoppers buy here. " +
			"What this sells is gone for them, and can't be undone.\n" + said
	}
	return said
}

// all names a number of pairs that are all there is.
func all(pairs int) string {
	if pairs == 1 {
		return "the last pair"
	}
	return fmt.Sprintf("all %d pairs", pairs)
}

// untilGone sells tick by tick, and returns how many pairs were sold and are left when none is left
// or ctx ends.
func (s *sellCmd) untilGone(ctx context.Context, node seller, left int, p *progress) (sold, _ int, _ error) {
	defer p.done()
	pause := time.NewTimer(0)
	defer pause.Stop()
	next := time.Now()
	for left > 0 && ctx.Err() == nil { // Ctrl-C is a way to stop, not a failure
		_, ok := await(ctx, pause.C, func() {
			p.show(sold, left, fmt.Sprintf("next tick in %v; Ctrl-C stops", time.Until(next).Round(time.Second)))
		})
		if !ok {
			break
		}
		pause.Reset(s.Every)
		next = time.Now().Add(s.Every)
		tick, err := s.tick(ctx, node, func(words string) { p.show(sold, left, words) })
		sold += tick.Sold
		if err != nil {
			return sold, left, err
		}
		left = tick.Left
		if len(tick.SoldOut) > 0 {
			p.printLine("sold out: " + strings.Join(tick.SoldOut, " "))
		}
		if len(tick.Missing) > 0 {
			p.printLine("not shown within 5 s by: " + strings.Join(tick.Missing, " "))
		}
		p.show(sold, left, "Ctrl-C stops")
	}
	return sold, left, nil
}

// seller is the node that sells.
type seller interface {
	Sell(context.Context, operator.SellRequest) (operator.Sold, error)
}

// tick sells once. It is counted to its end, also after Ctrl-C. A node may take seconds to answer:
// its database is busy, or another node does not show the sale yet.
func (s *sellCmd) tick(ctx context.Context, node seller, show func(words string)) (operator.Sold, error) {
	type answer struct {
		operator.Sold
		err error
	}
	answers := make(chan answer, 1)
	began := time.Now()
	show(fmt.Sprintf("selling %d; Ctrl-C stops", s.PerTick))
	go func() {
		sold, err := node.Sell(context.WithoutCancel(ctx), operator.SellRequest{
			Count: s.PerTick, Unreleased: s.Unreleased,
		})
		answers <- answer{sold, err}
	}()
	a, _ := await(context.WithoutCancel(ctx), answers, func() {
		then := "Ctrl-C stops"
		if ctx.Err() != nil {
			then = "stops after that"
		}
		show(fmt.Sprintf("selling %d, for %v now; %s", s.PerTick, time.Since(began).Round(time.Second), then))
	})
	return a.Sold, a.err
}

// await receives from c, and calls meanwhile once a second. It reports false if ctx ends before.
func await[T any](ctx context.Context, c <-chan T, meanwhile func()) (received T, ok bool) {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		select {
		case received = <-c:
			return received, true
		case <-tick.C:
			meanwhile()
		case <-ctx.Done():
			return received, false
		}
	}
}
