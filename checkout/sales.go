package checkout

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"sneakers23/inventory"
)

// Sales are the orders of some time that were not cancelled.
type Sales struct {
	Orders  int
	Revenue inventory.Cents
}

// SalesBefore sums the orders made before a time. It reads all of them: it is meant to be asked for
// seldom. The error is the database's.
func (s *Orders) SalesBefore(ctx context.Context, before time.Time) (sales Sales, err error) {
	err = s.pool.QueryRow(ctx, `SELECT count(*), coalesce(sum(total_cents), 0)::bigint FROM orders
		WHERE status = 'confirmed' AND created_at < $1`, before).Scan(&sales.Orders, &sales.Revenue)
	if err != nil {
		return Sales{}, fmt.Errorf("sum orders: %w", err)
	}
	return sales, nil
}

// SalesByMinute sums the orders made since a time, by the minute in which they were made. Minutes
// without any are left out. The error is the database's.
func (s *Orders) SalesByMinute(ctx context.Context, since time.Time) (map[time.Time]Sales, error) {
	rows, err := s.pool.Query(ctx, `SELECT date_trunc('minute', created_at, 'UTC'), count(*), sum(total_cents)::bigint
		FROM orders
		WHERE status = 'confirmed' AND created_at >= $1 GROUP BY 1`, since)
	if err != nil {
		return nil, fmt.Errorf("sum orders by minute: %w", err)
	}
	var (
		minutes = make(map[time.Time]Sales)
		minute  time.Time
		sales   Sales
	)
	_, err = pgx.ForEachRow(rows, []any{&minute, &sales.Orders, &sales.Revenue}, func() error {
		minutes[minute.UTC()] = sales
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("sum orders by minute: %w", err)
	}
	return minutes, nil
}
