package checkout

import (
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5"

	"sneakers23/checkout/ledger"
	"sneakers23/inventory"
)

// sale is the purchase of a cart as an operation of the ledger: all of it, or nothing.
type sale struct {
	Purchase
	key   orderKey // of the order if it becomes one, the same at every attempt
	kind  *sales
	items []inventory.ItemID

	// counted says that the sale may meet a limit, so that the pairs which the shopper has are
	// counted.
	counted bool

	order Order // the outcome: the order that was made, or the earlier one that holds a line
}

func newSale(kind *sales, p Purchase) *sale {
	s := &sale{Purchase: p, key: newOrderKey(), kind: kind, items: make([]inventory.ItemID, len(p.Lines))}
	for i, l := range p.Lines {
		s.items[i] = l.Item
	}
	return s
}

// Items implements [ledger.Operation].
func (s *sale) Items() []inventory.ItemID { return s.items }

// Kind implements [ledger.Operation].
func (s *sale) Kind() ledger.Kind { return s.kind }

// sales is the kind of all sales of a teller.
type sales struct {
	log   *slog.Logger
	lines int // that an order may have
}

// Begin implements [ledger.Kind].
func (k *sales) Begin(ops []ledger.Operation) ledger.Attempt {
	a := &saleAttempt{kind: k, bought: make(map[LineID]*Order)}
	for _, op := range ops {
		s := op.(*sale)
		for _, l := range s.Lines {
			a.lines = append(a.lines, l.ID)
		}
		if s.counted {
			a.shoppers.add(s.Purchase)
		}
	}
	return a
}

// saleAttempt decides the sales of a batch.
type saleAttempt struct {
	kind     *sales
	lines    [][16]byte        // of all sales
	bought   map[LineID]*Order // lines that were bought before, or by an earlier sale of the batch
	shoppers shoppers          // of the sales that may meet a limit
	orders   []*Order          // to be written
	keys     []orderKey        // of the orders
}

// Read queues the look-up of lines that were bought before, and of what shoppers have.
func (a *saleAttempt) Read(b *pgx.Batch) {
	readBought(b, a.lines, a.bought)
	a.shoppers.read(b)
}

// selectBought reads the orders that hold any of the lines. It finds the lines, then each order,
// then the lines of each (OFFSET 0 keeps PostgreSQL from joining otherwise). A join that was
// planned for a few rows would compare all orders with all lines, if the tables have grown since.
const selectBought = `SELECT ` + orderColumns + lineColumns + `
	FROM (SELECT DISTINCT unnest(ARRAY(SELECT order_id FROM order_lines WHERE line_id = ANY ($1)))) k (id),
		LATERAL (SELECT * FROM orders WHERE id = k.id OFFSET 0) o,
		LATERAL (SELECT * FROM order_lines WHERE order_id = k.id OFFSET 0) l`

// readBought queues a query for the orders that hold any of the lines. The map is filled when the
// batch is sent.
func readBought(b *pgx.Batch, lines [][16]byte, bought map[LineID]*Order) {
	b.Queue(selectBought, lines).Query(func(rows pgx.Rows) error {
		orders, err := collectOrders(rows)
		for _, o := range orders {
			for _, l := range o.Lines {
				bought[l.LineID] = o
			}
		}
		return err
	})
}

// Decide gives the cart all that it asks for, or nothing. A line that was bought before leads to
// its order.
func (a *saleAttempt) Decide(op ledger.Operation, stock *ledger.Stock) error {
	s := op.(*sale)
	if earlier := earlierOrder(a.bought, s.Lines); earlier != nil {
		s.order = *earlier
		return nil
	}
	if err := a.kind.refusal(s.Purchase, stock); err != nil {
		return err
	}
	if err := a.shoppers.refusal(s, stock); err != nil {
		return err
	}
	s.order = *a.sell(s, stock)
	return nil
}

// earlierOrder returns the order that holds one of the lines, nil if there is none.
func earlierOrder(bought map[LineID]*Order, lines []Line) *Order {
	for _, l := range lines {
		if o, ok := bought[l.ID]; ok {
			return o
		}
	}
	return nil
}

// refusal returns why the cart can't be sold, in the order in which shoppers are told; nil if it
// can.
func (k *sales) refusal(p Purchase, stock *ledger.Stock) error {
	var (
		gone, out, soon, paused []inventory.ItemID
		total                   inventory.Cents
	)
	for _, l := range p.Lines {
		row := stock.Row(l.Item)
		switch {
		case row == nil || row.ProductID != l.Product || !row.Product.Visible:
			gone = append(gone, l.Item)
			continue
		case row.Product.Paused != inventory.NotPaused:
			paused = append(paused, l.Item)
		case row.Sellable() < 1:
			out = append(out, l.Item)
		case !row.Product.Released:
			soon = append(soon, l.Item)
		}
		total += row.Product.Price
	}
	switch {
	case len(paused) > 0:
		return refused(ErrPaused, paused)
	case len(gone) > 0:
		return refused(ErrNoItem, gone)
	case len(out) > 0:
		return refused(ErrSoldOut, out)
	case len(soon) > 0:
		return refused(ErrNotReleased, soon)
	case len(p.Lines) > k.lines:
		return ErrOrderFull
	case total != p.Total:
		return ErrPriceChanged
	}
	return nil
}

