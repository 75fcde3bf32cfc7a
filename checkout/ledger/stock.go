package ledger

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"sneakers23/inventory"
)

// Row is an item of a batch, as it was read under its lock, with the counts that the operations
// decided so far leave it.
type Row struct {
	inventory.ItemRow // Frozen also if this batch is about to freeze it
	Product           *Product

	stocked int // pairs that ever came
}

// Product is what decisions and orders need of a product, as it was read under the locks of its
// items.
type Product struct {
	ID                inventory.ProductID
	SKU, Brand        string
	Name, Color       string
	Price             inventory.Cents
	MainImageURL      string
	Released, Visible bool // shoppers can buy what is both, and not paused
	Paused            inventory.Pause
	Limit             int // pairs that one shopper may buy, over all orders; 0: any number
	Revision          inventory.Revision
}

// Sellable returns how many pairs of the item may be sold: none of a frozen one.
func (r *Row) Sellable() int {
	if r.Frozen {
		return 0
	}
	return r.Available
}

// Stock is the stock of a batch: the rows of its items.
type Stock struct {
	Now time.Time // on the database's clock, when the rows were read; zero if none was

	rows    map[inventory.ItemID]*Row
	moved   map[inventory.ItemID]*delta
	froze   []inventory.ItemID // whose counts did not add up when they were read
	byCause []*movements       // few: most batches are of sales alone
}

// Reason says why pairs moved. It is stored with the movement.
type Reason string

// The reasons for which pairs move.
const (
	Sold      Reason = "sale"
	Returned  Reason = "return"
	Restocked Reason = "restock"
	Corrected Reason = "correction"
)

// Movement is one entry in the books: how the counts of an item change, and why.
type Movement struct {
	Available int
	Sold      int
	Order     [16]byte // the order it belongs to; zero for none
	Operation [16]byte // by which an operation without an order finds that it was carried out; zero for none
	Cause
}

// Cause is what many movements of a batch have in common.
type Cause struct {
	Reason Reason
	Who    string // the operator who acts, "" for a shopper
	Why    string // what the operator says of it
}

// delta sums what a batch changes of an item.
type delta struct {
	available, sold, stocked int

	booked sums   // of the movements
	thaw   bool   // the item is frozen no more
	by     string // the last operator who moved pairs
}

// sums are what movements add up to.
type sums struct{ available, sold int }

// movements are those of a batch with the same cause, as the columns of a statement.
type movements struct {
	Cause
	items              []inventory.ItemID
	available, sold    []int
	orders, operations []pgtype.UUID
}

// NewStock returns the stock of these rows.
func NewStock(rows ...Row) *Stock {
	s := &Stock{
		rows:  make(map[inventory.ItemID]*Row),
		moved: make(map[inventory.ItemID]*delta),
	}
	for _, row := range rows {
		s.rows[row.ID] = &row
	}
	return s
}

// Row returns the row of an item, nil for one that is not in the shop.
func (s *Stock) Row(id inventory.ItemID) *Row { return s.rows[id] }

// Move changes the counts of an item that is in the shop, and books the movement.
func (s *Stock) Move(id inventory.ItemID, m Movement) {
	d := s.change(id, m.Available, m.Sold)
	d.booked.available += m.Available
	d.booked.sold += m.Sold
	if m.Who != "" {
		d.by = m.Who
	}
	s.Book(id, m)
}

// change changes the counts of an item, and how many pairs ever came of it by their sum.
func (s *Stock) change(id inventory.ItemID, available, sold int) *delta {
	row := s.rows[id]
	row.Available += available
	row.Sold += sold
	row.stocked += available + sold
	d, ok := s.moved[id]
	if !ok {
		d = new(delta)
		s.moved[id] = d
	}
	d.available += available
	d.sold += sold
	d.stocked += available + sold
	return d
}

// booked returns what the movements of an item add up to, given those that were read: the batch's
// own come on top.
func (s *Stock) booked(id inventory.ItemID, read sums) sums {
	if d, ok := s.moved[id]; ok {
		read.available += d.booked.available
		read.sold += d.booked.sold
	}
	return read
}

// thaw gives a frozen item the counts that its movements add up to, and lets it be sold again.
func (s *Stock) thaw(id inventory.ItemID, books sums) {
	row := s.rows[id]
	d := s.change(id, books.available-row.Available, books.sold-row.Sold)
	d.stocked += books.available + books.sold - row.stocked
	row.stocked, row.Frozen, d.thaw = books.available+books.sold, false, true
	s.froze = slices.DeleteFunc(s.froze, func(froze inventory.ItemID) bool { return froze == id })
}

