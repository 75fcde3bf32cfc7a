package app

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"sneakers23/app/postgres/pgtest"
	"sneakers23/checkout/ledger/ledgertest"
	"sneakers23/inventory"
	"sneakers23/migrations"
	"sneakers23/web/admin"
)

// TestJournal does all that is told, and expects it in the journal with who did it, also after what
// was done by hand.
func TestJournal(t *testing.T) {
	t.Parallel()
	pool := pgtest.Pool(t, migrated)
	store := inventory.NewStore(pool)
	j := journal{pool}
	ctx := inventory.ActingAs(t.Context(), "ann")
	told := 0
	news := func() (all []string) { // those since the last call, the oldest first
		t.Helper()
		records, err := j.Recent(ctx, 1000)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range records[:len(records)-told] {
			all = append([]string{fmt.Sprintf("%s %s %d %v %s %s", r.Kind, r.Subject, r.Pairs, r.Again, r.Who, r.Why)},
				all...)
		}
		told = len(records)
		return all
	}
	if _, err := store.Seed(ctx); err != nil {
		t.Fatal(err)
	}
	if all := news(); len(all) != 0 {
		t.Errorf("the first pairs are told: %v", all)
	}
	exec := func(sql string) {
		t.Helper()
		if _, err := pool.Exec(ctx, sql); err != nil {
			t.Fatal(err)
		}
	}
	exec(`UPDATE item_availabilities SET available_count = 0, stocked_count = 0 WHERE item_id = 1`)
	news()
	done := func(_ []inventory.Change, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	moved := func(err error) { t.Helper(); done(nil, err) }
	stock := ledgertest.Start(t, pool)
	const shoe, size = "Hop Man 3", "Hop Man 3, size 6"
	for _, step := range []struct {
		do   func()
		want string
	}{
		{func() { done(store.Schedule(ctx, 1, time.Now().Add(time.Hour))) }, "scheduled " + shoe + " 0 false ann "},
		{func() { done(store.CallOff(ctx, 1)) }, "called_off " + shoe + " 0 false ann "},
		{func() { done(store.Release(ctx, 1)) }, "released " + shoe + " 0 false ann "},
		{func() { moved(stock.Restock(ctx, 1, 3)) }, "restocked " + size + " 3 true ann "},
		{func() { moved(stock.Correct(ctx, 1, -1, "wet")) }, "corrected " + size + " -1 false ann wet"},
		{
			func() { exec(`UPDATE item_availabilities SET available_count = 0, sold_count = 2 WHERE item_id = 1`) },
			"sold_out " + size + " 0 false  ",
		},
		{func() { exec(`INSERT INTO restores (backup_of) VALUES (now())`) }, "restored  0 false  "},
		{
			func() { exec(`UPDATE item_availabilities SET sold_count = 0`); news(); done(store.Unrelease(ctx, 1)) },
			"unreleased " + shoe + " 0 false ann ",
		},
		{func() { exec(`UPDATE products SET released = true WHERE id = 1`) }, "released " + shoe + " 0 false  "},
		{
			func() { exec(`UPDATE products SET price_cents = 1 WHERE id = 1`) },
			"edited " + shoe + " 0 false  price 120.00 to 0.01",
		},
		{func() { exec(`UPDATE products SET price_cents = 1 WHERE id = 1`) }, ""},
	} {
		step.do()
		if got := strings.Join(news(), ", "); got != step.want {
			t.Errorf("told %q, want %q", got, step.want)
		}
	}
}

// TestJournalOfNodes has several nodes note the same: it is kept once. The events that strangers
// can cause are bounded.
func TestJournalOfNodes(t *testing.T) {
	t.Parallel()
	pool := pgtest.Pool(t, migrated)
	j := journal{pool}
	at := time.Now()
	answers := make(chan error, 100) // buffer 100: as many as are noted
	note := func(kind, subject, run string) {
		answers <- j.Note(t.Context(), admin.Record{At: at, Kind: kind, Subject: subject, Run: run})
	}
	for _, kind := range []string{"node_here", "node_gone", "node_here"} {
		for range 3 {
			go note(kind, "a", "run")
		}
		for range 3 {
			if err := <-answers; err != nil {
				t.Fatal(err)
			}
		}
	}
	for i := range 10 {
		note("proxy", fmt.Sprint("10.0.0.", i/2), "")
	}
	records, err := j.Recent(t.Context(), 100)
	if err != nil {
		t.Fatal(err)
	}
	count := make(map[string]int)
	for _, r := range records {
		count[r.Kind+" "+r.Subject]++
	}
	want := map[string]int{
		"node_here a": 2, "node_gone a": 1, "proxy 10.0.0.0": 1, "proxy 10.0.0.1": 1, "proxy 10.0.0.2": 1,
	}
	if fmt.Sprint(count) != fmt.Sprint(want) {
		t.Errorf("got %v, want %v", count, want)
	}
	if _, err := pool.Exec(t.Context(), `SELECT setval(pg_get_serial_sequence('events', 'id'), $1)`,
		mostRecords+4); err != nil {
		t.Fatal(err)
	}
	note("trouble", "a", "run")
	if records, err = j.Recent(t.Context(), 100); err != nil || len(records) != 2 {
		t.Errorf("of very many, the oldest are kept: %d left, %v", len(records), err)
	}
}

// migrated makes the tables of an empty store.
func migrated(ctx context.Context, url string) error {
	_, err := migrations.Up(ctx, url)
	return err
}