// sell makes the order of a sale. Orders of a batch are a microsecond apart, so that lists keep
// their order.
func (a *saleAttempt) sell(s *sale, stock *ledger.Stock) *Order {
	at := stock.Now.Add(time.Duration(len(a.orders)) * time.Microsecond)
	o := &Order{ID: s.key.id(), CreatedAt: at, Total: s.Total, Status: Confirmed, Buyer: s.Buyer}
	for _, l := range s.Lines {
		stock.Move(l.Item, ledger.Movement{
			Available: -1, Sold: 1, Order: s.key, Cause: ledger.Cause{Reason: ledger.Sold},
		})
		o.Lines = append(o.Lines, lineOf(l.ID, stock.Row(l.Item)))
		a.bought[l.ID] = o
		a.shoppers.sold(s.Buyer, l.Product)
	}
	sortLines(o.Lines)
	a.orders, a.keys = append(a.orders, o), append(a.keys, s.key)
	return o
}

// lineOf returns the order line for a pair of an item.
func lineOf(id LineID, row *ledger.Row) OrderLine {
	p := row.Product
	return OrderLine{
		LineID: id, Item: row.ID, Product: p.ID, SKU: row.SKU, Size: row.Size, Brand: p.Brand, Name: p.Name,
		Color: p.Color, MainImageURL: p.MainImageURL, Price: p.Price,
	}
}

const (
	writeOrders = `INSERT INTO orders (id, total_cents, created_at, buyer)
		SELECT * FROM unnest($1::uuid[], $2::bigint[], $3::timestamptz[], $4::uuid[])`
	writeLines = `INSERT INTO order_lines
			(order_id, line_id, item_id, product_id, sku, size, brand, name, color, main_image_url, price_cents)
		SELECT l.order_id, l.line_id, i.*
		FROM unnest($1::uuid[], $2::uuid[], $3::bigint[]) l (order_id, line_id, item_id)
		JOIN unnest($4::bigint[], $5::bigint[], $6::text[], $7::text[], $8::text[],
				$9::text[], $10::text[], $11::text[], $12::integer[])
			i (item_id, product_id, sku, size, brand, name, color, main_image_url, price_cents) USING (item_id)`
)

// Write queues the orders and their lines.
func (a *saleAttempt) Write(b *pgx.Batch) {
	if len(a.orders) == 0 {
		return
	}
	w := newOrderArrays(a.orders, a.keys)
	i := w.items
	b.Queue(writeOrders, w.orders, w.totals, w.times, w.buyers)
	b.Queue(writeLines, w.lineOrders, w.lines, w.lineItems, i.id, i.product, i.sku, i.size, i.brand, i.name, i.color,
		i.image, i.price)
}

// Committed logs what the batch has sold, in sum and without the ids of orders, which are secrets.
func (a *saleAttempt) Committed() {
	if len(a.orders) == 0 {
		return
	}
	pairs, total := 0, inventory.Cents(0)
	for _, o := range a.orders {
		pairs += len(o.Lines)
		total += o.Total
	}
	a.kind.log.Info("sold", "orders", len(a.orders), "pairs", pairs, "cents", int64(total))
}

// orderArrays are orders as the columns of the statements that write them. An item's words are
// sent once, however many lines have it.
type orderArrays struct {
	orders     [][16]byte
	totals     []inventory.Cents
	times      []time.Time
	buyers     []*[16]byte
	lines      [][16]byte
	lineOrders [][16]byte
	lineItems  []inventory.ItemID
	items      itemArrays
}

type itemArrays struct {
	id                                   []inventory.ItemID
	product                              []inventory.ProductID
	sku, size, brand, name, color, image []string
	price                                []inventory.Cents
}

func newOrderArrays(orders []*Order, keys []orderKey) orderArrays {
	var w orderArrays
	known := make(map[inventory.ItemID]bool)
	for i, o := range orders {
		w.orders = append(w.orders, keys[i])
		w.totals = append(w.totals, o.Total)
		w.times = append(w.times, o.CreatedAt)
		w.buyers = append(w.buyers, o.Buyer.column())
		for _, l := range o.Lines {
			w.lines = append(w.lines, l.LineID)
			w.lineOrders = append(w.lineOrders, keys[i])
			w.lineItems = append(w.lineItems, l.Item)
			if !known[l.Item] {
				known[l.Item] = true
				w.items.add(l)
			}
		}
	}
	return w
}

func (c *itemArrays) add(l OrderLine) {
	c.id = append(c.id, l.Item)
	c.product = append(c.product, l.Product)
	c.sku = append(c.sku, l.SKU)
	c.size = append(c.size, l.Size)
	c.brand = append(c.brand, l.Brand)
	c.name = append(c.name, l.Name)
	c.color = append(c.color, l.Color)
	c.image = append(c.image, l.MainImageURL)
	c.price = append(c.price, l.Price)
}
