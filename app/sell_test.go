package app_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"sneakers23/app"
	"sneakers23/app/operator"
)

// cutAfter is when a tick of sell may end before it has sold all.
const cutAfter = 2500 * time.Millisecond

// TestSell sells ticks of many pairs at a node, also when the database has less than the node's
// catalog says.
func TestSell(t *testing.T) {
	t.Parallel()
	cfg := config(t)
	cfg.HealEvery = time.Hour // so that only sell itself finds out what the database has
	n, err := app.Start(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := n.Stop(context.WithoutCancel(t.Context())); err != nil {
			t.Error(err)
		}
	})
	client, err := operator.Dial(cfg.DataDir)
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	db, err := pgx.Connect(t.Context(), cfg.DatabaseURL)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close(context.WithoutCancel(t.Context()))
	// sell asks as often as the command line does: a tick may be cut short on a machine that is
	// slow.
	sell := func(count int) (all operator.Sold) {
		t.Helper()
		for range 10 {
			began := time.Now()
			done, err := client.Sell(t.Context(), operator.SellRequest{Count: count - all.Sold, Unreleased: true})
			if err != nil {
				t.Fatal(err)
			}
			all.Sold, all.Left, all.SoldOut = all.Sold+done.Sold, done.Left, append(all.SoldOut, done.SoldOut...)
			if all.Sold >= count || all.Left == 0 {
				return all
			}
			if took := time.Since(began); took < cutAfter {
				t.Errorf("a tick ended after %v, sold %+v of %d", took, all, count)
			}
		}
		t.Fatalf("after ten ticks %+v are sold of %d", all, count)
		return all
	}

	before := sell(0)
	if after := sell(500); after.Sold != 500 || after.Left != before.Left-500 {
		t.Errorf("a tick of 500 pairs: %+v, %d pairs were there", after, before.Left)
	}
	var transactions, pairs int
	err = db.QueryRow(t.Context(), `SELECT count(DISTINCT xmin::text), sum(sold_delta) FROM stock_movements
		WHERE reason = 'sale'`).
		Scan(&transactions, &pairs)
	if err != nil || transactions != 1 || pairs != 500 {
		t.Errorf("%d transactions sold %d pairs, %v; want 1 and 500", transactions, pairs, err)
	}

	// others sell, and no message of it comes
	_, err = db.Exec(t.Context(), `
		UPDATE item_availabilities a SET available_count = left_over, stocked_count = left_over + sold_count
		FROM (SELECT item_id, CASE item_id WHEN 4 THEN 30 WHEN 5 THEN 1 ELSE 0 END AS left_over
		FROM item_availabilities) l
		WHERE l.item_id = a.item_id`)
	if err != nil {
		t.Fatal(err)
	}
	some := sell(20)
	if some.Sold != 20 || some.Left != 11 {
		t.Errorf("20 of 31 pairs: %+v", some)
	}
	rest := sell(500)
	if rest.Sold != 11 || rest.Left != 0 {
		t.Errorf("500 of 11 pairs: %+v", rest)
	}
	out := slices.Sorted(slices.Values(append(some.SoldOut, rest.SoldOut...)))
	if !slices.Equal(out, []string{"SHU6004", "SHU6005"}) {
		t.Errorf("sold out are %v", out)
	}
	if done := sell(500); done.Sold != 0 || done.Left != 0 || len(done.SoldOut) != 0 {
		t.Errorf("500 of none: %+v", done)
	}
	var available, sold int
	err = db.QueryRow(t.Context(), `SELECT sum(available_count), (SELECT sum(sold_delta) FROM stock_movements)
		FROM item_availabilities`).
		Scan(&available, &sold)
	if err != nil || available != 0 || sold != 500+31 {
		t.Errorf("%d pairs are left and %d booked as sold, %v; want 0 and 531", available, sold, err)
	}
}
