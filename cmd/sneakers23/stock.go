package main

import (
	"context"

	"sneakers23/app/operator"
)

// stockCmd keeps the books of what is there.
type stockCmd struct {
	Correct stockCorrectCmd `cmd:"" help:"Correct a count that is wrong."`
}

// stockCorrectCmd corrects the count of a size.
type stockCorrectCmd struct {
	Item string `arg:"" help:"SKU or id of the size, like SHU6001." name:"ITEM_SKU" predictor:"item"`
	By   int    `help:"How many pairs more there are than was thought, or fewer: -5." required:"" placeholder:"N"`
	Why  string `help:"What the books are to say about it." required:"" placeholder:"TEXT"`
}

// Help is shown by stock correct --help.
func (stockCorrectCmd) Help() string {
	return `Changes how many pairs of a size are available, by a movement in the books that says why and who did it.
It never takes more away than there is. Pairs that are delivered come by restock. A size that is frozen, since its
counts contradict its movements, first gets the counts of the movements, and is sold again; only there may --by be 0:
see audit.`
}

// Run is called by kong.
func (s *stockCorrectCmd) Run(ctx context.Context, g *globals, term terminal) error {
	c, err := dial(g)
	if err != nil {
		return err
	}
	defer c.Close()
	done, err := c.Correct(ctx, operator.CorrectRequest{Item: s.Item, By: s.By, Why: s.Why})
	if err != nil {
		return err
	}
	warnMissing(term, g, done.Everywhere)
	if g.JSON {
		return term.out.JSON(done)
	}
	term.out.Printf("%s size %s: corrected by %+d, %d available, level %s\n",
		done.SKU, done.Size, done.By, done.Available, done.Level)
	return nil
}
