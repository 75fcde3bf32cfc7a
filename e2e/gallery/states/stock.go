package states

import (
	"fmt"
	"slices"
	"strconv"
	"sync/atomic"
	"time"

	"sneakers23/inventory"
)

// The products of the usual stock.
const (
	hopMan inventory.ProductID = iota + 1 // has sizes of every level
	breezy                                // has plenty of every size
	long                                  // has long words in every place
	soon                                  // is not released
	due                                   // is released in some hours
	first  inventory.ProductID = 11       // the first of those that fill a cart
)

// size is the item of a product with a size: 9.5 is size(hopMan, 9.5).
func size(id inventory.ProductID, size float64) inventory.ItemID {
	return inventory.ItemID(100*id) + inventory.ItemID(2*size)
}

// stock is what a shop has. Its methods change it, and return it.
type stock struct{ inventory.Rows }

// empty is a shop without a product.
func empty() *stock { return new(stock) }

// usual is a shop with a product in each state.
func usual() *stock {
	s := empty()
	s.add(hopMan, inventory.ProductRow{
		Brand: "Snks 23", Name: "Hop Man 3", Color: "yellow/blue", Price: 120_00,
		MainImageURL: "/assets/images/hop-man-3.svg", Released: true,
	}, 0, 900, 300, 40, 900, 120, 2, 0, 640, 210, 1, 0, 0)
	s.add(breezy, inventory.ProductRow{
		Brand: "Asler", Name: "Breezy Boost 600", Color: "momentum", Price: 140_50,
		MainImageURL: "/assets/images/breezy-boost-600.svg", Released: true,
	}, 900, 900, 900, 900, 900, 900, 900, 900, 900, 900, 900, 900, 900)
	s.add(long, inventory.ProductRow{
		Brand:        "Donaudampfschifffahrts & Sons",
		Name:         "Transcontinental Ultramarathon Supercushioned Runner 9000 Anniversary",
		Color:        "midnight navy/fluorescent coral/off-white/gum",
		Price:        12_345_67,
		MainImageURL: "/assets/images/hop-man-3.svg", Released: true,
	}, 20, 300, 900, 0, 900, 900, 300, 20)
	s.add(soon, inventory.ProductRow{
		Brand: "Asler", Name: "Breezy Boost 700", Color: "afterglow", Price: 160_00,
		MainImageURL: "/assets/images/breezy-boost-600.svg",
	}, 90, 900, 900, 900, 900, 90)
	at := time.Now().Add(2*time.Hour + 34*time.Minute).Truncate(time.Minute)
	s.add(due, inventory.ProductRow{
		Brand: "Snks 23", Name: "Hop Man 4", Color: "ash/lime", Price: 130_00,
		MainImageURL: "/assets/images/hop-man-3.svg", ReleaseAt: &at,
	}, 90, 900, 900, 900, 900, 90)
	return s
}

// many is a shop with more products than a cart has room for.
func many() *stock {
	s := usual()
	images := []string{"/assets/images/hop-man-3.svg", "/assets/images/breezy-boost-600.svg"}
	for i := range 11 {
		s.add(first+inventory.ProductID(i), inventory.ProductRow{
			Brand: "Snks 23", Name: fmt.Sprintf("Court Classic %d", i+1), Color: "white/gum",
			Price:        inventory.Cents(80_00 + 5_00*i),
			MainImageURL: images[i%2], Released: true,
		}, 900, 300, 20, 0, 900, 900)
	}
	return s
}

// add adds a product with the sizes from 6 on, in halves, of which so many pairs are left.
func (s *stock) add(id inventory.ProductID, row inventory.ProductRow, left ...int) {
	row.ID, row.SKU, row.Order, row.Revision = id, fmt.Sprintf("SHU6%02d00", id), int(id), 1
	s.Products = append(s.Products, row)
	for i, n := range left {
		number := 6 + float64(i)/2
		s.Items = append(s.Items, inventory.ItemRow{
			ID: size(id, number), ProductID: id, SKU: fmt.Sprintf("SHU6%02d%02d", id, i+1),
			Size: strconv.FormatFloat(number, 'f', -1, 64), Available: n, Sold: 1000 - n, Revision: 1,
		})
	}
}

