package inventory

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// Sale is what was sold of one item at once: how many pairs, and the item's row after that.
type Sale struct {
	Pairs int
	Item  *ItemRow
}

// Which tells which products are meant.
type Which int

const (
	// OnlyReleased are those that shoppers can buy.
	OnlyReleased Which = iota
	// AlsoUnreleased are all.
	AlsoUnreleased
)

// SellUpTo sells as many pairs of each item as are wanted, or as many as there are, in one
// transaction. It is for the operator, shoppers have the teller. An item that is out, unknown, or
// not released when only released ones are meant, has no Sale.
//
// It locks the rows in the order of their ids, as every transaction that locks several of them
// does, so it is in no deadlock with the teller. Counts, and what is released, are read under the
// locks: what changed while it waited for them counts as it is then. All of it is one round trip.
func (s *Store) SellUpTo(ctx context.Context, wanted map[ItemID]int, which Which) ([]Sale, error) {
	ids, counts := make([]ItemID, 0, len(wanted)), make([]int, 0, len(wanted))
	for id, count := range wanted {
		if count < 1 || count > maxCount {
			return nil, fmt.Errorf("sell item %d: %w", id, ErrBadCount)
		}
		ids, counts = append(ids, id), append(counts, count)
	}
	var sales []Sale
	b := &pgx.Batch{}
	b.Queue(`BEGIN ISOLATION LEVEL READ COMMITTED`)
	b.Queue(`
		SELECT FROM item_availabilities a WHERE a.item_id = ANY ($1::bigint[])
		ORDER BY a.item_id FOR NO KEY UPDATE OF a`, ids)
	b.Queue(`
		WITH counted AS (
			SELECT a.item_id, LEAST(a.available_count, w.pairs) AS pairs
			FROM item_availabilities a JOIN unnest($1::bigint[], $2::integer[]) w (item_id, pairs) USING (item_id)
			JOIN items i ON i.id = a.item_id JOIN products p ON p.id = i.product_id
			WHERE a.available_count > 0 AND (p.released OR $3)
		), sold AS (
			UPDATE item_availabilities a
			SET available_count = a.available_count - c.pairs, sold_count = a.sold_count + c.pairs
			FROM counted c WHERE a.item_id = c.item_id
			RETURNING a.item_id, a.available_count, a.sold_count, a.revision, c.pairs
		), booked AS (
			INSERT INTO stock_movements (item_id, reason, available_delta, sold_delta, who)
			SELECT item_id, 'sale', -pairs, pairs, nullif($4, '') FROM sold
		)
		SELECT a.pairs, `+itemColumns+` FROM sold a JOIN items i ON i.id = a.item_id ORDER BY i.id`,
		ids, counts, which == AlsoUnreleased, Actor(ctx)).Query(func(rows pgx.Rows) (err error) {
		sales, err = pgx.CollectRows(rows, saleOf)
		return err
	})
	b.Queue(`COMMIT`)
	if err := s.pool.SendBatch(ctx, b).Close(); err != nil {
		return nil, fmt.Errorf("sell items: %w", err)
	}
	return sales, nil
}

func saleOf(row pgx.CollectableRow) (Sale, error) {
	s := Sale{Item: new(ItemRow)}
	it := s.Item
	return s, row.Scan(&s.Pairs, &it.ID, &it.ProductID, &it.SKU, &it.Size, &it.Available, &it.Sold, &it.Revision)
}

// Sell sells one pair, released or not, see [Store.SellUpTo]. The error is ErrNotFound, ErrSoldOut,
// or the database's.
func (s *Store) Sell(ctx context.Context, id ItemID) ([]Change, error) {
	sales, err := s.SellUpTo(ctx, map[ItemID]int{id: 1}, AlsoUnreleased)
	if err == nil && len(sales) == 0 {
		err = s.pool.QueryRow(ctx, `SELECT FROM items WHERE id = $1`, id).Scan()
		switch {
		case err == nil:
			err = ErrSoldOut
		case errors.Is(err, pgx.ErrNoRows):
			err = ErrNotFound
		}
		err = fmt.Errorf("sell item %d: %w", id, err)
	}
	return changesOf(sales), err
}

func changesOf(sales []Sale) []Change {
	changes := make([]Change, len(sales))
	for i, sale := range sales {
		changes[i] = Change{Item: sale.Item}
	}
	return changes
}

// SellUpTo sells as many pairs of each item as are wanted, or as many as there are, in one
// transaction, see [Store.SellUpTo]. What it returns was sold, also beside an error.
func (s *Server) SellUpTo(ctx context.Context, wanted map[ItemID]int, which Which) (sales []Sale, err error) {
	err = s.decide(ctx, func(ctx context.Context) ([]Change, error) {
		sales, err = s.store.SellUpTo(ctx, wanted, which)
		return changesOf(sales), err
	})
	return sales, err
}