// check marks the items whose counts do not add up.
func (s *Stock) check() {
	for id, row := range s.rows {
		if !row.Frozen && row.Available+row.Sold != row.stocked {
			row.Frozen = true
			s.froze = append(s.froze, id)
		}
	}
	slices.Sort(s.froze)
}

// Book books a movement without a change of counts: the item has left the shop, and its books stay.
func (s *Stock) Book(id inventory.ItemID, m Movement) {
	at := slices.IndexFunc(s.byCause, func(b *movements) bool { return b.Cause == m.Cause })
	if at < 0 {
		at = len(s.byCause)
		s.byCause = append(s.byCause, &movements{Cause: m.Cause})
	}
	b := s.byCause[at]
	b.items = append(b.items, id)
	b.available = append(b.available, m.Available)
	b.sold = append(b.sold, m.Sold)
	b.orders = append(b.orders, column(m.Order))
	b.operations = append(b.operations, column(m.Operation))
}

// column is an id as a column has it: NULL for the zero id.
func column(id [16]byte) pgtype.UUID { return pgtype.UUID{Bytes: id, Valid: id != [16]byte{}} }

// The read begins the transaction. Its statements are sent at once, and each sees what was
// committed when it began (so the transaction must be READ COMMITTED): those behind the lock see
// all that was committed before the lock was held.
const (
	readCounts = `SELECT item_id, available_count, sold_count, revision, frozen_at IS NOT NULL, stocked_count
		FROM item_availabilities WHERE item_id = ANY ($1)`
	readLock  = readCounts + ` ORDER BY item_id FOR NO KEY UPDATE`
	readItems = `SELECT i.id, i.sku, i.size, i.eu, i.uk, i.cm, p.id, p.sku, p.brand, p.name, p.color, p.price_cents,
			coalesce($2 || (p.images->0->'renditions'->0->>'name'), p.main_image_url), p.released,
			p.state = 'live', p.paused, p.per_shopper, p.revision, shop_time()
		FROM items i JOIN products p ON p.id = i.product_id WHERE i.id = ANY ($1)`
)

// lock queues the lock of the rows and the queries for what they are.
func (s *Stock) lock(b *pgx.Batch, items []inventory.ItemID) { s.read(b, items, readLock) }

// Look queues queries for what the rows are at this moment, without a lock. It is enough for a
// caller who asks whether something was so at any time after the question. The counts are read
// first.
func (s *Stock) Look(b *pgx.Batch, items []inventory.ItemID) { s.read(b, items, readCounts) }

func (s *Stock) read(b *pgx.Batch, items []inventory.ItemID, statement string) {
	counts := make(map[inventory.ItemID]Row, len(items))
	b.Queue(statement, items).Query(func(rows pgx.Rows) error {
		return scanCounts(rows, func(row Row) { counts[row.ID] = row })
	})
	b.Queue(readItems, items, inventory.ImagePath).Query(func(rows pgx.Rows) error { return s.scanItems(rows, counts) })
}

func scanCounts(rows pgx.Rows, each func(Row)) error {
	var row Row
	_, err := pgx.ForEachRow(rows, []any{&row.ID, &row.Available, &row.Sold, &row.Revision, &row.Frozen, &row.stocked},
		func() error {
			each(row)
			return nil
		})
	return err
}

// scanItems makes the rows of the items that are in the shop.
func (s *Stock) scanItems(rows pgx.Rows, counts map[inventory.ItemID]Row) error {
	var (
		it       inventory.ItemRow
		p        Product
		products = make(map[inventory.ProductID]*Product)
	)
	_, err := pgx.ForEachRow(rows, []any{
		&it.ID, &it.SKU, &it.Size, &it.EU, &it.UK, &it.CM, &p.ID, &p.SKU, &p.Brand, &p.Name, &p.Color, &p.Price,
		&p.MainImageURL, &p.Released, &p.Visible, &p.Paused, &p.Limit, &p.Revision, &s.Now,
	}, func() error {
		row, ok := counts[it.ID]
		if !ok {
			return nil
		}
		product, ok := products[p.ID]
		if !ok {
			product = new(Product)
			*product = p
			products[p.ID] = product
		}
		row.ProductID, row.SKU, row.Size, row.Product = p.ID, it.SKU, it.Size, product
		row.EU, row.UK, row.CM = it.EU, it.UK, it.CM
		s.rows[it.ID] = &row
		return nil
	})
	return err
}

