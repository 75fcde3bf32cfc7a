package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"sneakers23/app/operator"
)

// dial finds the node, which is told who commands it.
func dial(g *globals) (*operator.Client, error) {
	c, err := find(g)
	if err != nil {
		return nil, err
	}
	c.Who = operatorName()
	return c, nil
}

// find finds the node, or tells what to do when there is none.
func find(g *globals) (*operator.Client, error) {
	if g.Node != "" {
		return operator.DialAt(g.Node, g.ClusterSecret)
	}
	c, err := operator.Dial(g.DataDir)
	if errors.Is(err, operator.ErrNoNode) {
		err = fmt.Errorf("no node runs with the data directory %s: start one with `sneakers23 serve`, or name another directory with --data-dir",
			g.DataDir)
	}
	return c, err
}

// releaseCmd releases a product.
type releaseCmd struct {
	Product string  `arg:"" help:"SKU or id of the product." name:"SKU|ID" predictor:"product"`
	At      *string `help:"When, instead of now: 18:00, \"tomorrow 18:00\" or \"2026-12-24 18:00\", 2026-12-24T18:00:00+01:00, or 10m or 1d from now." placeholder:"TIME" xor:"when"`
	Zone    string  `help:"Time zone of --at, like Europe/Berlin. Default: that of the shop, unless that is UTC; else of this machine." placeholder:"ZONE"`
	Undo    bool    `help:"Take the release back. That is possible until the first pair is sold." xor:"when"`
	CallOff bool    `help:"Call off a release that is scheduled." xor:"when"`
	Yes     bool    `help:"Do not ask about a time that is more than a year away, or about a drop that would go on without the product." short:"y"`
}

// Help is shown by release --help.
func (releaseCmd) Help() string {
	return `Releases a product to shoppers, whose open pages show its sizes at once. With --undo it is coming soon
again, on open pages too; nothing of it can be bought any more when the command has returned.`
}

// Run is called by kong.
func (r *releaseCmd) Run(ctx context.Context, g *globals, term terminal) error {
	if _, err := r.request(time.Now()); err != nil && r.Zone != "" {
		return err // else another zone may make sense of it
	}
	c, err := dial(g)
	if err != nil {
		return err
	}
	defer c.Close()
	if r.At != nil {
		if r.Zone, err = zoneOr(ctx, c, r.Zone); err != nil {
			return err
		}
	}
	q, err := r.request(time.Now())
	if err != nil {
		return err
	}
	done, err := surely(term, r.Yes, func(sure bool) (operator.Released, error) {
		q.Sure = sure
		return c.Release(ctx, q)
	})
	if err != nil {
		return err
	}
	warnMissing(term, g, done.Everywhere)
	switch {
	case done.Already && r.At != nil:
		return fmt.Errorf("%s %s was released before: --at had no effect", done.SKU, done.Name)
	case g.JSON:
		return term.out.JSON(done)
	}
	term.out.Printf("%s %s %s\n", done.SKU, done.Name, outcome(done))
	if !done.Already && !done.Undone && !done.CalledOff {
		r.hint(ctx, term, c, done.SKU)
	}
	return nil
}

// hint says what keeps shoppers from buying a product that is released, or will be. It says nothing
// if the node does not tell: the release is done.
func (*releaseCmd) hint(ctx context.Context, term terminal, c *operator.Client, sku string) {
	all, err := c.Products(ctx)
	if err != nil {
		return
	}
	for _, p := range all {
		switch left := func(it operator.Item) bool { return it.Available > 0 }; {
		case p.SKU != sku || slices.ContainsFunc(p.Items, left):
		case len(p.Items) == 0:
			term.out.Printf("It has no size yet. To add one: %s products edit %s --size us=9,sku=%s-9,stock=50\n",
				program(), sku, sku)
		default:
			term.out.Printf("It has no pair to sell. To add some: %s restock %s 50\n", program(), p.Items[0].SKU)
		}
	}
}

// request returns what the flags ask for. The error is a usageError.
func (r *releaseCmd) request(now time.Time) (q operator.ReleaseRequest, err error) {
	q = operator.ReleaseRequest{Product: r.Product, Undo: r.Undo, CallOff: r.CallOff}
	if r.At == nil {
		return q, nil
	}
	if now, err = inZone(now, r.Zone); err != nil {
		return q, err
	}
	at, err := parseTime("--at", *r.At, now)
	if err != nil {
		return q, usageError{err}
	}
	q.At = &at
	return q, nil
}

// outcome says what became of a release.
func outcome(done operator.Released) string {
	switch {
	case done.Already:
		return "was released before"
	case done.Undone:
		return "is no longer released, nothing of it can be bought"
	case done.CalledOff:
		return "will not be released by itself any more"
	case done.At != nil:
		return "will be released at " + when(*done.At)
	}
	return "is released, shoppers see its sizes"
}

// restockCmd adds pairs.
type restockCmd struct {
	Item  string `arg:"" help:"SKU or id of the size, like SHU6001." name:"ITEM_SKU" predictor:"item"`
	Count string `arg:"" help:"How many pairs come, 1 to 1000000." name:"COUNT"`
	Yes   bool   `help:"Do not ask about more than ten times what there was." short:"y"`
}

// Run is called by kong.
func (r *restockCmd) Run(ctx context.Context, g *globals, term terminal) error {
	count, err := strconv.Atoi(r.Count)
	if err != nil || count < 1 || count > 1_000_000 {
		return usageError{fmt.Errorf("%q: COUNT must be a whole number from 1 to 1000000 pairs", r.Count)}
	}
	c, err := dial(g)
	if err != nil {
		return err
	}
	defer c.Close()
	done, err := surely(term, r.Yes, func(sure bool) (operator.Restocked, error) {
		return c.Restock(ctx, operator.RestockRequest{Item: r.Item, Count: count, Sure: sure})
	})
	if err != nil {
		return err
	}
	warnMissing(term, g, done.Everywhere)
	if g.JSON {
		return term.out.JSON(done)
	}
	term.out.Printf("%s size %s: %d more, %d available, level %s\n",
		done.SKU, done.Size, done.Added, done.Available, done.Level)
	return nil
}
