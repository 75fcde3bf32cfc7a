package checkout

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"sneakers23/inventory"
)

// A decided error came after the look, from a statement before COMMIT: it is certain that the transaction was not
// committed, and that none before it was.
type decided struct{ error }

func (d decided) Unwrap() error { return d.error }

// An away error came before anything was asked: there was no connection.
type away struct{ error }

func (a away) Unwrap() error { return a.error }

// An unsaid error is a transaction that the database ended otherwise than it was told to, without a reason.
type unsaid struct{ error }

// roundTrip bounds one question to the database beyond what it may wait for locks, so that a connection that has fallen
// silent is given up.
const roundTrip = 2 * time.Second

// try sells to the batch in one transaction of two round trips: one looks, one writes and commits; a lone cart mostly needs
// but one. What it returns without an error is committed. After an error its connection is not used again.
func (t *Teller) try(ctx context.Context, batch []*ticket) (sale, error) {
	conn, err := t.cfg.Pool.Acquire(ctx)
	if err != nil {
		return sale{}, fmt.Errorf("sell carts: %w", away{err})
	}
	defer conn.Release() // which closes it, and so ends the transaction, if that is open
	if err := t.settle(ctx, conn); err != nil {
		return sale{}, fmt.Errorf("set up the connection: %w", away{err})
	}
	if len(batch) == 1 && promising(t.cfg.Stock.Catalog(), batch[0].Purchase) {
		s, ok, err := t.sellLone(ctx, conn, batch[0])
		if ok || err != nil {
			return s, err
		}
	}
	f, err := t.look(ctx, conn, batch)
	if err != nil {
		return sale{}, fmt.Errorf("look at stock: %w", err)
	}
	s := decide(batch, f)
	if len(s.orders) == 0 {
		t.leave(ctx, conn)
	} else if err := t.write(ctx, conn, s, f); err != nil {
		return sale{}, fmt.Errorf("write orders: %w", err)
	} else {
		s.wrote = true
	}
	s.changes = f.newerThan(t.cfg.Stock.Catalog())
	return s, nil
}

// leave ends a transaction in which nothing was written; a COMMIT would wait for the disk. If it fails, the connection
// is closed, which does the same.
func (t *Teller) leave(ctx context.Context, conn *pgxpool.Conn) {
	ctx, cancel := context.WithTimeout(ctx, roundTrip)
	defer cancel()
	_, _ = conn.Exec(ctx, `ROLLBACK`)
}

// settings are those of the teller's connections. The tables may have been empty when a plan was made that is kept until
// they have millions of rows: with sequential scans out of the question, it is a good plan forever.
const settings = `SELECT set_config('lock_timeout', $1, false), set_config('idle_in_transaction_session_timeout', $1, false),
	set_config('statement_timeout', '0', false), set_config('plan_cache_mode', 'force_generic_plan', false),
	set_config('enable_seqscan', 'off', false), set_config('jit', 'off', false)`

// settled marks a connection that has the settings.
const settled = "checkout: settled"

// settle gives a connection the settings, once: in each transaction they would cost a lone buyer a tenth of his time.
func (t *Teller) settle(ctx context.Context, conn *pgxpool.Conn) error {
	marks := conn.Conn().PgConn().CustomData()
	within := strconv.FormatInt(t.cfg.LockWithin.Milliseconds(), 10)
	if marks[settled] == within {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, roundTrip)
	defer cancel()
	if _, err := conn.Exec(ctx, settings, within); err != nil {
		return err
	}
	marks[settled] = within
	return nil
}

// The look begins the transaction. Its statements are sent at once, and each sees what was committed when it began
// (so it must be READ COMMITTED): those behind the lock see all that was sold before the lock was had.
const (
	lookLock = `SELECT item_id, available_count, sold_count, revision FROM item_availabilities WHERE item_id = ANY ($1)
		ORDER BY item_id FOR NO KEY UPDATE`
	lookLines = `SELECT DISTINCT order_id FROM order_lines WHERE line_id = ANY ($1)`
	lookItems = `SELECT i.id, i.product_id, i.sku, i.size, p.sku, p."order", p.brand, p.name, p.color, p.price_cents,
			p.main_image_url, p.released, p.release_at, p.revision, clock_timestamp()
		FROM items i JOIN products p ON p.id = i.product_id WHERE i.id = ANY ($1)`
)