// The write takes the counts by their differences, and the table's CHECK refuses less than nothing,
// whatever was decided.
const (
	writeCounts = `UPDATE item_availabilities a
		SET available_count = a.available_count + d.available, sold_count = a.sold_count + d.sold,
			stocked_count = a.stocked_count + d.stocked,
			frozen_at = CASE WHEN d.thaws THEN NULL WHEN d.freezes THEN now() ELSE a.frozen_at END
		FROM unnest($1::bigint[], $2::integer[], $3::integer[], $4::integer[], $5::boolean[], $6::boolean[])
			d (item_id, available, sold, stocked, thaws, freezes)
		WHERE a.item_id = d.item_id
		RETURNING a.item_id, a.available_count, a.sold_count, a.revision, a.frozen_at IS NOT NULL, a.stocked_count`
	writeMovements = `INSERT INTO stock_movements (reason, who, why, item_id, available_delta, sold_delta, order_id, operation)
		SELECT $1::text, nullif($2::text, ''), nullif($3::text, ''), *
		FROM unnest($4::bigint[], $5::integer[], $6::integer[], $7::uuid[], $8::uuid[])`
)

// write queues the counts and movements of what was moved. If there are counts, the first statement
// returns them.
func (s *Stock) write(b *pgx.Batch) {
	for _, id := range s.froze {
		s.change(id, 0, 0)
	}
	if len(s.moved) > 0 {
		s.writeCounts(b)
	}
	for _, m := range s.byCause {
		b.Queue(writeMovements, m.Reason, m.Who, m.Why, m.items, m.available, m.sold, m.orders, m.operations)
	}
}

func (s *Stock) writeCounts(b *pgx.Batch) {
	ids := slices.Sorted(maps.Keys(s.moved))
	available, sold, stocked := make([]int, len(ids)), make([]int, len(ids)), make([]int, len(ids))
	thaw, freeze := make([]bool, len(ids)), make([]bool, len(ids))
	for i, id := range ids {
		d := s.moved[id]
		available[i], sold[i], stocked[i], thaw[i] = d.available, d.sold, d.stocked, d.thaw
		freeze[i] = slices.Contains(s.froze, id)
	}
	b.Queue(writeCounts, ids, available, sold, stocked, thaw, freeze)
}

// written takes the counts as the database has written them, with their new revisions.
func (s *Stock) written(rows pgx.Rows) error {
	return scanCounts(rows, func(row Row) {
		at := s.rows[row.ID]
		at.Available, at.Sold, at.Revision, at.Frozen = row.Available, row.Sold, row.Revision, row.Frozen
	})
}

// NewerThan returns the items that the catalog has older, and the products: stock that this batch
// or another process has changed, also in an attempt whose outcome was in doubt, and the price or
// release that is the reason of a refusal. A caller's next page is made from the catalog, and must
// not contradict the answer.
func (s *Stock) NewerThan(c *inventory.Catalog) (items []inventory.Change, products []inventory.ProductID) {
	c = c.All()
	for id, row := range s.rows {
		if shown, _, ok := c.Item(id); !ok || shown.Revision < row.Revision {
			change := inventory.Change{Item: &row.ItemRow}
			if d, ok := s.moved[id]; ok {
				change.By = d.by
			}
			items = append(items, change)
		}
		if slices.Contains(products, row.ProductID) {
			continue
		}
		if shown, ok := c.Product(row.ProductID); !ok || shown.Revision < row.Product.Revision {
			products = append(products, row.ProductID)
		}
	}
	return items, products
}

// Publisher is the inventory of a node, as far as those need it who read the database for
// themselves: the catalog, and the ways to renew it.
type Publisher interface {
	Catalog() *inventory.Catalog
	Committed(ctx context.Context, changes ...inventory.Change) error
	Reread(ctx context.Context, products ...inventory.ProductID) error
}

// Publish lets the catalog of a node show what it has older than this stock. Other nodes receive
// the items, and find the products when they compare their rows with the database. Publish waits
// for no watcher, and at most a second for the catalog.
func (s *Stock) Publish(ctx context.Context, to Publisher, log *slog.Logger) {
	items, products := s.NewerThan(to.Catalog())
	if len(items) == 0 && len(products) == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
	defer cancel()
	var err error
	if len(items) > 0 {
		err = to.Committed(ctx, items...)
	}
	if len(products) > 0 {
		err = errors.Join(err, to.Reread(ctx, products...))
	}
	if err != nil {
		log.Info("changes will show in the catalog when it is compared with the database", "err", err)
	}
}
