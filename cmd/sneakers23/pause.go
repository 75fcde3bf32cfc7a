package main

import (
	"context"

	"sneakers23/app/operator"
)

// pauseCmd stops selling.
type pauseCmd struct {
	Product string `arg:"" optional:"" help:"SKU or id of the product. Default: the whole shop." name:"SKU|ID" predictor:"product"`
}

// Help is shown by pause --help.
func (pauseCmd) Help() string {
	return `When the command has returned, nothing of the product, or of the shop, is sold any more, at no node. Pages
and carts stay as they are, countdowns go on, and releases that fall due take place: the checkout says that selling is
paused. A product that was paused by itself stays so when the shop is resumed.`
}

// Run is called by kong.
func (p *pauseCmd) Run(ctx context.Context, g *globals, term terminal) error {
	return setPause(ctx, g, term, operator.PauseRequest{Product: p.Product})
}

// resumeCmd sells again.
type resumeCmd struct {
	Product string `arg:"" optional:"" help:"SKU or id of the product. Default: all that was paused with the whole shop." name:"SKU|ID" predictor:"product"`
}

// Run is called by kong.
func (r *resumeCmd) Run(ctx context.Context, g *globals, term terminal) error {
	return setPause(ctx, g, term, operator.PauseRequest{Product: r.Product, Resume: true})
}

func setPause(ctx context.Context, g *globals, term terminal, q operator.PauseRequest) error {
	c, err := dial(g)
	if err != nil {
		return err
	}
	defer c.Close()
	done, err := c.Pause(ctx, q)
	if err != nil {
		return err
	}
	warnMissing(term, g, done.Everywhere)
	if g.JSON {
		return term.out.JSON(done)
	}
	term.out.Println(pauseWords(q, done))
	return nil
}

// pauseWords says what was paused or resumed, and how it goes back.
func pauseWords(q operator.PauseRequest, done operator.Paused) string {
	many := counted(len(done.Products), "product")
	switch none := len(done.Products) == 0; {
	case none && q.Product != "" && q.Resume:
		return q.Product + " was not paused"
	case none && q.Product != "":
		return q.Product + " was paused before"
	case none && q.Resume:
		return "no product was paused with the whole shop; one that was paused by itself is resumed by its SKU"
	case none:
		return "the shop is paused, and every product was before; to sell again: " + program() + " resume"
	case q.Product != "" && q.Resume:
		return done.Products[0] + " is sold again"
	case q.Product != "":
		return done.Products[0] + " is paused; to sell it again: " + program() + " resume " + done.Products[0]
	case q.Resume:
		return "sold again: " + many
	}
	return "the shop is paused, " + many + "; to sell again: " + program() + " resume"
}