// look locks the rows of the batch's items in the order of their ids, and only then reads what the decision needs.
func (t *Teller) look(ctx context.Context, conn *pgxpool.Conn, batch []*ticket) (facts, error) {
	ctx, cancel := context.WithTimeout(ctx, t.cfg.LockWithin+roundTrip)
	defer cancel()
	items, lines := touched(batch)
	f := facts{
		stock:  make(map[inventory.ItemID]*inventory.ItemRow, len(items)),
		items:  make(map[inventory.ItemID]itemFacts, len(items)),
		bought: make(map[LineID]*Order),

		products: make(map[inventory.ProductID]*inventory.ProductRow, len(items)),
	}
	b := &pgx.Batch{}
	b.Queue(`BEGIN ISOLATION LEVEL READ COMMITTED`)
	b.Queue(lookLock, items).Query(func(rows pgx.Rows) error { return f.readStock(rows) })
	var orders [][16]byte // which hold lines of the batch
	b.Queue(lookLines, lines).Query(func(rows pgx.Rows) (err error) {
		orders, err = pgx.CollectRows(rows, pgx.RowTo[[16]byte])
		return err
	})
	b.Queue(lookItems, items).Query(func(rows pgx.Rows) error { return f.readItems(rows) })
	if err := conn.SendBatch(ctx, b).Close(); err != nil {
		return facts{}, err
	}
	if len(orders) == 0 {
		return f, nil
	}
	return f, f.readEarlier(ctx, conn, orders)
}

// holders tells which rows of the batch somebody else holds at this moment, and who. A row's xmax is the transaction that
// has locked or changed it last.
func (t *Teller) holders(ctx context.Context, batch []*ticket) (map[inventory.ItemID]holder, error) {
	ctx, cancel := context.WithTimeout(ctx, roundTrip)
	defer cancel()
	items, _ := touched(batch)
	rows, _ := t.cfg.Pool.Query(ctx, `
		WITH free AS (
			SELECT item_id FROM item_availabilities WHERE item_id = ANY ($1) FOR NO KEY UPDATE SKIP LOCKED
		)
		SELECT item_id, xmax FROM item_availabilities
		WHERE item_id = ANY ($1) AND item_id NOT IN (SELECT item_id FROM free)`, items)
	held := make(map[inventory.ItemID]holder)
	var (
		id  inventory.ItemID
		who uint32
	)
	_, err := pgx.ForEachRow(rows, []any{&id, &who}, func() error {
		held[id] = holder(who)
		return nil
	})
	return held, err
}

// touched are the items of the batch, each once and in order, and all its lines.
func touched(batch []*ticket) ([]inventory.ItemID, [][16]byte) {
	items := make(map[inventory.ItemID]bool)
	lines := make([][16]byte, 0, len(batch))
	for _, waits := range batch {
		for _, l := range waits.Lines {
			items[l.Item] = true
			lines = append(lines, l.ID)
		}
	}
	return slices.Sorted(maps.Keys(items)), lines
}

func (f *facts) readStock(rows pgx.Rows) error {
	var row inventory.ItemRow
	_, err := pgx.ForEachRow(rows, []any{&row.ID, &row.Available, &row.Sold, &row.Revision}, func() error {
		stock := row
		f.stock[row.ID] = &stock
		return nil
	})
	return err
}

// readEarlier reads the orders that hold lines of the batch: those are seldom there.
func (f *facts) readEarlier(ctx context.Context, conn *pgxpool.Conn, keys [][16]byte) error {
	rows, _ := conn.Query(ctx, selectOrders+` WHERE o.id = ANY ($1)`, keys)
	orders, err := collectOrders(rows)
	for _, o := range orders {
		for _, l := range o.Lines {
			f.bought[l.LineID] = o
		}
	}
	return err
}

func (f *facts) readItems(rows pgx.Rows) error {
	var (
		it itemFacts
		p  inventory.ProductRow
	)
	_, err := pgx.ForEachRow(rows, []any{
		&it.Item, &p.ID, &it.SKU, &it.Size, &p.SKU, &p.Order, &p.Brand, &p.Name, &p.Color, &p.Price,
		&p.MainImageURL, &p.Released, &p.ReleaseAt, &p.Revision, &f.now,
	}, func() error {
		it.Product, it.Brand, it.Name, it.Color = p.ID, p.Brand, p.Name, p.Color
		it.MainImageURL, it.Price, it.Released = p.MainImageURL, p.Price, p.Released
		f.items[it.Item] = it
		product := p
		f.products[p.ID] = &product
		return nil
	})
	return err
}

