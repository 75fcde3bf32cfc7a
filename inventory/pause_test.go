package inventory_test

import (
	"errors"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sneakers23/inventory"
)

func TestPause(t *testing.T) {
	t.Parallel()
	store, pool := newStore(t)
	ctx := inventory.ActingAs(t.Context(), "ann")
	paused := func() map[string]inventory.Pause {
		got := make(map[string]inventory.Pause)
		for sku, p := range products(t, store) {
			got[sku] = p.Paused
		}
		return got
	}
	do := func(name string, change func() ([]inventory.Change, error), changed int, want map[string]inventory.Pause) {
		t.Helper()
		changes, err := change()
		if err != nil || len(changes) != changed {
			t.Errorf("%s: %d changes, %v; want %d", name, len(changes), err, changed)
		}
		for _, c := range changes {
			if c.Product.Paused != want[c.Product.SKU] {
				t.Errorf("%s: told %q of %s, want %q", name, c.Product.Paused, c.Product.SKU, want[c.Product.SKU])
			}
		}
		if diff := cmp.Diff(want, paused()); diff != "" {
			t.Errorf("%s: want, got: %s", name, diff)
		}
	}
	pause := func(id inventory.ProductID) func() ([]inventory.Change, error) {
		return func() ([]inventory.Change, error) { return store.Pause(ctx, id) }
	}
	resume := func(id inventory.ProductID) func() ([]inventory.Change, error) {
		return func() ([]inventory.Change, error) { return store.Resume(ctx, id) }
	}
	type by = map[string]inventory.Pause
	const shop, own = inventory.ShopPaused, inventory.ProductPaused
	do("a product", pause(1), 1, by{"SHU6000": own, "SHU6100": ""})
	do("again", pause(1), 0, by{"SHU6000": own, "SHU6100": ""})
	do("the shop", pause(0), 1, by{"SHU6000": own, "SHU6100": shop})
	save(t, store, volt())
	do("again, with a new product", pause(0), 0, by{"SHU6000": own, "SHU6100": shop, "VOLT": shop})
	do("by itself too", pause(2), 1, by{"SHU6000": own, "SHU6100": own, "VOLT": shop})
	do("the shop again", resume(0), 1, by{"SHU6000": own, "SHU6100": own, "VOLT": ""})
	do("one product again", resume(2), 1, by{"SHU6000": own, "SHU6100": "", "VOLT": ""})
	do("the shop, while every product is paused", func() ([]inventory.Change, error) {
		for _, id := range []inventory.ProductID{2, 3} {
			if _, err := store.Pause(ctx, id); err != nil {
				return nil, err
			}
		}
		return store.Pause(ctx, 0)
	}, 0, by{"SHU6000": own, "SHU6100": own, "VOLT": own})
	if _, err := pool.Exec(ctx, `INSERT INTO products (sku, "order", brand, name, color, price_cents, main_image_url)
		VALUES ('SEED', 9, 'x', 'x', 'x', 1, '')`); err != nil {
		t.Fatal(err)
	}
	do("a product that comes then", resume(0), 1, by{"SHU6000": own, "SHU6100": own, "VOLT": own, "SEED": ""})
	for _, id := range []inventory.ProductID{2, 3} {
		if _, err := store.Resume(ctx, id); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := pool.Exec(ctx, `DELETE FROM products WHERE sku = 'SEED'`); err != nil {
		t.Fatal(err)
	}
	do("nothing to resume", resume(2), 0, by{"SHU6000": own, "SHU6100": "", "VOLT": ""})
	for _, change := range []func() ([]inventory.Change, error){pause(99), resume(99)} {
		if _, err := change(); !errors.Is(err, inventory.ErrNotFound) {
			t.Errorf("no product: %v, want ErrNotFound", err)
		}
	}
	want := []string{
		"paused Hop Man 3 ann ", "shop_paused  ann ", "created Volt Runner ann ", "paused Breezy Boost 600 ann ",
		"shop_resumed  ann ", "resumed Breezy Boost 600 ann ", "paused Breezy Boost 600 ann ",
		"paused Volt Runner ann ",
		"shop_paused  ann ", "created x  ", "shop_resumed  ann ", "resumed Breezy Boost 600 ann ",
		"resumed Volt Runner ann ",
	}
	got := events(t, pool)
	slices.Sort(got)
	slices.Sort(want)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("events: want, got: %s", diff)
	}
}

func TestSaveLimit(t *testing.T) {
	t.Parallel()
	store, pool := newStore(t)
	limit := func(pairs int) inventory.Edit { return inventory.Edit{SKU: "SHU6000", Limit: &pairs} }
	saved, _ := save(t, store, limit(2))
	want := []inventory.FieldChange{{Field: "limit", From: "0", To: "2"}}
	if diff := cmp.Diff(want, saved[0].Changes); diff != "" || products(t, store)["SHU6000"].Limit != 2 {
		t.Errorf("saved: want, got: %s", diff)
	}
	if saved, _ := save(t, store, limit(2)); !saved[0].Unchanged() {
		t.Errorf("the same limit again: %+v", saved)
	}
	save(t, store, limit(0))
	for _, pairs := range []int{-1, inventory.MaxLimit + 1} {
		_, _, err := store.Save(t.Context(), []inventory.Edit{limit(pairs)})
		if _, wrong := errors.AsType[inventory.Problems](err); !wrong {
			t.Errorf("a limit of %d: %v", pairs, err)
		}
	}
	if diff := cmp.Diff([]string{
		"edited Hop Man 3 ann 2 for a shopper", "edited Hop Man 3 ann no limit for a shopper",
	}, events(t, pool)); diff != "" {
		t.Errorf("events: want, got: %s", diff)
	}
}
