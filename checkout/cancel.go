package checkout

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"sneakers23/checkout/ledger"
	"sneakers23/inventory"
)

// cancelWithin bounds a cancellation.
const cancelWithin = 8 * time.Second

// Cancel puts the pairs of an order back, in the name of the operator of ctx, and returns the order
// when this node's catalog shows them. Its lines stay bought: the form that made it makes no other.
// The error is ErrNoOrder, ErrCancelled, inventory.ErrFull, that of the database, or one of
// [ledger.Committer.Submit].
func (s *Orders) Cancel(ctx context.Context, id OrderID) (Order, error) {
	order, err := s.Order(ctx, id)
	if err != nil {
		return Order{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, cancelWithin)
	defer cancel()
	c := &cancellation{id: newOrderKey(), who: inventory.Actor(ctx), lines: order.Lines}
	c.order, _ = id.key()
	if err := s.ledger.Submit(ctx, c, nil); err != nil {
		return Order{}, fmt.Errorf("cancel order: %w", err)
	}
	return s.Order(ctx, id)
}

// cancellation puts the pairs of an order back. The lines of an order never change, so they are
// read before its rows are locked.
type cancellation struct {
	id    [16]byte // by which an attempt finds whether an earlier one was committed
	order orderKey
	who   string
	lines []OrderLine
}

// Items implements [ledger.Operation].
func (c *cancellation) Items() []inventory.ItemID {
	items := make([]inventory.ItemID, len(c.lines))
	for i, l := range c.lines {
		items[i] = l.Item
	}
	return items
}

// Kind implements [ledger.Operation].
func (c *cancellation) Kind() ledger.Kind { return cancellations{} }

type cancellations struct{}

// Begin implements [ledger.Kind].
func (cancellations) Begin(ops []ledger.Operation) ledger.Attempt {
	a := &cancelAttempt{status: make(map[orderKey]OrderStatus), done: make(map[[16]byte]bool)}
	for _, op := range ops {
		c := op.(*cancellation)
		a.ids, a.orders = append(a.ids, c.id), append(a.orders, c.order)
	}
	return a
}

// cancelAttempt decides the cancellations of a batch.
type cancelAttempt struct {
	ids, orders [][16]byte
	status      map[orderKey]OrderStatus // of the orders, as the cancellations so far leave them
	done        map[[16]byte]bool        // ids of what was committed by an earlier attempt
	cancelled   [][16]byte               // orders
}

// Read locks the orders, behind the rows of their items. It does not wait for an order that another
// transaction holds: all other operations of the batch would wait too.
func (a *cancelAttempt) Read(b *pgx.Batch) {
	b.Queue(`SELECT id, status FROM orders WHERE id = ANY ($1) ORDER BY id FOR NO KEY UPDATE SKIP LOCKED`,
		a.orders).Query(func(rows pgx.Rows) error {
		var (
			key    [16]byte
			status OrderStatus
		)
		_, err := pgx.ForEachRow(rows, []any{&key, &status}, func() error {
			a.status[key] = status
			return nil
		})
		return err
	})
	b.Queue(`SELECT DISTINCT operation FROM stock_movements WHERE operation = ANY ($1)`,
		a.ids).Query(func(rows pgx.Rows) error {
		ids, err := pgx.CollectRows(rows, pgx.RowTo[[16]byte])
		for _, id := range ids {
			a.done[id] = true
		}
		return err
	})
}

// errHeld says that another transaction holds the row of the order.
var errHeld = fmt.Errorf("%w: another transaction holds the order", ledger.ErrNotDone)

// Decide returns one pair to each item of the order that is still in the shop, and books it for
// all.
func (a *cancelAttempt) Decide(op ledger.Operation, stock *ledger.Stock) error {
	c := op.(*cancellation)
	switch status, ok := a.status[c.order]; {
	case a.done[c.id]:
		return nil
	case !ok: // it was read before, and orders are not deleted
		return errHeld
	case status == Cancelled:
		return ErrCancelled
	}
	for _, l := range c.lines {
		if row := stock.Row(l.Item); row != nil && row.Available >= ledger.MaxPairs {
			return inventory.ErrFull
		}
	}
	for _, l := range c.lines {
		m := ledger.Movement{
			Available: 1, Sold: -1, Order: c.order, Operation: c.id,
			Cause: ledger.Cause{Reason: ledger.Returned, Who: c.who},
		}
		if stock.Row(l.Item) != nil {
			stock.Move(l.Item, m)
		} else {
			stock.Book(l.Item, m)
		}
	}
	a.status[c.order] = Cancelled
	a.cancelled = append(a.cancelled, c.order)
	return nil
}

// Write queues the new status of the orders.
func (a *cancelAttempt) Write(b *pgx.Batch) {
	if len(a.cancelled) > 0 {
		b.Queue(`UPDATE orders SET status = 'cancelled', cancelled_at = now() WHERE id = ANY ($1)`, a.cancelled)
	}
}

// Committed implements [ledger.Attempt].
func (*cancelAttempt) Committed() {}
