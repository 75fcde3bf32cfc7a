package inventory_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"sneakers23/app/postgres/pgtest"
	"sneakers23/inventory"
	"sneakers23/inventory/stocktest"
)

// volt is a new product with two sizes.
func volt() inventory.Edit {
	return inventory.Edit{
		SKU: "VOLT", Brand: new("Asler"), Name: new("Volt Runner"), Color: new("volt"),
		Price: new(inventory.Cents(99_50)), Story: new("Made for the wet.\r\n\r\nAnd the dark."),
		Sizes: []inventory.SizeEdit{
			{SKU: "VOLT-10", Size: new("10"), EU: new("44"), Stock: 5},
			{SKU: "VOLT-9", Size: new(" 9 ")},
		},
	}
}

// save saves edits, and fails the test if they are refused.
func save(t testing.TB, store *inventory.Store, edits ...inventory.Edit) ([]inventory.Saved, []inventory.Change) {
	t.Helper()
	saved, changes, err := store.Save(inventory.ActingAs(t.Context(), "ann"), edits)
	if err != nil {
		t.Fatal(err)
	}
	return saved, changes
}

// products returns the products of a store, also the hidden ones, by SKU.
func products(t testing.TB, store *inventory.Store) map[string]*inventory.Product {
	t.Helper()
	found := make(map[string]*inventory.Product)
	for p := range inventory.NewCatalog(readRows(t, store), inventory.DefaultThresholds).All().Products() {
		found[p.SKU] = p
	}
	return found
}

func TestSaveNew(t *testing.T) {
	t.Parallel()
	store, pool := newStore(t)
	saved, err := store.Try(t.Context(), []inventory.Edit{volt()})
	if err != nil || len(saved) != 1 || !saved[0].New || saved[0].ID != 0 ||
		products(t, store)["VOLT"] != nil {
		t.Errorf("a try returned %+v, %v; want a new product that is not saved", saved, err)
	}
	saved, changes := save(t, store, volt())
	p := products(t, store)["VOLT"]
	if p == nil || len(saved) != 1 || saved[0].ID != p.ID ||
		!slices.Equal(saved[0].Sizes, []string{"VOLT-10", "VOLT-9"}) {
		t.Fatalf("got %+v for %+v", saved, p)
	}
	want := inventory.Details{
		SKU: "VOLT", Order: 2, Brand: "Asler", Name: "Volt Runner", Color: "volt", Price: 99_50, State: inventory.Draft,
		Story: "Made for the wet.\n\nAnd the dark.",
		Sizes: []inventory.SizeDetails{{SKU: "VOLT-9", Size: "9"}, {SKU: "VOLT-10", Size: "10", EU: "44"}},
	}
	if diff := cmp.Diff(want, p.Details()); diff != "" || p.Items[1].Available != 5 || len(changes) != 3 {
		t.Errorf("%d changes; want, got: %s", len(changes), diff)
	}
	// the second time changes nothing, also if only a part is said
	for _, again := range []inventory.Edit{volt(), {SKU: "VOLT", Name: new("Volt Runner")}, {SKU: "VOLT"}} {
		if saved, changes := save(t, store, again); !saved[0].Unchanged() || len(changes) != 0 {
			t.Errorf("saved again: %+v, %d changes", saved, len(changes))
		}
	}
	if diff := cmp.Diff([]string{"created Volt Runner ann "}, events(t, pool)); diff != "" {
		t.Errorf("events: want, got: %s", diff)
	}
	stocktest.CheckBooks(t, pool)
}

