package main

import (
	"context"
	"fmt"
	"strings"

	"sneakers23/app/operator"
)

// cartsCmd lists who is here.
type cartsCmd struct {
	Limit *int `help:"Most carts to list; 0 lists all. Default: 100 in a table, all in JSON." placeholder:"N"`
}

// Help is shown by carts --help.
func (cartsCmd) Help() string {
	return `A cart is listed while a tab of it is open, at any node; PAGE is that of the tab opened last. KEY stands
for the shopper and does not tell the cart's id, which is a secret. Those of a node that was killed stay for half a
minute.`
}

// cartsInATable is how many carts a person is shown unless he asks for more.
const cartsInATable = 100

// Run is called by kong.
func (l *cartsCmd) Run(ctx context.Context, g *globals, term terminal) error {
	limit := cartsInATable
	switch {
	case l.Limit != nil && *l.Limit < 0:
		return usageError{fmt.Errorf("--limit %d: use a number from 0 on; 0 lists all", *l.Limit)}
	case l.Limit != nil:
		limit = *l.Limit
	case g.JSON:
		limit = 0
	}
	c, err := dial(g)
	if err != nil {
		return err
	}
	defer c.Close()
	carts, more, err := someCarts(ctx, c, limit)
	if err != nil {
		return err
	}
	switch {
	case g.JSON:
		return term.out.JSON(carts)
	case len(carts) == 0:
		term.out.Println("No tab of a cart is open at any node. Carts that nobody looks at are in their browsers.")
		return nil
	}
	return l.print(ctx, c, term, carts, more)
}

// someCarts asks for up to so many carts, or for all if that is 0, and tells whether there are
// more.
func someCarts(ctx context.Context, c *operator.Client, limit int) (carts []operator.CartView, more bool, err error) {
	carts = []operator.CartView{}
	for {
		q := operator.CartsRequest{Most: operator.MostCarts}
		if limit > 0 {
			q.Most = min(q.Most, limit+1-len(carts))
		}
		if len(carts) > 0 {
			q.After = carts[len(carts)-1].Key
		}
		next, err := c.Carts(ctx, q)
		if err != nil {
			return nil, false, err
		}
		carts = append(carts, next...)
		if limit > 0 && len(carts) > limit {
			return carts[:limit], true, nil
		}
		if len(next) < q.Most {
			return carts, false, nil
		}
	}
}

func (l *cartsCmd) print(
	ctx context.Context, c *operator.Client, term terminal, carts []operator.CartView, more bool,
) error {
	products, err := c.Products(ctx)
	if err != nil {
		return err
	}
	names := make(map[string]string)
	for _, p := range products {
		for _, it := range p.Items {
			names[fmt.Sprint(it.ID)] = it.SKU
		}
	}
	table := term.out.Table()
	table.Row("KEY", "TABS", "PAGE", "ITEMS")
	tabs := 0
	for _, cart := range carts {
		items := make([]string, len(cart.Items))
		for i, id := range cart.Items {
			items[i] = names[fmt.Sprint(id)]
			if items[i] == "" {
				items[i] = fmt.Sprintf("%d (unknown)", id)
			}
		}
		if len(items) == 0 {
			items = []string{"-"}
		}
		table.Row(cart.Key, cart.Tabs, cart.Page, strings.Join(items, " "))
		tabs += cart.Tabs
	}
	table.Print()
	if more {
		term.out.Printf("\nthere are more; to list all, add --limit 0\n")
		return nil
	}
	term.out.Printf("\n%s, %s\n", counted(len(carts), "cart"), counted(tabs, "tab"))
	return nil
}

// counted is a number of things, which are several unless it is one.
func counted(n int, thing string) string {
	if n != 1 {
		thing += "s"
	}
	return fmt.Sprintf("%d %s", n, thing)
}
