package checkout

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// The order that TryWrite writes. Its lines need a new page of their table, so that on a full disk
// they fail as the orders of buyers do.
const (
	tryOrder = `INSERT INTO orders (id, total_cents) VALUES ($1, 1)`
	tryLines = `INSERT INTO order_lines
			(order_id, line_id, item_id, product_id, sku, size, brand, name, color, main_image_url, price_cents)
		SELECT $1, gen_random_uuid(), n, 0, '', '', '', '', '', repeat('x', 1700), 1 FROM generate_series(1, 8) n`
)

// TryWrite finds out whether the database takes orders: it writes one, takes that back, and commits
// the rest of the transaction, which goes to the disk although nothing is left of it. No other
// transaction ever sees that order. The error is the database's.
func (s *Orders) TryWrite(ctx context.Context) error {
	conn, err := s.pool.Acquire(ctx)
	if err != nil {
		return fmt.Errorf("try to write an order: %w", err)
	}
	defer conn.Release()
	key := newOrderKey()
	err = pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
		order, err := tx.Begin(ctx) // a savepoint
		if err != nil {
			return err
		}
		for _, statement := range []string{tryOrder, tryLines} {
			if _, err := order.Exec(ctx, statement, [16]byte(key)); err != nil {
				return err
			}
		}
		return order.Rollback(ctx)
	})
	if err != nil {
		_ = conn.Conn().Close(ctx) // the next try has a new one: a session may go on being read-only
		return fmt.Errorf("try to write an order: %w", err)
	}
	return nil
}
