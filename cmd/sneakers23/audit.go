package main

import (
	"context"
	"errors"

	"sneakers23/app/operator"
)

// auditCmd checks the books.
type auditCmd struct{}

// Help is shown by audit --help.
func (auditCmd) Help() string {
	return `Compares what is available and sold with every movement of stock, and the movements with the orders, in
one snapshot of the database. It changes nothing. Sales without an order (by sell), and what deleted products have
left in the books, are no findings. A size whose counts contradict its movements is frozen when somebody wants to buy
it: count its pairs, and lift that with stock correct. Exits with 1 if there are findings.`
}

// Run is called by kong.
func (auditCmd) Run(ctx context.Context, g *globals, term terminal) error {
	c, err := dial(g)
	if err != nil {
		return err
	}
	defer c.Close()
	a, err := c.Audit(ctx)
	if err != nil {
		return err
	}
	if g.JSON {
		err = term.out.JSON(a)
	} else {
		printAudit(term, a)
	}
	if err == nil && !a.OK {
		return errors.New("the books contradict themselves; back up before you change anything: sneakers23 backup FILE")
	}
	return err
}

func printAudit(term terminal, a operator.Audit) {
	if len(a.Findings) > 0 {
		table := term.out.Table()
		table.Row("KIND", "WHAT IS OFF", "ORDER")
		for _, f := range a.Findings {
			table.Row(f.Kind, f.Text, f.Order)
		}
		table.Print()
	}
	state := "nothing is off"
	if len(a.Findings) > 0 {
		state = counted(len(a.Findings), "finding")
	}
	term.out.Printf("%s, %s and %s compared: %s\n",
		counted(a.Items, "size"), counted(a.Movements, "movement"), counted(a.Orders, "order"), state)
}
