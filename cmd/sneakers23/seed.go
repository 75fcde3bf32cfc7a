package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"sneakers23/app/operator"
	"sneakers23/app/store"
	"sneakers23/inventory"
)

// seedCmd fills an empty store: through the node that runs on it, if one does, so that it shows at
// once.
type seedCmd struct {
	databaseFlag
	More bool `help:"Four more products, also for a store that has only the two."`
}

// Help is shown by seed --help.
func (seedCmd) Help() string {
	return `Fills an empty store with two products in random stock. With --more it adds four more, also to a store that
has only the two. The four have stories and sizes of the US, the EU and the UK, and one of them is released. No
product that is there is changed, and a store with products of its own is left alone.`
}

// Run is called by kong.
func (c *seedCmd) Run(ctx context.Context, g *globals, term terminal) error {
	if c.More {
		return c.runMore(ctx, g, term)
	}
	seeded, err := seedStore(ctx, c, g, term, (*operator.Client).Seed, (*store.Schema).Seed)
	if err != nil {
		return err
	}
	switch {
	case g.JSON:
		return term.out.JSON(map[string]bool{"seeded": seeded})
	case seeded:
		term.out.Println("two products with random stock; see: sneakers23 products")
	default:
		term.out.Println("left alone: the store has products already")
	}
	return nil
}

func (c *seedCmd) runMore(ctx context.Context, g *globals, term terminal) error {
	done, err := seedStore(ctx, c, g, term, (*operator.Client).SeedMore, (*store.Schema).SeedMore)
	if err != nil {
		return err
	}
	switch {
	case g.JSON:
		return term.out.JSON(map[string]any{"seeded": len(done.Added) > 0, "added": done.Added, "own": done.Own})
	case done.Own:
		term.out.Println("left alone: the store has products of its own")
	case len(done.Added) == 0:
		term.out.Println("left alone: all six products are there")
	default:
		term.out.Println(added(done.Added) + " with random stock; see: sneakers23 products")
	}
	return nil
}

// added says which products were put in.
func added(skus []string) string {
	if len(skus) == 1 {
		return "one product (" + skus[0] + ")"
	}
	return fmt.Sprintf("%d products (%s)", len(skus), strings.Join(skus, ", "))
}

// seedStore lets the node of the store fill it, or does so itself if no node runs.
func seedStore[R any](
	ctx context.Context, c *seedCmd, g *globals, term terminal,
	byNode func(*operator.Client, context.Context) (R, error), alone func(*store.Schema, context.Context) (R, error),
) (done R, err error) {
	client, err := operator.Dial(g.DataDir)
	if err == nil {
		defer client.Close()
		client.Who = operatorName()
		if c.DatabaseURL == "" || client.Uses(c.config(g)) {
			return byNode(client, ctx)
		}
	} else if !errors.Is(err, operator.ErrNoNode) {
		return done, err
	}
	s, err := c.schema(ctx, g, term, true)
	if err != nil {
		return done, err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	return alone(s, inventory.ActingAs(ctx, operatorName()))
}
