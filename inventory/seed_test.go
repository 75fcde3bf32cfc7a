package inventory_test

import (
	"context"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sneakers23/app/postgres/pgtest"
	"sneakers23/assets/draw"
	"sneakers23/inventory"
	"sneakers23/inventory/stocktest"
)

var moreSKUs = []string{"SHU6200", "SHU6300", "SHU6400", "SHU6500"}

// seedMore is what a call put in.
func seedMore(t *testing.T, store *inventory.Store) []string {
	t.Helper()
	done, err := store.SeedMore(inventory.ActingAs(t.Context(), "ann"))
	if err != nil || done.Own {
		t.Fatalf("got %+v, %v", done, err)
	}
	return done.Added
}

func TestSeedMoreFillsAnEmptyStore(t *testing.T) {
	t.Parallel()
	pool := pgtest.Pool(t, stocktest.Migrate)
	store := inventory.NewStore(pool)
	want := append([]string{"SHU6000", "SHU6100"}, moreSKUs...)
	if got := seedMore(t, store); !slices.Equal(got, want) {
		t.Errorf("it put in %v, want %v", got, want)
	}
	catalog := inventory.NewCatalog(readRows(t, store), inventory.DefaultThresholds)
	var got []string
	for p := range catalog.Products() { // as shoppers see them
		got = append(got, p.SKU)
		checkSeeded(t, p)
	}
	if !slices.Equal(got, want) {
		t.Errorf("the page shows %v, want %v", got, want)
	}
	stocktest.CheckBooks(t, pool)
	var events int
	if err := pool.QueryRow(t.Context(), `SELECT count(*) FROM events`).Scan(&events); err != nil || events != 0 {
		t.Errorf("%d events, %v; filling an empty store is no news", events, err)
	}
	if again := seedMore(t, store); len(again) != 0 {
		t.Errorf("again it put in %v, want nothing", again)
	}
}

// checkSeeded checks that a product of the seed is complete.
func checkSeeded(t *testing.T, p *inventory.Product) {
	t.Helper()
	levels := map[inventory.Level]int{}
	for _, it := range p.Items {
		levels[it.Level]++
		if more := slices.Contains(moreSKUs, p.SKU); more && (it.EU == "" || it.UK == "" || it.CM == "") {
			t.Errorf("%s has no size in each country: %+v", it.SKU, it)
		}
	}
	if len(levels) != 4 {
		t.Errorf("%s has sizes of the levels %v, want all four", p.SKU, slices.Collect(maps.Keys(levels)))
	}
	if p.Released != (p.SKU == "SHU6200") {
		t.Errorf("%s released: %v", p.SKU, p.Released)
	}
	if more := slices.Contains(moreSKUs, p.SKU); more != (p.Story != "") {
		t.Errorf("%s has the story %q", p.SKU, p.Story)
	}
}

// TestSeedMoreLeavesWhatIsThere adds to a store in which the seed was edited and sold.
func TestSeedMoreLeavesWhatIsThere(t *testing.T) {
	t.Parallel()
	store, pool := newStore(t)
	save(t, store, inventory.Edit{SKU: "SHU6100", Name: new("Breezy"), State: new(inventory.Archived)})
	before := readRows(t, store)
	if got := seedMore(t, store); !slices.Equal(got, moreSKUs) {
		t.Errorf("it put in %v, want %v", got, moreSKUs)
	}
	after := readRows(t, store)
	bySKU := func(a, b inventory.ProductRow) int { return strings.Compare(a.SKU, b.SKU) }
	slices.SortFunc(before.Products, bySKU)
	slices.SortFunc(after.Products, bySKU)
	if diff := cmp.Diff(before.Products, after.Products[:2]); diff != "" {
		t.Errorf("products that were there changed:\n%s", diff)
	}
	if diff := cmp.Diff(before.Items, after.Items[:len(before.Items)]); diff != "" {
		t.Errorf("items that were there changed:\n%s", diff)
	}
	stocktest.CheckBooks(t, pool)
	var created, others int
	if err := pool.QueryRow(t.Context(), `
		SELECT count(*) FILTER (WHERE kind = 'created' AND who = 'ann'), count(*) FILTER (WHERE kind LIKE 'size%')
		FROM events`).Scan(&created, &others); err != nil || created != 4 || others != 0 {
		t.Errorf("%d products and %d sizes are told of, %v; want 4 and 0", created, others, err)
	}

	save(t, store, inventory.Edit{SKU: "SHU6300", Price: new(inventory.Cents(1_00)), State: new(inventory.Archived)})
	if again := seedMore(t, store); len(again) != 0 {
		t.Errorf("again it put in %v, want nothing", again)
	}
	if p := products(t, store)["SHU6300"]; p.Price != 1_00 || p.State != inventory.Archived {
		t.Errorf("an edited product is %+v", p.ProductRow)
	}
}

func TestSeedMoreLeavesOtherStores(t *testing.T) {
	t.Parallel()
	store, _ := newStore(t)
	save(t, store, volt())
	done, err := store.SeedMore(t.Context())
	if err != nil || !done.Own || len(done.Added) != 0 {
		t.Errorf("got %+v, %v; want a store of its own left alone", done, err)
	}
	if n := len(readRows(t, store).Products); n != 3 {
		t.Errorf("there are %d products, want 3", n)
	}
}

// TestSeedMoreAtOnce lets several nodes fill one store, in both ways.
func TestSeedMoreAtOnce(t *testing.T) {
	t.Parallel()
	pool := pgtest.Pool(t, stocktest.Migrate)
	store := inventory.NewStore(pool)
	var wg sync.WaitGroup
	for i := range 6 {
		wg.Go(func() {
			ctx := context.WithoutCancel(t.Context())
			var err error
			if i%2 == 0 {
				_, err = store.SeedMore(ctx)
			} else {
				_, err = store.Seed(ctx)
			}
			if err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if n := len(readRows(t, store).Products); n != 6 {
		t.Errorf("there are %d products, want 6", n)
	}
	stocktest.CheckBooks(t, pool)
}

// TestSeedsHaveImages looks for the images among the files and what is drawn by code.
func TestSeedsHaveImages(t *testing.T) {
	t.Parallel()
	store := inventory.NewStore(pgtest.Pool(t, stocktest.Migrate))
	seedMore(t, store)
	drawn := map[string]bool{}
	for _, s := range draw.Shoes() {
		drawn[s.File+".svg"] = true
	}
	for _, p := range readRows(t, store).Products {
		name, ok := strings.CutPrefix(p.MainImageURL, "/assets/images/")
		_, err := os.Stat(filepath.Join("..", "assets", "images", name))
		if !ok || err != nil && !drawn[name] {
			t.Errorf("%s has no image %q", p.SKU, p.MainImageURL)
		}
		delete(drawn, name)
	}
	if len(drawn) > 0 {
		t.Errorf("no product has the drawings %v", drawn)
	}
}
