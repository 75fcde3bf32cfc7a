package ledger

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/jackc/pgx/v5"

	"sneakers23/inventory"
)

// Scope says of which products pairs are sold.
type Scope int

const (
	// OnlyReleased are those that shoppers can buy.
	OnlyReleased Scope = iota
	// AlsoUnreleased are all that shoppers see.
	AlsoUnreleased
)

// Sale is what an operator has sold of one item at once: how many pairs, and the item with the
// counts after that. Its revision is not that of the counts.
type Sale struct {
	Pairs int
	Item  inventory.ItemRow
}

// SellUpTo sells as many pairs of each item as are wanted, or as many as there are, without an
// order, in the name of the operator of ctx. An item that is out, frozen, unknown, hidden, or not
// released when only released ones are meant, has no Sale. Sales are in order of item ids. The
// error is inventory.ErrBadCount, or one of Submit.
func (c *Committer) SellUpTo(ctx context.Context, wanted map[inventory.ItemID]int, scope Scope) ([]Sale, error) {
	for id, count := range wanted {
		if count < 1 || count > MaxCount {
			return nil, fmt.Errorf("sell item %d: %w", id, inventory.ErrBadCount)
		}
	}
	if len(wanted) == 0 {
		return nil, nil
	}
	s := &bulkSale{
		id: newOperationID(), items: slices.Sorted(maps.Keys(wanted)), wanted: wanted, scope: scope,
		who: inventory.Actor(ctx),
	}
	if err := c.Submit(ctx, s, nil); err != nil {
		return nil, fmt.Errorf("sell items: %w", err)
	}
	return s.sales, nil
}

// bulkSale is a sale by an operator.
type bulkSale struct {
	id     [16]byte
	items  []inventory.ItemID
	wanted map[inventory.ItemID]int
	scope  Scope
	who    string

	sales []Sale // the outcome
}

// Items implements [Operation].
func (s *bulkSale) Items() []inventory.ItemID { return s.items }

// Kind implements [Operation].
func (s *bulkSale) Kind() Kind { return bulkSales{} }

type bulkSales struct{}

// Begin implements [Kind].
func (bulkSales) Begin(ops []Operation) Attempt {
	a := &bulkAttempt{}
	for _, op := range ops {
		a.ids = append(a.ids, op.(*bulkSale).id)
	}
	return a
}

type bulkAttempt struct {
	movementsOnly
	ids  [][16]byte
	done map[[16]byte]map[inventory.ItemID]int
}

// Read implements [Attempt].
func (a *bulkAttempt) Read(b *pgx.Batch) { a.done = readDone(b, a.ids) }

// Decide implements [Attempt].
func (a *bulkAttempt) Decide(op Operation, stock *Stock) error {
	s := op.(*bulkSale)
	s.sales = nil
	done := a.done[s.id]
	for _, id := range s.items {
		row := stock.Row(id)
		if row == nil {
			continue
		}
		pairs := done[id]
		if p := row.Product; done == nil && p.Visible && p.Paused == inventory.NotPaused &&
			(p.Released || s.scope == AlsoUnreleased) {
			pairs = min(row.Sellable(), s.wanted[id])
		}
		if pairs == 0 {
			continue
		}
		if done == nil {
			stock.Move(id, Movement{
				Available: -pairs, Sold: pairs, Operation: s.id, Cause: Cause{Reason: Sold, Who: s.who},
			})
		}
		s.sales = append(s.sales, Sale{pairs, row.ItemRow})
	}
	return nil
}
