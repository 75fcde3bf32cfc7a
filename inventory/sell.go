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

// SellUpTo sells as many pairs of each item as are wanted, or as many as there are, in one
// transaction. It sells items that are not released too: it is for the operator, shoppers have the
// teller. An item that is out or unknown has no Sale.
//
// One statement does all of it. It locks the rows in the order of their ids, as every transaction
// that locks several of them does, so it is in no deadlock with the teller. The counts are read
// under the locks: a row that changed while the statement waited for it counts as it is then.
func (s *Store) SellUpTo(ctx context.Context, wanted map[ItemID]int) ([]Sale, error) {
	ids, counts := make([]ItemID, 0, len(wanted)), make([]int, 0, len(wanted))
	for id, count := range wanted {
		if count < 1 || count > maxCount {
			return nil, fmt.Errorf("sell item %d: %w", id, ErrBadCount)
		}
		ids, counts = append(ids, id), append(counts, count)
	}
	rows, _ := s.pool.Query(ctx, `
		WITH locked AS MATERIALIZED (
			SELECT a.item_id, LEAST(a.available_count, w.pairs) AS pairs
			FROM item_availabilities a JOIN unnest($1::bigint[], $2::integer[]) w (item_id, pairs) USING (item_id)
			WHERE a.available_count > 0
			ORDER BY a.item_id FOR NO KEY UPDATE OF a
		), sold AS (
			UPDATE item_availabilities a
			SET available_count = a.available_count - l.pairs, sold_count = a.sold_count + l.pairs
			FROM locked l WHERE a.item_id = l.item_id
			RETURNING a.item_id, a.available_count, a.sold_count, a.revision, l.pairs
		), booked AS (
			INSERT INTO stock_movements (item_id, reason, available_delta, sold_delta)
			SELECT item_id, 'sale', -pairs, pairs FROM sold
		)
		SELECT a.pairs, `+itemColumns+` FROM sold a JOIN items i ON i.id = a.item_id ORDER BY i.id`, ids, counts)
	sales, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (Sale, error) {
		s := Sale{Item: new(ItemRow)}
		it := s.Item
		return s, row.Scan(&s.Pairs, &it.ID, &it.ProductID, &it.SKU, &it.Size, &it.Available, &it.Sold, &it.Revision)
	})
	if err != nil {
		return nil, fmt.Errorf("sell items: %w", err)
	}
	return sales, nil
}

// Sell sells one pair, see [Store.SellUpTo]. The error is ErrNotFound, ErrSoldOut, or the
// database's.
func (s *Store) Sell(ctx context.Context, id ItemID) ([]Change, error) {
	sales, err := s.SellUpTo(ctx, map[ItemID]int{id: 1})
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
func (s *Server) SellUpTo(ctx context.Context, wanted map[ItemID]int) (sales []Sale, err error) {
	err = s.decide(ctx, func(ctx context.Context) ([]Change, error) {
		sales, err = s.store.SellUpTo(ctx, wanted)
		return changesOf(sales), err
	})
	return sales, err
}
