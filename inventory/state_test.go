package inventory

import (
	"errors"
	"log/slog"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"sneakers23/app/waittest"
)

func shoe(id ProductID, rev Revision) ProductRow {
	return ProductRow{
		ID: id, SKU: "P" + string(rune('A'+id)), Order: int(id), Name: "shoe", Price: 120_00, Revision: rev,
	}
}

func pair(id ItemID, product ProductID, available int, rev Revision) ItemRow {
	return ItemRow{
		ID: id, ProductID: product, SKU: "I" + string(rune('A'+id)), Size: "9", Available: available, Revision: rev,
	}
}

// list is a catalog as plain rows, also the hidden ones, for comparison.
func list(c *Catalog) Rows {
	var rows Rows
	for p := range c.All().Products() {
		rows.Products = append(rows.Products, p.ProductRow)
		for _, it := range p.Items {
			rows.Items = append(rows.Items, it.ItemRow)
		}
	}
	slices.SortFunc(rows.Items, func(a, b ItemRow) int { return int(a.ID - b.ID) })
	return rows
}

func TestApplyIgnoresOlderRevisions(t *testing.T) {
	st := newState(Rows{Products: []ProductRow{shoe(1, 1)}, Items: []ItemRow{pair(1, 1, 10, 5)}}, DefaultThresholds,
		emptyCatalog)
	before := st.catalog
	for _, old := range []ItemRow{pair(1, 1, 99, 4), pair(1, 1, 99, 5)} {
		if news := st.apply([]Change{{Item: &old}}); len(news) != 0 {
			t.Errorf("revision %d was news after 5", old.Revision)
		}
	}
	if st.catalog != before {
		t.Error("a new catalog was made of no news")
	}
	fresh := pair(1, 1, 0, 6)
	st.apply([]Change{{Item: &fresh}})
	it, _, _ := st.catalog.Item(1)
	if it.Available != 0 || it.Level != LevelOut {
		t.Errorf("got %d pairs, level %s, want 0, out", it.Available, it.Level)
	}
	if it, _, _ := before.Item(1); it.Available != 10 {
		t.Errorf("the catalog before changed under its readers: %d pairs, want 10", it.Available)
	}
}

func TestGoneIsOnlyWhatWasSeen(t *testing.T) {
	st := newState(Rows{Products: []ProductRow{shoe(1, 1)}, Items: []ItemRow{pair(1, 1, 10, 6)}}, DefaultThresholds,
		emptyCatalog)
	seen := pair(1, 1, 10, 5) // a comparison found the row missing, but a newer one came meanwhile
	if news := st.apply([]Change{{Item: &seen, Gone: true, Replaces: 5}}); len(news) != 0 {
		t.Error("a row that is newer than what was missed is gone")
	}
	if news := st.apply([]Change{{Item: &seen, Gone: true, Replaces: 6}}); len(news) != 1 {
		t.Error("a row that was deleted is still there")
	}
}

func TestCallerOfACrashedServerIsTold(t *testing.T) {
	s := NewServer(nil, DefaultThresholds, NewDispatcher(), slog.New(slog.DiscardHandler))
	crashed := make(chan any, 1)
	go func() {
		defer func() { crashed <- recover() }()
		s.apply(nil, <-s.calls) // no state: a crash in mid-change
	}()
	row, ended := shoe(1, 1), make(chan error, 1)
	go func() { ended <- s.Apply(t.Context(), Change{Product: &row}) }()
	if err := waittest.Receive(t, "the end of Apply", ended); !errors.Is(err, ErrCrashed) {
		t.Errorf("got %v, want ErrCrashed", err)
	}
	if <-crashed == nil {
		t.Error("the server did not crash")
	}
}

func TestItemMayComeBeforeItsProduct(t *testing.T) {
	st := newState(Rows{}, DefaultThresholds, emptyCatalog)
	it, p := pair(1, 1, 3, 2), shoe(1, 1)
	st.apply([]Change{{Item: &it}})
	if _, _, ok := st.catalog.Item(1); ok {
		t.Error("an item without a product is shown")
	}
	st.apply([]Change{{Product: &p}})
	if _, _, ok := st.catalog.Item(1); !ok {
		t.Error("the item is not there after its product came")
	}
}