// dueAt is when the next product is released.
func (s *stock) dueAt() *time.Time {
	for _, p := range s.Products {
		if p.ReleaseAt != nil {
			return p.ReleaseAt
		}
	}
	return nil
}

// only keeps these products.
func (s *stock) only(ids ...inventory.ProductID) *stock {
	s.Products = slices.DeleteFunc(s.Products, func(p inventory.ProductRow) bool { return !slices.Contains(ids, p.ID) })
	s.Items = slices.DeleteFunc(s.Items, func(it inventory.ItemRow) bool { return !slices.Contains(ids, it.ProductID) })
	return s
}

// without deletes an item.
func (s *stock) without(id inventory.ItemID) *stock {
	s.Items = slices.DeleteFunc(s.Items, func(it inventory.ItemRow) bool { return it.ID == id })
	return s
}

// out sells all that is left of these items.
func (s *stock) out(ids ...inventory.ItemID) *stock {
	return s.outWhere(func(it *inventory.ItemRow) bool { return slices.Contains(ids, it.ID) })
}

// gone sells all that is left of these products.
func (s *stock) gone(ids ...inventory.ProductID) *stock {
	return s.outWhere(func(it *inventory.ItemRow) bool { return slices.Contains(ids, it.ProductID) })
}

// allGone sells all that is left.
func (s *stock) allGone() *stock { return s.outWhere(func(*inventory.ItemRow) bool { return true }) }

func (s *stock) outWhere(is func(*inventory.ItemRow) bool) *stock {
	for i := range s.Items {
		if it := &s.Items[i]; is(it) {
			it.Sold, it.Available = it.Sold+it.Available, 0
			it.Revision++
		}
	}
	return s
}

// changed changes a product.
func (s *stock) changed(id inventory.ProductID, change func(*inventory.ProductRow)) *stock {
	for i := range s.Products {
		if p := &s.Products[i]; p.ID == id {
			change(p)
			p.Revision++
		}
	}
	return s
}

// paused pauses the whole shop, and limits what shoppers may buy of the first product.
func (s *stock) paused() *stock {
	for i := range s.Products {
		s.Products[i].Paused = inventory.ShopPaused
	}
	return s.changed(hopMan, func(p *inventory.ProductRow) { p.Limit = 2 })
}

// told takes the picture of a product away, and gives it a story and sizes of other countries.
func (s *stock) told(id inventory.ProductID) *stock {
	for i := range s.Items {
		if it := &s.Items[i]; it.ProductID == id {
			us, _ := strconv.ParseFloat(it.Size, 64)
			it.EU, it.UK = fmt.Sprintf("%.1f", us+33), fmt.Sprintf("%.1f", us-1)
			if us < 10 {
				it.CM = fmt.Sprintf("%.1f", us+18)
			}
		}
	}
	return s.changed(id, func(p *inventory.ProductRow) {
		p.MainImageURL = ""
		p.Story = "Made for the wet. The upper is one piece of knit, so no seam rubs and nothing lets the rain in: " +
			"Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft.\n\n" +
			"The sole is that of the 600, cut lower."
	})
}

// shelf holds the catalog that a shop shows.
type shelf struct {
	catalog atomic.Pointer[inventory.Catalog]
	broken  bool
	shown   uint64
}

// Catalog is what the shop has now. It panics where a state wants to see what happens then.
func (s *shelf) Catalog() *inventory.Catalog {
	if s.broken {
		panic("the shelf of this state is broken")
	}
	return s.catalog.Load()
}

// ShopTime is the time of this machine.
func (s *shelf) ShopTime() time.Time { return time.Now() }

// put makes the catalog of a stock. It is called by one goroutine.
func (s *shelf) put(st *stock) *inventory.Catalog {
	c := inventory.NewCatalog(st.Rows, inventory.DefaultThresholds)
	s.shown++
	for p := range c.Products() {
		p.Shown = s.shown // each catalog starts its count over, and pages are kept by it
	}
	s.catalog.Store(c)
	return c
}

// close takes the catalog away, as before a node has read it from the database.
func (s *shelf) close() {
	s.catalog.Store(inventory.NewServer(nil, inventory.DefaultThresholds, nil, nil).Catalog())
}
