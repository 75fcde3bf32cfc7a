package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"sneakers23/app/operator"
	"sneakers23/cmd/console"
)

// ordersCmd looks at what was sold.
type ordersCmd struct {
	List   ordersListCmd   `cmd:"" default:"withargs" help:"List orders, the newest first."`
	Show   ordersShowCmd   `cmd:"" help:"Show one order with its shoes."`
	Cancel ordersCancelCmd `cmd:"" help:"Cancel an order and put its pairs back on the shelf. Asks first unless --yes."`
}

type (
	ordersListCmd struct {
		Limit  int    `help:"List so many orders at most, 1 to 500." default:"20"`
		Status string `help:"List all, or only those that are confirmed, or cancelled." enum:"all,confirmed,cancelled" default:"all"`
		Before string `help:"Only those older than this order: the next page." placeholder:"ID" predictor:"order"`
	}
	ordersShowCmd struct {
		ID string `arg:"" help:"Id or number of the order, as orders list tells them." name:"ID|NUMBER" predictor:"order"`
	}
	ordersCancelCmd struct {
		ID  string `arg:"" help:"Id or number of the order, as orders list tells them." name:"ID|NUMBER" predictor:"order"`
		Yes bool   `help:"Do not ask." short:"y"`
	}
)

// Help is shown by orders --help.
func (ordersCmd) Help() string {
	return `Anybody who knows the id of an order can see it in the shop, so keep ids to yourself. The number, like
K7QF-2M9D, is what buyers see and name: it opens nothing, so it may be passed on. "orders show" looks it up
among the newest 100,000 orders; all other commands take ids only.`
}

// Run is called by kong.
func (l *ordersListCmd) Run(ctx context.Context, g *globals, term terminal) error {
	if l.Limit < 1 || l.Limit > operator.MaxOrders {
		return usageError{fmt.Errorf("--limit must be from 1 to %d", operator.MaxOrders)}
	}
	if l.Status == "all" {
		l.Status = ""
	}
	c, err := dial(g)
	if err != nil {
		return err
	}
	defer c.Close()
	orders, err := c.Orders(ctx, operator.OrdersRequest{Status: l.Status, Before: l.Before, Limit: l.Limit})
	if err != nil {
		return err
	}
	if g.JSON {
		return term.out.JSON(orEmpty(orders))
	}
	if len(orders) == 0 {
		term.out.Println(l.none())
		return nil
	}
	table := term.out.Table()
	widest := len("TOTAL")
	for _, o := range orders {
		widest = max(widest, len(operator.Dollars(o.Total)))
	}
	table.Row("ORDER", "NUMBER", "MADE", "STATUS", fmt.Sprintf("%*s", widest, "TOTAL"), "ITEMS")
	for _, o := range orders {
		skus := make([]string, len(o.Lines))
		for i, line := range o.Lines {
			skus[i] = line.SKU
		}
		total := fmt.Sprintf("%*s", widest, operator.Dollars(o.Total))
		table.Row(o.ID, o.Number, stamp(o.CreatedAt.Local()), o.Status, total, strings.Join(skus, " "))
	}
	table.Print()
	if len(orders) == l.Limit {
		term.out.Printf("\nolder ones: %s orders list --before %s\n", program(), orders[len(orders)-1].ID)
	}
	return nil
}

// none says that there is no such order.
func (l *ordersListCmd) none() string {
	switch {
	case l.Before != "":
		return "No older orders."
	case l.Status != "":
		return "No order is " + l.Status + "."
	}
	return "Nothing was ordered yet. Products must be released to be bought: sneakers23 release SKU|ID"
}

// Run is called by kong.
func (s *ordersShowCmd) Run(ctx context.Context, g *globals, term terminal) error {
	c, err := dial(g)
	if err != nil {
		return err
	}
	defer c.Close()
	o, err := c.Order(ctx, operator.OrderRequest{ID: s.ID})
	if err != nil {
		return err
	}
	if g.JSON {
		return term.out.JSON(o)
	}
	printOrder(term.out, o)
	return nil
}

func printOrder(to *console.Writer, o operator.Order) {
	to.Printf("order %s (number %s) of %s: %s, %s\n",
		o.ID, o.Number, stamp(o.CreatedAt.Local()), o.Status, operator.Dollars(o.Total))
	table := to.Table()
	table.Row("  ITEM", "SIZE", "PRICE", "SHOE")
	for _, l := range o.Lines {
		table.Row("  "+l.SKU, l.Size, operator.Dollars(l.Price), fmt.Sprintf("%s by %s, %s", l.Name, l.Brand, l.Color))
	}
	table.Print()
}

// Run is called by kong.
func (s *ordersCancelCmd) Run(ctx context.Context, g *globals, term terminal) error {
	c, err := dial(g)
	if err != nil {
		return err
	}
	defer c.Close()
	if !s.Yes {
		if err := s.ask(ctx, c, term); err != nil {
			return err
		}
	}
	o, err := c.Cancel(ctx, operator.OrderRequest{ID: s.ID})
	if err != nil {
		return err
	}
	warnMissing(term, g, o.Everywhere)
	if g.JSON {
		return term.out.JSON(o)
	}
	term.out.Printf("order %s is cancelled, its pairs are for sale again\n", o.ID)
	return nil
}

// ask shows the operator what is about to be cancelled.
func (s *ordersCancelCmd) ask(ctx context.Context, c *operator.Client, term terminal) error {
	if !console.Interactive(term.in) {
		return confirm(term, cancels) // says that it can't ask
	}
	o, err := c.Order(ctx, operator.OrderRequest{ID: s.ID})
	if err != nil {
		return err
	}
	if o.Status == "cancelled" {
		return errors.New("the order was cancelled before; its pairs are back already")
	}
	printOrder(term.err, o)
	return confirm(term, cancels)
}

const cancels = "This cancels the order for good and puts its pairs back on the shelf."
