package checkout

import (
	"time"

	"sneakers23/inventory"
)

// facts are what the database says of a batch, while the rows of its items are locked.
type facts struct {
	stock  map[inventory.ItemID]*inventory.ItemRow // counts and revision only
	items  map[inventory.ItemID]itemFacts
	bought map[LineID]*Order // lines that were bought before
	now    time.Time

	products map[inventory.ProductID]*inventory.ProductRow // of the items; none where nothing was looked up
}

// itemFacts is what an order line keeps of an item, and whether it may be sold.
type itemFacts struct {
	OrderLine // without an id
	Released  bool
}

// sale is what becomes of a batch.
type sale struct {
	answers []answer // one for each cart, in the order of the batch
	orders  []*Order // to be written
	keys    []orderKey
	changes []inventory.Change // what is committed, and this node does not show
	wrote   bool               // orders were written, and are committed
}

// decide goes through the carts in order of arrival: each gets all that it asks for, or nothing.
func decide(batch []*ticket, f facts) sale {
	s := sale{answers: make([]answer, len(batch))}
	for i, waits := range batch {
		if earlier := f.earlier(waits.Lines); earlier != nil {
			s.answers[i].order = *earlier
			continue
		}
		if s.answers[i].err = f.refuse(waits.Purchase); s.answers[i].err != nil {
			continue
		}
		order := f.take(waits, len(s.orders))
		s.answers[i].order = *order
		s.orders = append(s.orders, order)
		s.keys = append(s.keys, waits.order)
	}
	return s
}

// newerThan returns the rows that were read where the catalog has older ones: stock that was sold
// just now, by this teller or by another, stock that an earlier attempt sold whose outcome was in
// doubt, and the price or release that is the reason of a refusal. The buyer's next page comes from
// the catalog, and must not contradict the answer.
func (f facts) newerThan(c *inventory.Catalog) []inventory.Change {
	var changes []inventory.Change
	for id, stock := range f.stock {
		it, known := f.items[id]
		if !known {
			continue
		}
		if shown, _, ok := c.Item(id); ok && shown.Revision >= stock.Revision {
			continue
		}
		stock.ProductID, stock.SKU, stock.Size = it.Product, it.SKU, it.Size
		changes = append(changes, inventory.Change{Item: stock})
	}
	for id, product := range f.products {
		if shown, ok := c.Product(id); !ok || shown.Revision < product.Revision {
			changes = append(changes, inventory.Change{Product: product})
		}
	}
	return changes
}

// earlier is the order that holds one of the lines.
func (f facts) earlier(lines []Line) *Order {
	for _, l := range lines {
		if o, ok := f.bought[l.ID]; ok {
			return o
		}
	}
	return nil
}

// refuse tells why the cart can't be sold, in the order in which shoppers are told.
func (f facts) refuse(p Purchase) error {
	var (
		gone, out, soon []inventory.ItemID
		total           inventory.Cents
	)
	for _, l := range p.Lines {
		it, known := f.items[l.Item]
		stock, stocked := f.stock[l.Item]
		switch {
		case !known || !stocked || it.Product != l.Product:
			gone = append(gone, l.Item)
		case stock.Available < 1:
			out = append(out, l.Item)
		case !it.Released:
			soon = append(soon, l.Item)
		}
		total += it.Price
	}
	switch {
	case len(gone) > 0:
		return refused(ErrNoItem, gone)
	case len(out) > 0:
		return refused(ErrSoldOut, out)
	case len(soon) > 0:
		return refused(ErrNotReleased, soon)
	case total != p.Total:
		return ErrPriceChanged
	}
	return nil
}

// take makes the nth order of the batch, which the carts behind it find taken. Those of a batch are a microsecond apart,
// so that lists keep their order.
func (f facts) take(w *ticket, n int) *Order {
	at := f.now.Add(time.Duration(n) * time.Microsecond)
	order := &Order{ID: w.order.id(), CreatedAt: at, Total: w.Total, Status: Confirmed, Buyer: w.Buyer}
	for _, l := range w.Lines {
		f.stock[l.Item].Available--
		f.bought[l.ID] = order
		line := f.items[l.Item].OrderLine
		line.LineID = l.ID
		order.Lines = append(order.Lines, line)
	}
	sortLines(order.Lines)
	return order
}