func TestSaveChanges(t *testing.T) {
	t.Parallel()
	store, pool := newStore(t)
	saved, changes := save(t, store, inventory.Edit{
		SKU: "SHU6000", Price: new(inventory.Cents(130_00)), State: new(inventory.Archived),
		Sizes: []inventory.SizeEdit{{SKU: "SHU6001", EU: new("38.5")}, {SKU: "SHU6099", Size: new("13"), Stock: 7}},
	}, volt())
	want := []inventory.FieldChange{
		{Field: "price", From: "$120", To: "$130"}, {Field: "state", From: "live", To: "archived"},
		{Size: "SHU6001", Field: "eu", To: "38.5"},
	}
	if diff := cmp.Diff(want, saved[0].Changes); diff != "" || !slices.Equal(saved[0].Sizes, []string{"SHU6099"}) ||
		!saved[1].New {
		t.Errorf("got %+v; want, got: %s", saved, diff)
	}
	p := products(t, store)["SHU6000"]
	if p.Price != 130_00 || !p.Hidden() || len(p.Items) != 14 || p.Items[0].EU != "38.5" || p.Items[13].Available != 7 {
		t.Errorf("got %+v", p)
	}
	for _, c := range changes { // all of what the nodes know of both
		if c.Product != nil && c.Product.ID == p.ID && c.Product.Revision != p.Revision {
			t.Errorf("told revision %d, want %d", c.Product.Revision, p.Revision)
		}
	}
	if len(changes) != 1+14+1+2 {
		t.Errorf("%d changes, want both products with all sizes", len(changes))
	}
	wantEvents := []string{
		"archived Hop Man 3 ann price 120.00 to 130.00", "size_added Hop Man 3, size 13 ann ",
		"size_edited Hop Man 3, size 6 ann ", "restocked Hop Man 3, size 13 ann ", "created Volt Runner ann ",
	}
	got := events(t, pool)
	slices.Sort(got)
	slices.Sort(wantEvents)
	if diff := cmp.Diff(wantEvents, got); diff != "" {
		t.Errorf("events: want, got: %s", diff)
	}
	stocktest.CheckBooks(t, pool)
}