func TestShownFollowsWhatPagesShow(t *testing.T) {
	at := time.Now().Add(time.Hour)
	scheduled := shoe(1, 3)
	scheduled.ReleaseAt = &at
	for _, tt := range []struct {
		name   string
		change Change
		shows  bool
	}{
		{"a sale within a level", Change{Item: new(pair(1, 1, 199, 9))}, false},
		{"a sale that changes the level", Change{Item: new(pair(1, 1, 149, 9))}, true},
		{"a new revision of the same product", Change{Product: new(shoe(1, 9))}, false},
		{"a scheduled release", Change{Product: &scheduled}, true},
		{"a new item", Change{Item: new(pair(3, 1, 5, 9))}, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			st := newState(Rows{
				Products: []ProductRow{shoe(1, 1), shoe(2, 2)},
				Items:    []ItemRow{pair(1, 1, 200, 5), pair(2, 2, 1, 6)},
			}, DefaultThresholds, emptyCatalog)
			before := st.catalog
			st.apply([]Change{tt.change})
			was, _ := before.Product(1)
			is, _ := st.catalog.Product(1)
			if got := was.Shown != is.Shown; got != tt.shows {
				t.Errorf("product's Shown changed: %v, want %v", got, tt.shows)
			}
			if got := before.Shown() != st.catalog.Shown(); got && !tt.shows {
				t.Error("catalog's Shown changed for nothing")
			}
			other, _ := before.Product(2)
			if same, _ := st.catalog.Product(2); same.Shown != other.Shown {
				t.Error("Shown of the other product changed")
			}
		})
	}
}

func TestSizesAreOrderedAsNumbers(t *testing.T) {
	var items []ItemRow
	for i, size := range []string{"10", "M", "6.5", "6", "L", "9"} {
		it := pair(ItemID(i+1), 1, 1, 1)
		it.Size = size
		items = append(items, it)
	}
	p, _ := NewCatalog(Rows{Products: []ProductRow{shoe(1, 1)}, Items: items}, DefaultThresholds).Product(1)
	var got []string
	for _, it := range p.Items {
		got = append(got, it.Size)
	}
	if want := []string{"6", "6.5", "9", "10", "M", "L"}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestLevels(t *testing.T) {
	for available, want := range map[int]Level{
		-1: LevelOut, 0: LevelOut, 1: LevelLow, 149: LevelLow, 150: LevelMedium, 499: LevelMedium, 500: LevelHigh,
	} {
		if got := DefaultThresholds.Level(available); got != want {
			t.Errorf("level of %d: got %s, want %s", available, got, want)
		}
	}
}

// TestChangesConverge delivers every change that a database ever made, in any order and any number
// of times, with losses that a comparison heals, to a state that must end as the database is, also
// when the database went back.
func TestChangesConverge(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		db := map[ItemID]ItemRow{}
		products := []ProductRow{shoe(1, 1), shoe(2, 2), shoe(3, 3)}
		revision := Revision(3)
		var sent []Change
		st := newState(Rows{Products: products}, DefaultThresholds, emptyCatalog)
		rows := func() Rows {
			r := Rows{Products: slices.Clone(products)}
			for _, it := range db {
				r.Items = append(r.Items, it)
			}
			slices.SortFunc(r.Items, func(a, b ItemRow) int { return int(a.ID - b.ID) })
			return r
		}
		var (
			backup         map[ItemID]ItemRow
			backupProducts []ProductRow
			backupRevision Revision
		)
		shown := map[ItemID]bool{} // as a watcher knows it, who looks at what is news
		apply := func(changes []Change) {
			for _, c := range st.apply(changes) {
				if c.Item != nil {
					_, _, shown[c.Item.ID] = st.catalog.Item(c.Item.ID)
				}
			}
		}
		heal := func() {
			apply(st.catalog.Missed(rows()))
			if diff := cmp.Diff(rows(), list(st.catalog)); diff != "" {
				t.Fatalf("healed catalog differs from the database (-want +got):\n%s", diff)
			}
		}
		t.Repeat(map[string]func(*rapid.T){
			"write": func(t *rapid.T) {
				revision++
				it := pair(ItemID(rapid.IntRange(1, 4).Draw(t, "item")), 1, rapid.IntRange(0, 600).Draw(t, "count"),
					revision)
				it.ProductID = ProductID(1 + it.ID%3)
				db[it.ID] = it
				sent = append(sent, Change{Item: &it})
			},
			"edit": func(t *rapid.T) {
				revision++
				p := &products[rapid.IntRange(0, len(products)-1).Draw(t, "product")]
				p.State, p.Revision = rapid.SampledFrom([]State{Draft, Live, Archived}).Draw(t, "state"), revision
				row := *p
				sent = append(sent, Change{Product: &row})
			},
			"delete": func(t *rapid.T) {
				delete(db, ItemID(rapid.IntRange(1, 4).Draw(t, "item")))
			},
			"deliver": func(t *rapid.T) {
				if len(sent) == 0 {
					t.Skip("nothing was sent")
				}
				apply([]Change{rapid.SampledFrom(sent).Draw(t, "change")})
			},
			"back up": func(*rapid.T) {
				backup, backupProducts, backupRevision = map[ItemID]ItemRow{}, slices.Clone(products), revision
				for id, it := range db {
					backup[id] = it
				}
			},
			"restore": func(t *rapid.T) {
				if backup == nil {
					t.Skip("no backup")
				}
				db, products, revision = map[ItemID]ItemRow{}, slices.Clone(backupProducts), backupRevision
				for id, it := range backup {
					db[id] = it
				}
			},
			"heal": func(*rapid.T) { heal() },
			"":     func(t *rapid.T) { checkVisible(t, st.catalog, shown) },
		})
		heal()
	})
}