// The write takes what was decided. Counts are taken down by what is sold, and the table's CHECK refuses less than
// nothing, whatever was decided.
const (
	writeCounts = `UPDATE item_availabilities a
		SET available_count = a.available_count - d.pairs, sold_count = a.sold_count + d.pairs
		FROM unnest($1::bigint[], $2::integer[]) d (item_id, pairs)
		WHERE a.item_id = d.item_id
		RETURNING a.item_id, a.available_count, a.sold_count, a.revision`
	writeOrders = `INSERT INTO orders (id, total_cents, created_at, buyer)
		SELECT * FROM unnest($1::uuid[], $2::bigint[], $3::timestamptz[], $4::uuid[])`
	writeLines = `INSERT INTO order_lines
			(order_id, line_id, item_id, product_id, sku, size, brand, name, color, main_image_url, price_cents)
		SELECT l.order_id, l.line_id, i.* FROM unnest($1::uuid[], $2::uuid[], $3::bigint[]) l (order_id, line_id, item_id)
		JOIN unnest($4::bigint[], $5::bigint[], $6::text[], $7::text[], $8::text[], $9::text[], $10::text[], $11::text[], $12::integer[])
			i (item_id, product_id, sku, size, brand, name, color, main_image_url, price_cents) USING (item_id)`
	writeMovements = `INSERT INTO stock_movements (reason, available_delta, sold_delta, order_id, item_id)
		SELECT 'sale', -1, 1, * FROM unnest($1::uuid[], $2::bigint[])`
)

// write writes and commits in one round trip, and reads the items as they are now. Its error is decided or a doubt.
func (t *Teller) write(ctx context.Context, conn *pgxpool.Conn, s sale, f facts) error {
	ctx, cancel := context.WithTimeout(ctx, t.cfg.LockWithin+roundTrip)
	defer cancel()
	w := newWriting(s)
	i := w.items
	b := &pgx.Batch{}
	b.Queue(writeCounts, i.id, i.pairs)
	b.Queue(writeOrders, w.orders, w.totals, w.times, w.buyers)
	b.Queue(writeLines, w.lineOrders, w.lines, w.lineItems, i.id, i.product, i.sku, i.size, i.brand, i.name, i.color, i.image, i.price)
	b.Queue(writeMovements, w.lineOrders, w.lineItems)
	b.Queue(`COMMIT`)
	results := conn.SendBatch(ctx, b)
	defer results.Close()
	rows, _ := results.Query()
	if err := f.readStock(rows); err != nil {
		return certain(err)
	}
	for range b.Len() - 2 {
		if _, err := results.Exec(); err != nil {
			return certain(err)
		}
	}
	err := committed(results)
	if errors.As(err, new(unsaid)) {
		return decided{err}
	}
	return err
}

// committed reads the answer to COMMIT, the last of a batch. Its error is a doubt, or unsaid.
func committed(results pgx.BatchResults) error {
	tag, err := results.Exec()
	if err == nil {
		err = results.Close()
	}
	switch {
	case err != nil:
		return doubt{err}
	case tag.String() != "COMMIT":
		return unsaid{fmt.Errorf("the database answered COMMIT with %s", tag)}
	}
	return nil
}

// certain tells an error that the server has answered a statement with, after which it ran no other, from one that may
// have come when all was done.
func certain(err error) error {
	if pg, ok := errors.AsType[*pgconn.PgError](err); ok && pg.SeverityUnlocalized == "ERROR" {
		return decided{err}
	}
	return doubt{err}
}

// writing is a sale as columns.
type writing struct {
	orders     [][16]byte
	totals     []inventory.Cents
	times      []time.Time
	buyers     []*[16]byte
	lines      [][16]byte
	lineOrders [][16]byte
	lineItems  []inventory.ItemID
	items      itemColumns
}

type itemColumns struct {
	id                                   []inventory.ItemID
	pairs                                []int
	product                              []inventory.ProductID
	sku, size, brand, name, color, image []string
	price                                []inventory.Cents
}

func newWriting(s sale) writing {
	var w writing
	place := make(map[inventory.ItemID]int)
	for i, o := range s.orders {
		w.orders = append(w.orders, s.keys[i])
		w.totals = append(w.totals, o.Total)
		w.times = append(w.times, o.CreatedAt)
		w.buyers = append(w.buyers, o.Buyer.column())
		for _, l := range o.Lines {
			w.lines = append(w.lines, l.LineID)
			w.lineOrders = append(w.lineOrders, s.keys[i])
			w.lineItems = append(w.lineItems, l.Item)
			at, ok := place[l.Item]
			if !ok {
				at = len(place)
				place[l.Item] = at
				w.items.add(l)
			}
			w.items.pairs[at]++
		}
	}
	return w
}

func (c *itemColumns) add(l OrderLine) {
	c.id = append(c.id, l.Item)
	c.pairs = append(c.pairs, 0)
	c.product = append(c.product, l.Product)
	c.sku = append(c.sku, l.SKU)
	c.size = append(c.size, l.Size)
	c.brand = append(c.brand, l.Brand)
	c.name = append(c.name, l.Name)
	c.color = append(c.color, l.Color)
	c.image = append(c.image, l.MainImageURL)
	c.price = append(c.price, l.Price)
}