// events are those in the journal: kind, subject, who and why.
func events(t testing.TB, pool *pgxpool.Pool) []string {
	t.Helper()
	rows, _ := pool.Query(t.Context(), `SELECT concat(kind, ' ', subject, ' ', who, ' ', why) FROM events ORDER BY id`)
	list, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func TestSaveRenames(t *testing.T) {
	t.Parallel()
	store, _ := newStore(t)
	before := products(t, store)["SHU6000"]
	save(t, store, inventory.Edit{Product: before.ID, Seen: before.Details().Version(), SKU: "HOP-3"})
	after := products(t, store)["HOP-3"]
	if after == nil || after.ID != before.ID || after.Name != before.Name {
		t.Errorf("got %+v", after)
	}
	// another operator looked before that
	_, _, err := store.Save(t.Context(), []inventory.Edit{
		{Product: before.ID, Seen: before.Details().Version(), SKU: "HOP-3", Name: new("Hop")},
	})
	if !errors.Is(err, inventory.ErrEdited) || products(t, store)["HOP-3"].Name != before.Name {
		t.Errorf("got %v, want ErrEdited and nothing saved", err)
	}
	_, _, err = store.Save(t.Context(), []inventory.Edit{{Product: 99, SKU: "X"}})
	if !errors.Is(err, inventory.ErrNotFound) {
		t.Errorf("got %v, want ErrNotFound", err)
	}
}

func TestSaveRefuses(t *testing.T) {
	t.Parallel()
	store, _ := newStore(t)
	if _, err := store.Release(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	if _, err := store.Schedule(t.Context(), 2, time.Now().Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	size := func(of inventory.SizeEdit) inventory.Edit {
		return inventory.Edit{SKU: "SHU6000", Sizes: []inventory.SizeEdit{of}}
	}
	draftOf := func(sku string) inventory.Edit { return inventory.Edit{SKU: sku, State: new(inventory.Draft)} }
	type edit = *inventory.Edit
	with := func(set func(edit)) inventory.Edit {
		e := volt()
		set(&e)
		return e
	}
	before := readRows(t, store)
	for name, tt := range map[string]struct {
		edit inventory.Edit
		want string // a problem, as "field text"
	}{
		"no SKU":       {with(func(e edit) { e.SKU = " " }), "sku is missing"},
		"a bad SKU":    {with(func(e edit) { e.SKU = "a/b" }), `sku "a/b" has more than letters`},
		"a number":     {with(func(e edit) { e.SKU = "123" }), "sku \"123\" is a number"},
		"only dots":    {with(func(e edit) { e.SKU = ".." }), "sku \"..\" has only dots"},
		"no name":      {with(func(e edit) { e.Name = new("  ") }), "name is missing"},
		"no brand":     {with(func(e edit) { e.Brand = nil }), "brand is missing"},
		"a long name":  {with(func(e edit) { e.Name = new(strings.Repeat("é", 201)) }), "name is 201 characters long"},
		"a bell":       {with(func(e edit) { e.Name = new("a\ab") }), "name has the invisible character U+0007"},
		"two lines":    {with(func(e edit) { e.Name = new("a\nb") }), "name has the invisible character U+000A"},
		"turned words": {with(func(e edit) { e.Color = new("a\u202eb") }), "color has the invisible character U+202E"},
		"no UTF-8":     {with(func(e edit) { e.Story = new("a\xffb") }), "story is no UTF-8"},
		"a long story": {with(func(e edit) { e.Story = new(strings.Repeat("a", 5001)) }), "story is 5001 characters"},
		"free":         {with(func(e edit) { e.Price = new(inventory.Cents(0)) }), "price is missing"},
		"too dear":     {with(func(e edit) { e.Price = new(inventory.MaxPrice + 1) }), "price is $1,000,000.01"},
		"no state":     {with(func(e edit) { e.State = new(inventory.State("gone")) }), `state is "gone"`},
		"far away":     {with(func(e edit) { e.Order = new(inventory.MaxOrder + 1) }), "order must be from"},
		"taken back":   {draftOf("SHU6000"), "state cannot be draft again: SHU6000 is released"},
		"scheduled":    {draftOf("SHU6100"), "state cannot be draft again: a release of SHU6100"},
		"another's":    {inventory.Edit{Product: 1, SKU: "SHU6100"}, "sku SHU6100 is that of another product"},
		"no size":      {size(inventory.SizeEdit{SKU: "NEW"}), "us is missing"},
		"a long size":  {size(inventory.SizeEdit{SKU: "NEW", Size: new("12345678901234567")}), "us is 17 characters"},
		"twice a size": {size(inventory.SizeEdit{SKU: "NEW", Size: new("9.5")}), "us 9.5 is that of another size"},
		"another's size": {
			size(inventory.SizeEdit{SKU: "SHU6101", Size: new("14")}),
			"sku SHU6101 is that of a size of another product",
		},
		"too many pairs": {
			size(inventory.SizeEdit{SKU: "NEW", Size: new("14"), Stock: 1_000_001}), "stock must be from",
		},
		"a size twice": {
			inventory.Edit{SKU: "SHU6000", Sizes: []inventory.SizeEdit{{SKU: "SHU6001"}, {SKU: "SHU6001"}}},
			"sku SHU6001 is that of another size",
		},
		"too many sizes": {with(func(e edit) {
			e.Sizes = nil
			for i := range inventory.MaxSizes + 1 {
				e.Sizes = append(e.Sizes, inventory.SizeEdit{SKU: fmt.Sprint("V-", i), Size: new(fmt.Sprint(i))})
			}
		}), "sizes are 61"},
	} {
		t.Run(name, func(t *testing.T) {
			good := inventory.Edit{SKU: "SHU6100", Name: new("Breezy")}
			_, _, err := store.Save(t.Context(), []inventory.Edit{tt.edit, good})
			found, ok := errors.AsType[inventory.Problems](err)
			if !ok || !slices.ContainsFunc(found, func(p inventory.Problem) bool {
				return p.Edit == 0 && strings.HasPrefix(p.Field+" "+p.Text, tt.want)
			}) {
				t.Errorf("got %v, want %s", err, tt.want)
			}
		})
	}
	_, _, err := store.Save(t.Context(), []inventory.Edit{volt(), volt()})
	if found, ok := errors.AsType[inventory.Problems](err); !ok || found[0].Edit != 1 {
		t.Errorf("one SKU twice: got %v", err)
	}
	if _, _, err := store.Save(t.Context(), make([]inventory.Edit, inventory.MaxEdits+1)); err == nil {
		t.Error("more edits than are taken at once")
	}
	many := inventory.Edit{SKU: "SHU6000", Sizes: make([]inventory.SizeEdit, inventory.MaxNamed+1)}
	if _, err := store.Try(t.Context(), []inventory.Edit{many}); err == nil ||
		!strings.Contains(err.Error(), "sizes are 10001 in all") {
		t.Errorf("more sizes than are taken at once: %v", err)
	}
	if diff := cmp.Diff(before.Products, readRows(t, store).Products); diff != "" {
		t.Errorf("what was refused has changed: %s", diff)
	}
}

// TestOlderThanTheRules leaves products alone that were made by hand and break a rule, as long as
// nothing of them is changed.
func TestOlderThanTheRules(t *testing.T) {
	t.Parallel()
	store, pool := newStore(t)
	if _, err := pool.Exec(t.Context(), `UPDATE products SET color = '' WHERE sku = 'SHU6000'`); err != nil {
		t.Fatal(err)
	}
	same := inventory.Edit{
		SKU: "SHU6000", Color: new(""), Sizes: []inventory.SizeEdit{{SKU: "SHU6001", Size: new("6")}},
	}
	if saved, _ := save(t, store, same); !saved[0].Unchanged() {
		t.Errorf("got %+v", saved)
	}
	same.Name = new("Hop Man III")
	if _, _, err := store.Save(t.Context(), []inventory.Edit{same}); err == nil {
		t.Error("a product without a color was changed")
	}
}

// TestNewIsNew changes no product that another operator has created meanwhile, and none that has
// changed since a try.
func TestNewIsNew(t *testing.T) {
	t.Parallel()
	store, _ := newStore(t)
	mine := volt()
	mine.New = true
	tried, err := store.Try(t.Context(), []inventory.Edit{mine, {SKU: "SHU6000", Price: new(inventory.Cents(1))}})
	if err != nil || !tried[0].New || tried[1].Was == "" {
		t.Fatalf("got %+v, %v", tried, err)
	}
	save(t, store, volt())
	if _, _, err := store.Save(t.Context(), []inventory.Edit{mine}); err == nil ||
		!strings.Contains(err.Error(), "sku VOLT is that of another product") {
		t.Errorf("created a second time: %v", err)
	}
	save(t, store, inventory.Edit{SKU: "SHU6000", Name: new("Hop")})
	late := inventory.Edit{Product: tried[1].ID, Seen: tried[1].Was, Price: new(inventory.Cents(1))}
	if _, _, err := store.Save(t.Context(), []inventory.Edit{late}); !errors.Is(err, inventory.ErrEdited) {
		t.Errorf("changed since the try: %v", err)
	}
}

// TestHiddenIsNotReleased releases and schedules only what shoppers see.
func TestHiddenIsNotReleased(t *testing.T) {
	t.Parallel()
	store := inventory.NewStore(pgtest.Pool(t, stocktest.Migrate))
	saved, _ := save(t, store, volt())
	id := saved[0].ID
	if _, err := store.Release(t.Context(), id); !errors.Is(err, inventory.ErrNotLive) {
		t.Errorf("a draft is released: %v", err)
	}
	save(t, store, inventory.Edit{SKU: "VOLT", State: new(inventory.Live)})
	if _, err := store.Schedule(t.Context(), id, time.Now().Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	save(t, store, inventory.Edit{SKU: "VOLT", State: new(inventory.Archived)})
	if p := products(t, store)["VOLT"]; p.ReleaseAt != nil {
		t.Errorf("archived, and to be released at %v", p.ReleaseAt)
	}
	if _, err := store.Schedule(t.Context(), id, time.Now().Add(time.Hour)); !errors.Is(err, inventory.ErrNotLive) {
		t.Errorf("scheduled after it was archived: %v", err)
	}
	save(t, store, inventory.Edit{SKU: "VOLT", State: new(inventory.Live)})
	if _, err := store.Release(t.Context(), id); err != nil {
		t.Errorf("live again: %v", err)
	}
}