// checkVisible holds together what shoppers see: every product that is not hidden, with its items,
// and nothing else; and watchers know which items those are.
func checkVisible(t *rapid.T, c *Catalog, shown map[ItemID]bool) {
	seen := map[ItemID]bool{}
	for p := range c.All().Products() {
		_, ok := c.Product(p.ID)
		if _, bySKU := c.ProductBySKU(p.SKU); ok == p.Hidden() || bySKU != ok {
			t.Fatalf("product %d is %q; found by id: %v, by SKU: %v", p.ID, p.State, ok, bySKU)
		}
		for _, it := range p.Items {
			found, of, ok := c.Item(it.ID)
			if ok == p.Hidden() || ok && (found != it || of != p) || c.Gone(it.ID) != (p.State == Archived) {
				t.Fatalf("item %d of a product that is %q: found %v, %+v", it.ID, p.State, ok, found)
			}
			seen[it.ID] = ok
		}
	}
	for id, was := range shown {
		if was != seen[id] {
			t.Fatalf("watchers were told that item %d is seen: %v; it is: %v", id, was, seen[id])
		}
	}
}

func TestCatalogReadsDoNotAllocate(t *testing.T) {
	c := big(100, 10)
	if n := testing.AllocsPerRun(100, func() { readAll(c) }); n != 0 {
		t.Errorf("%v allocations to read a catalog, want 0", n)
	}
}

// TestProductInAnyCase finds a product by another spelling of its SKU, unless that may be two.
func TestProductInAnyCase(t *testing.T) {
	t.Parallel()
	products := []ProductRow{shoe(1, 1), shoe(2, 1), shoe(3, 1)}
	products[0].SKU, products[1].SKU, products[2].SKU = "SHU6000", "Twin", "TWIN"
	c := newState(Rows{Products: products}, DefaultThresholds, emptyCatalog).catalog
	for name, want := range map[string]ProductID{
		"SHU6000": 1, "shu6000": 1, "Shu6000": 1, "SHU6001": 0, "": 0, "Twin": 2, "TWIN": 3, "twin": 0, "ſhu6000": 0,
	} {
		p, ok := c.ProductInAnyCase(name)
		if ok != (want != 0) || ok && p.ID != want {
			t.Errorf("%q is %v, %v; want product %d", name, p, ok, want)
		}
	}
}
