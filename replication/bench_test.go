package replication_test

import (
	"context"
	"fmt"
	"log/slog"
	"testing"
	"time"

	"sneakers23/app/postgres/pgtest"
	"sneakers23/inventory"
	"sneakers23/migrations"
	"sneakers23/replication"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

// BenchmarkHeal compares a catalog with the database when they are equal, as they mostly are.
func BenchmarkHeal(b *testing.B) {
	for _, items := range []int{100, 10_000} {
		b.Run(fmt.Sprintf("items=%d", items), func(b *testing.B) {
			pool := pgtest.Pool(b, func(ctx context.Context, url string) error {
				_, err := migrations.Up(ctx, url)
				return err
			})
			if _, err := pool.Exec(b.Context(), `
				WITH p AS (
					INSERT INTO products (sku, "order", brand, name, color, price_cents, main_image_url)
					SELECT 'P' || n, n, 'brand', 'name', 'color', 100, '/p.svg'
					FROM generate_series(1, $1::int / 10) n RETURNING id
				)
				INSERT INTO items (product_id, sku, size) SELECT id, 'I' || id || '-' || n, n
				FROM p, generate_series(1, 10) n`, items); err != nil {
				b.Fatal(err)
			}
			quiet := slog.New(slog.DiscardHandler)
			store := inventory.NewStore(pool)
			loaded := make(chan struct{})
			d := inventory.NewDispatcher()
			d.Add(func(context.Context, inventory.Notice) { close(loaded) })
			stock := inventory.NewServer(store, inventory.DefaultThresholds, d, quiet)
			ctx, cancel := context.WithCancel(b.Context())
			ended := make(chan error, 2)
			go func() { ended <- stock.Serve(ctx) }()
			go func() { ended <- d.Serve(ctx) }()
			defer func() { cancel(); <-ended; <-ended }()
			<-loaded
			h := replication.NewHealer(stock, store.Rows, time.Second, quiet)
			b.ReportAllocs()
			for b.Loop() {
				if err := h.Heal(ctx); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
