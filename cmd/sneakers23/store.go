package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"text/tabwriter"
	"time"

	"sneakers23/app"
)

// dial finds the node, or tells what to do when there is none.
func dial(g *globals) (*app.Client, error) {
	if g.Node != "" {
		return app.DialAt(g.Node, g.ClusterSecret)
	}
	c, err := app.Dial(g.DataDir)
	if errors.Is(err, app.ErrNoNode) {
		err = fmt.Errorf("no node runs with the data directory %s: start one with `sneakers23 serve`, or name another directory with --data-dir",
			g.DataDir)
	}
	return c, err
}

// productsCmd lists the store.
type productsCmd struct{}

// Run is called by kong.
func (productsCmd) Run(ctx context.Context, g *globals, term terminal) error {
	c, err := dial(g)
	if err != nil {
		return err
	}
	defer c.Close()
	products, err := c.Products(ctx)
	if err != nil {
		return err
	}
	if g.JSON {
		return printJSON(term, products)
	}
	if len(products) == 0 {
		fmt.Fprintln(term.out, "The store has no products. Fill it with: sneakers23 seed")
		return nil
	}
	for i, p := range products {
		if i > 0 {
			fmt.Fprintln(term.out)
		}
		if err := printProduct(term, p); err != nil {
			return err
		}
	}
	return nil
}

func printProduct(term terminal, p app.Product) error {
	state := "not released"
	switch {
	case p.Released:
		state = "released"
	case p.ReleaseAt != nil:
		state = "will be released at " + when(*p.ReleaseAt)
	}
	fmt.Fprintf(term.out, "%s  %s by %s, %s, %s (id %d): %s\n", p.SKU, p.Name, p.Brand, p.Color, p.Price, p.ID, state)
	w := tabwriter.NewWriter(term.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "  ITEM\tSIZE\tAVAILABLE\tSOLD\tLEVEL")
	for _, it := range p.Items {
		fmt.Fprintf(w, "  %s\t%s\t%d\t%d\t%s\n", it.SKU, it.Size, it.Available, it.Sold, it.Level)
	}
	return w.Flush()
}

// releaseCmd releases a product.
type releaseCmd struct {
	Product string  `arg:"" help:"SKU or id of the product." name:"SKU|ID" predictor:"product"`
	At      *string `help:"When, instead of now: 2026-12-24T18:00:00+01:00, \"2026-12-24 18:00\" in the time zone of this machine, or a duration from now like 10m." placeholder:"TIME"`
}

// Run is called by kong.
func (r *releaseCmd) Run(ctx context.Context, g *globals, term terminal) error {
	q := app.ReleaseRequest{Product: r.Product}
	if r.At != nil {
		at, err := parseTime(*r.At, time.Now())
		if err != nil {
			return usageError{err}
		}
		q.At = &at
	}
	c, err := dial(g)
	if err != nil {
		return err
	}
	defer c.Close()
	done, err := c.Release(ctx, q)
	if err != nil {
		return err
	}
	warnMissing(term, done.Everywhere)
	switch {
	case done.Already && r.At != nil:
		return fmt.Errorf("%s %s was released before: --at had no effect", done.SKU, done.Name)
	case g.JSON:
		return printJSON(term, done)
	case done.Already:
		fmt.Fprintf(term.out, "%s %s was released before\n", done.SKU, done.Name)
	case done.At != nil:
		fmt.Fprintf(term.out, "%s %s will be released at %s\n", done.SKU, done.Name, when(*done.At))
	default:
		fmt.Fprintf(term.out, "%s %s is released, shoppers see its sizes\n", done.SKU, done.Name)
	}
	return nil
}

// parseTime reads a time as operators write it.
func parseTime(s string, now time.Time) (time.Time, error) {
	if d, err := time.ParseDuration(s); err == nil {
		return now.Add(d + time.Second - 1).Truncate(time.Second), nil // the next full second: never early
	}
	for _, layout := range []string{time.RFC3339, "2006-01-02 15:04:05", "2006-01-02 15:04", "2006-01-02T15:04:05", "2006-01-02T15:04"} {
		if t, err := time.ParseInLocation(layout, s, time.Local); err == nil {
			return t, nil
		}
	}
	return time.Time{}, fmt.Errorf(`--at %q is no time: write 2026-12-24T18:00:00+01:00, "2026-12-24 18:00", or 10m`, s)
}

func when(t time.Time) string {
	return fmt.Sprintf("%s (in %s)", t.Local().Format("2006-01-02 15:04:05 MST"), span(time.Until(t).Round(time.Second)))
}

// span writes a duration as people say it: with its days, when it has two or more.
func span(d time.Duration) string {
	const day = 24 * time.Hour
	if d < 2*day {
		return d.String()
	}
	if hours := d % day / time.Hour; hours > 0 {
		return fmt.Sprintf("%d days %dh", d/day, hours)
	}
	return fmt.Sprintf("%d days", d/day)
}

// restockCmd adds pairs.
type restockCmd struct {
	Item  string `arg:"" help:"SKU or id of the size, like SHU6001." name:"ITEM_SKU" predictor:"item"`
	Count string `arg:"" help:"How many pairs come, 1 to 1000000." name:"COUNT"`
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
	done, err := c.Restock(ctx, app.RestockRequest{Item: r.Item, Count: count})
	if err != nil {
		return err
	}
	warnMissing(term, done.Everywhere)
	if g.JSON {
		return printJSON(term, done)
	}
	fmt.Fprintf(term.out, "%s size %s: %d more, %d available, level %s\n", done.SKU, done.Size, done.Added, done.Available, done.Level)
	return nil
}
