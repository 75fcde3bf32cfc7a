package inventory_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sneakers23/app/waittest"
	"sneakers23/inventory"
	"sneakers23/inventory/stocktest"
)

// TestSaveWaitsForSales holds the row of a size as a sale does between its look and its write. What
// meets a sale waits for it; an edit that changes nothing does not.
func TestSaveWaitsForSales(t *testing.T) {
	t.Parallel()
	for name, edit := range map[string]inventory.Edit{
		"price":   {SKU: "SHU6000", Price: new(inventory.Cents(1_00))},
		"archive": {SKU: "SHU6000", State: new(inventory.Archived)},
		"import":  {SKU: "SHU6000", Story: new("new"), Sizes: []inventory.SizeEdit{{SKU: "SHU6099", Size: new("15")}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			store, pool, _, ids := releasedStore(t, 3, 3)
			sale := hold(t, pool, ids[1])
			save(t, store, inventory.Edit{SKU: "SHU6000", Name: new("Hop Man 3")})
			before := products(t, store)["SHU6000"].Details()
			if _, err := store.Try(t.Context(), []inventory.Edit{edit}); err != nil {
				t.Errorf("a try: %v", err)
			}
			done := make(chan error, 1)
			go func() {
				_, _, err := store.Save(t.Context(), []inventory.Edit{edit})
				done <- err
			}()
			waittest.Until(t, "the edit waits for the sale", func() bool { return waiting(t, pool, sale) })
			if diff := cmp.Diff(before, products(t, store)["SHU6000"].Details()); diff != "" {
				t.Errorf("changed while a sale holds a size: %s", diff)
			}
			if err := sale.Commit(t.Context()); err != nil {
				t.Fatal(err)
			}
			if err := waittest.Receive(t, "the end of the edit", done); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestSaveAtOnce saves the same new product and different changes from several operators at once:
// each is done once, one after the other.
func TestSaveAtOnce(t *testing.T) {
	t.Parallel()
	store, pool := newStore(t)
	const many = 2 // the pool has four connections
	other, err := pool.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = other.Rollback(context.WithoutCancel(t.Context())) }()
	const lock = `SELECT pg_advisory_xact_lock(hashtext('edit products'), hashtext(current_schema()))`
	if _, err := other.Exec(t.Context(), lock); err != nil {
		t.Fatal(err)
	}
	type result struct {
		saved []inventory.Saved
		err   error
	}
	told := make(chan result, many) // as many as there are
	for i := range many {
		go func() {
			saved, _, err := store.Save(context.WithoutCancel(t.Context()), []inventory.Edit{
				volt(), {SKU: "SHU6000", Sizes: []inventory.SizeEdit{
					{SKU: fmt.Sprint("N-", i), Size: new(fmt.Sprint("n", i)), Stock: 1},
				}},
			})
			told <- result{saved, err}
		}()
	}
	waittest.Until(t, "the edits wait for another one", func() bool { return waiting(t, pool, other) })
	if err := other.Rollback(t.Context()); err != nil {
		t.Fatal(err)
	}
	made := 0
	for range many {
		r := waittest.Receive(t, "an edit", told)
		if r.err != nil {
			t.Fatal(r.err)
		}
		if r.saved[0].New {
			made++
		}
	}
	if p := products(t, store)["SHU6000"]; made != 1 || len(p.Items) != 13+many {
		t.Errorf("made %d times, %d sizes", made, len(p.Items))
	}
	stocktest.CheckBooks(t, pool)
}
