package app_test

import (
	"context"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"sneakers23/app"
	"sneakers23/app/postgres/pgtest"
	"sneakers23/app/rehearsal"
	"sneakers23/app/store"
	"sneakers23/app/waittest"
)

// TestStageIsACopy opens a rehearsal beside a store that stands in a schema of its own, which the
// address names: all is released there, is sold only there, and is gone afterwards.
func TestStageIsACopy(t *testing.T) {
	t.Parallel()
	db := pgtest.URL(t)
	node, err := app.Start(t.Context(), clusterConfig(t, db, "node"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = node.Stop(t.Context()) }()
	conn, err := pgx.Connect(t.Context(), db)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.WithoutCancel(t.Context()))
	text := func(sql string) (answer string) {
		t.Helper()
		if err := conn.QueryRow(t.Context(), sql).Scan(&answer); err != nil {
			t.Fatalf("%s: %v", sql, err)
		}
		return answer
	}
	const (
		schemas = `SELECT coalesce(string_agg(nspname, ',' ORDER BY nspname), '') FROM pg_namespace
			WHERE nspname LIKE 'sneakers23_rehearsal_%'`
		stock = `SELECT string_agg(item_id || ':' || available_count || '+' || sold_count, ' ' ORDER BY item_id) FROM `
		shown = `SELECT string_agg(sku || ' ' || released, ', ' ORDER BY sku) FROM `
	)
	const hidden = `INSERT INTO products (sku, "order", brand, name, color, price_cents, main_image_url, state)
		VALUES ('DRAFT', 9, 'b', 'n', 'c', 100, '', 'draft')`
	if _, err := conn.Exec(t.Context(), hidden); err != nil {
		t.Fatal(err)
	}
	const brand = `WITH shop AS (INSERT INTO shop_settings (name, zone) VALUES ('Volt', 'UTC'))
		INSERT INTO shop_pages (slug, title, body) VALUES ('help', 'Help', 'Ask.')`
	if _, err := conn.Exec(t.Context(), brand); err != nil {
		t.Fatal(err)
	}
	before, others := text(stock+"item_availabilities"), text(schemas)

	stage, err := app.OpenStage(t.Context(), store.Config{URL: db}, func(string, bool) bool { return true },
		slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	schema := made(others, text(schemas))
	if copied := text(stock + schema + ".item_availabilities"); copied != before {
		t.Errorf("the stock of the copy is\n%s\nwant\n%s", copied, before)
	}
	if looks := text(`SELECT name || ' ' || slug
		FROM ` + schema + `.shop_settings, ` + schema + `.shop_pages`); looks != "Volt help" {
		t.Errorf("the copy looks like %q", looks)
	}
	released := text(shown + schema + ".products")
	if strings.Count(released, "true") != 2 || !strings.HasPrefix(released, "DRAFT false") {
		t.Errorf("in the copy: %s", released)
	}
	waittest.Until(t, "somebody buys in the copy", func() bool {
		report, err := rehearsal.Run(t.Context(), rehearsal.Config{
			URLs: []string{stage.URL()}, Shoppers: 5, For: time.Second, Think: 30 * time.Millisecond, Buy: 0.4,
			AdminPassword: stage.AdminPassword(),
		})
		if err != nil {
			t.Fatalf("%+v, %v", report, err)
		}
		return report.Orders > 0
	})
	if after := text(stock + schema + ".item_availabilities"); after == before {
		t.Error("what was bought there was sold elsewhere")
	}
	if err := stage.Close(); err != nil {
		t.Error(err)
	}
	if after := text(stock + "item_availabilities"); after != before {
		t.Errorf("the real stock is\n%s\nwant\n%s", after, before)
	}
	if real := text(shown + "products"); strings.Contains(real, "true") {
		t.Errorf("really: %s", real)
	}
	if strings.Contains(text(schemas), schema) {
		t.Errorf("%s is still there", schema)
	}
}

// made is the schema that is new. Other tests may make and drop theirs meanwhile.
func made(before, now string) string {
	for _, schema := range strings.Split(now, ",") {
		if !strings.Contains(before, schema) {
			return schema
		}
	}
	return ""
}
