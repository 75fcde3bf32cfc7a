package stocktest

import (
	"context"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"
)

// CheckBooks holds the truth together: for every item the movements add up to what is available and
// sold, and every order's lines are booked as sold, and as returned when it is cancelled.
func (s *Store) CheckBooks() {
	s.T.Helper()
	CheckBooks(s.T, s.Pool)
}

// CheckBooks is [Store.CheckBooks] for any store.
func CheckBooks(t testing.TB, pool *pgxpool.Pool) {
	t.Helper()
	for what, sql := range map[string]string{
		"items whose movements do not add up": `
			SELECT count(*) FROM item_availabilities a LEFT JOIN (
				SELECT item_id, sum(available_delta) AS available, sum(sold_delta) AS sold
				FROM stock_movements GROUP BY item_id
			) m USING (item_id)
			WHERE a.available_count <> coalesce(m.available, 0) OR a.sold_count <> coalesce(m.sold, 0)
			OR a.available_count < 0`,
		"lines that are not booked as sold once": `
			SELECT count(*) FROM (
				SELECT FROM order_lines l
				LEFT JOIN stock_movements m ON (m.order_id, m.item_id, m.reason) = (l.order_id, l.item_id, 'sale')
				GROUP BY l.line_id HAVING count(m.id) <> 1 OR sum(m.sold_delta) <> 1
			) wrong`,
		"lines whose return is not booked as their order says": `
			SELECT count(*) FROM (
				SELECT FROM order_lines l JOIN orders o ON o.id = l.order_id
				LEFT JOIN stock_movements m ON (m.order_id, m.item_id, m.reason) = (l.order_id, l.item_id, 'return')
				GROUP BY l.line_id, o.status HAVING count(m.id) <> CASE o.status WHEN 'cancelled' THEN 1 ELSE 0 END
			) wrong`,
		"orders whose total is not that of their lines": `
			SELECT count(*) FROM (
				SELECT FROM orders o LEFT JOIN order_lines l ON l.order_id = o.id
				GROUP BY o.id HAVING coalesce(sum(l.price_cents), 0) <> o.total_cents
			) wrong`,
	} {
		var wrong int
		if err := pool.QueryRow(context.WithoutCancel(t.Context()), sql).Scan(&wrong); err != nil {
			t.Fatal(err)
		}
		if wrong != 0 {
			t.Errorf("%d %s", wrong, what)
		}
	}
}
