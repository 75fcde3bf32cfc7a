package inventory

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgerrcode"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"sneakers23/inventory/picture"
)

// Save creates and changes products as the edits say, all of them or, after an error, none. The
// error is [Problems], ErrNotFound, ErrEdited, ErrTwice, or the database's.
//
// Edits are saved one call after the other, whoever makes them. A product that changes has the rows
// of its availability locked first, in the order of their ids, as a sale does: a sale that has read
// the old price or state commits before, and a later one reads the new. So when Save returns, no
// sale contradicts it.
func (s *Store) Save(ctx context.Context, edits []Edit) (saved []Saved, changes []Change, err error) {
	if found := tooMany(edits); len(found) > 0 {
		return nil, nil, found
	}
	e := &editing{edits: trimmed(edits)}
	err = pgx.BeginTxFunc(ctx, s.pool, pgx.TxOptions{IsoLevel: pgx.ReadCommitted}, func(tx pgx.Tx) (err error) {
		if err := sign(ctx, tx); err != nil {
			return err
		}
		if err := e.lock(ctx, tx); err != nil {
			return err
		}
		if saved, err = e.decide(); err != nil {
			return err
		}
		changes, err = e.write(ctx, tx, saved)
		return err
	})
	if err != nil {
		return nil, nil, fmt.Errorf("save products: %w", err)
	}
	return saved, changes, nil
}

// Try returns what Save would do at this moment. It changes and locks nothing. Its error is that of
// Save, but for ErrTwice. Pictures with the ids of coming are counted as there.
func (s *Store) Try(ctx context.Context, edits []Edit, coming ...string) (saved []Saved, err error) {
	if found := tooMany(edits); len(found) > 0 {
		return nil, found
	}
	e := &editing{edits: trimmed(edits), coming: coming}
	snapshot := pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}
	if err = pgx.BeginTxFunc(ctx, s.pool, snapshot, func(tx pgx.Tx) error { return e.read(ctx, tx) }); err == nil {
		saved, err = e.decide()
	}
	if err != nil {
		return nil, fmt.Errorf("try edits of products: %w", err)
	}
	return saved, nil
}

// tooMany returns what is too much for one call.
func tooMany(edits []Edit) Problems {
	c, named := &checker{edit: -1, size: -1}, 0
	for _, e := range edits {
		named += len(e.Sizes)
	}
	if len(edits) > MaxEdits {
		c.fail("products", "are %d, of at most %d at once", len(edits), MaxEdits)
	}
	if named > MaxNamed {
		c.fail("sizes", "are %d in all, of at most %d at once", named, MaxNamed)
	}
	return c.found
}

// trimmed returns the edits without blanks around SKUs, by which rows are found.
func trimmed(edits []Edit) []Edit {
	edits = slices.Clone(edits)
	for i := range edits {
		e := &edits[i]
		e.SKU, e.Sizes = strings.TrimSpace(e.SKU), slices.Clone(e.Sizes)
		for j := range e.Sizes {
			e.Sizes[j].SKU = strings.TrimSpace(e.Sizes[j].SKU)
		}
	}
	return edits
}

// savePatience is how long a call of Save may take, which may write thousands of rows and wait for
// other calls.
const savePatience = 30 * time.Second

// Save creates and changes products, see [Store.Save].
func (s *Server) Save(ctx context.Context, edits []Edit) (saved []Saved, err error) {
	err = s.decideWithin(ctx, savePatience, func(ctx context.Context) (changes []Change, err error) {
		saved, changes, err = s.store.Save(ctx, edits)
		return changes, err
	})
	return saved, err
}

// Try returns what Save would do, see [Store.Try].
func (s *Server) Try(ctx context.Context, edits []Edit, coming ...string) ([]Saved, error) {
	return s.store.Try(ctx, edits, coming...)
}

// editsLock is the advisory lock of those who edit products, by its two keys.
const editsLock = `hashtext('edit products'), hashtext(current_schema())`

// editing is one call of Save, with the rows that the edits name.
type editing struct {
	edits   []Edit
	wanted  []Details // what the edits make of what was read
	held    map[ProductID]*Product
	bySKU   map[string]ProductID
	ofItem  map[string]ProductID // by the SKU of the item
	highest int                  // order of the last product on the page

	pictures map[string][]picture.Rendition // those that the edits give to products
	coming   []string                       // ids of pictures that are not there yet, in a try
}

// lockEdits waits for others who edit products. The tables come before the rows, in the order in
// which a restore and the steps of the schema lock them.
func lockEdits(ctx context.Context, tx pgx.Tx) error {
	for _, sql := range []string{
		`SELECT pg_advisory_xact_lock(` + editsLock + `)`,
		`LOCK TABLE item_availabilities, products, items IN ROW EXCLUSIVE MODE`,
	} {
		if _, err := tx.Exec(ctx, sql); err != nil {
			return err
		}
	}
	return nil
}

// lock waits for other calls of Save, locks what differs from the edits, availabilities first, and
// reads it again.
func (e *editing) lock(ctx context.Context, tx pgx.Tx) error {
	if err := lockEdits(ctx, tx); err != nil {
		return err
	}
	if err := e.read(ctx, tx); err != nil {
		return err
	}
	var differ []ProductID
	for i, edit := range e.edits {
		if p := e.of(edit); p != nil && !e.wanted[i].compare(p).Unchanged() {
			differ = append(differ, p.ID)
		}
	}
	if len(differ) == 0 {
		return nil
	}
	if _, err := lockSizes(ctx, tx, differ...); err != nil {
		return err
	}
	if err := lockDrops(ctx, tx, differ...); err != nil {
		return err
	}
	if _, err := tx.Exec(ctx, `SELECT FROM products WHERE id = ANY ($1) ORDER BY id FOR UPDATE`, differ); err != nil {
		return err
	}
	return e.read(ctx, tx)
}

// read reads the products and items that the edits name.
func (e *editing) read(ctx context.Context, tx pgx.Tx) error {
	ids, skus, itemSKUs, pictures := []ProductID{}, []string{}, []string{}, []string{}
	for _, edit := range e.edits {
		ids, skus = append(ids, edit.Product), append(skus, edit.SKU)
		if edit.Images != nil {
			for _, image := range *edit.Images {
				pictures = append(pictures, image.Picture)
			}
		}
		for _, s := range edit.Sizes {
			itemSKUs = append(itemSKUs, s.SKU)
		}
	}
	e.held = make(map[ProductID]*Product)
	e.bySKU, e.ofItem = make(map[string]ProductID), make(map[string]ProductID)
	if err := tx.QueryRow(ctx, `SELECT coalesce(max("order"), -1) FROM products`).Scan(&e.highest); err != nil {
		return err
	}
	rows, _ := tx.Query(ctx, `SELECT `+productColumns+` FROM products WHERE id = ANY ($1) OR sku = ANY ($2)`, ids, skus)
	products, err := pgx.CollectRows(rows, pgx.RowToStructByPos[ProductRow])
	if err != nil {
		return err
	}
	for _, row := range products {
		e.held[row.ID], e.bySKU[row.SKU] = &Product{ProductRow: row}, row.ID
		ids = append(ids, row.ID)
	}
	rows, _ = tx.Query(ctx, `SELECT `+itemColumns+` FROM items i JOIN item_availabilities a ON a.item_id = i.id
		WHERE i.product_id = ANY ($1) OR i.sku = ANY ($2)`, ids, itemSKUs)
	items, err := pgx.CollectRows(rows, pgx.RowToStructByPos[ItemRow])
	if err != nil {
		return err
	}
	for _, row := range items {
		e.ofItem[row.SKU] = row.ProductID
		if p := e.held[row.ProductID]; p != nil {
			p.Items = append(p.Items, Item{ItemRow: row})
		}
	}
	for _, p := range e.held {
		slices.SortFunc(p.Items, bySize)
	}
	e.pictures = make(map[string][]picture.Rendition)
	for _, id := range e.coming {
		e.pictures[id] = make([]picture.Rendition, 1)
	}
	var (
		id         string
		renditions []picture.Rendition
	)
	rows, _ = tx.Query(ctx, `SELECT id, renditions FROM pictures WHERE id = ANY ($1)`, pictures)
	_, err = pgx.ForEachRow(rows, []any{&id, &renditions}, func() error {
		e.pictures[id], renditions = renditions, nil
		return nil
	})
	e.want()
	return err
}

// want computes what the edits make of what was read. New products come behind the others, in the
// order of the edits.
func (e *editing) want() {
	e.wanted = make([]Details, len(e.edits))
	order := e.highest
	for i, edit := range e.edits {
		p := e.of(edit)
		if p == nil {
			order = min(order+1, MaxOrder)
		}
		e.wanted[i] = edit.over(p, order)
	}
}

// of returns the product of an edit, nil if it is new, or not there any more.
func (e *editing) of(edit Edit) *Product {
	if edit.Product != 0 {
		return e.held[edit.Product]
	}
	return e.held[e.bySKU[edit.SKU]]
}

// decide returns what is to become of the products, or why none of it may be.
func (e *editing) decide() ([]Saved, error) {
	for _, edit := range e.edits {
		switch p := e.of(edit); {
		case p == nil && (edit.Product != 0 || edit.Seen != ""):
			return nil, ErrNotFound
		case p != nil && edit.Seen != "" && edit.Seen != p.Details().Version():
			return nil, fmt.Errorf("%s: %w", p.SKU, ErrEdited)
		}
	}
	if found := e.check(); len(found) > 0 {
		return nil, found
	}
	saved := make([]Saved, len(e.wanted))
	for i, d := range e.wanted {
		saved[i] = d.compare(e.of(e.edits[i]))
	}
	return saved, nil
}

// write writes what was decided, in two round trips, and returns the rows as they are then.
func (e *editing) write(ctx context.Context, tx pgx.Tx, saved []Saved) ([]Change, error) {
	products, sizes := &pgx.Batch{}, &pgx.Batch{}
	for i := range saved {
		e.queueProduct(ctx, products, i, &saved[i])
	}
	e.queueUse(products)
	if err := tx.SendBatch(ctx, products).Close(); err != nil {
		return nil, nameTwice(err)
	}
	for _, unsaid := range []string{"on", "off"} { // sizes of new products are no events of their own
		sizes.Queue(`SELECT set_config('sneakers23.unsaid', $1, true)`, unsaid)
		for i, s := range saved {
			if s.New == (unsaid == "on") {
				queueSizes(ctx, sizes, e.wanted[i].Sizes, s)
			}
		}
	}
	if err := tx.SendBatch(ctx, sizes).Close(); err != nil {
		return nil, nameTwice(err)
	}
	var touched []ProductID
	for _, s := range saved {
		if !s.Unchanged() {
			touched = append(touched, s.ID)
		}
	}
	return productAndItems(ctx, tx, touched)
}

// queueProduct queues what writes the row of a product, if that is new or differs. A new one gets
// its id when the batch is sent.
func (e *editing) queueProduct(ctx context.Context, b *pgx.Batch, i int, s *Saved) {
	d, images := e.wanted[i], e.imagesOf(i)
	switch {
	case s.New:
		b.Queue(`INSERT INTO products
				(sku, "order", brand, name, color, price_cents, main_image_url, state, story, images, per_shopper)
			VALUES ($1, $2, $3, $4, $5, $6, '', $7, $8, $9, $10) RETURNING id`, d.SKU, d.Order, d.Brand, d.Name, d.Color, d.Price, d.State, d.Story, images, d.Limit,
		).QueryRow(func(row pgx.Row) error { return row.Scan(&s.ID) })
	case slices.ContainsFunc(s.Changes, func(c FieldChange) bool { return c.Size == "" }):
		b.Queue(`UPDATE products SET sku = $2, "order" = $3, brand = $4, name = $5, color = $6, price_cents = $7,
				state = $8, story = $9, images = $10, per_shopper = $11,
				release_at = CASE $8 WHEN 'live' THEN release_at END
			WHERE id = $1`,
			s.ID, d.SKU, d.Order, d.Brand, d.Name, d.Color, d.Price, d.State, d.Story, images, d.Limit)
		if d.State != Live {
			leaveDrops(ctx, b, s.ID)
		}
	}
}

// imagesOf returns the images of the product of an edit as its row has them. They stay as they are
// if the edit does not name them.
func (e *editing) imagesOf(i int) []Image {
	images := []Image{}
	if e.edits[i].Images == nil {
		if p := e.of(e.edits[i]); p != nil && len(p.Images) > 0 {
			images = p.Images
		}
		return images
	}
	for _, d := range e.wanted[i].Images {
		images = append(images, Image{d.Picture, d.Alt, e.pictures[d.Picture]})
	}
	return images
}

// queueUse queues what notes that pictures are used, also those that products lose by an edit: so
// the edit can be taken back for a month.
func (e *editing) queueUse(b *pgx.Batch) {
	used := []string{}
	for i, edit := range e.edits {
		if edit.Images == nil {
			continue
		}
		for _, d := range e.wanted[i].Images {
			used = append(used, d.Picture)
		}
		if p := e.of(edit); p != nil {
			for _, image := range p.Images {
				used = append(used, image.Picture)
			}
		}
	}
	if len(used) > 0 {
		b.Queue(`UPDATE pictures SET used_at = now() WHERE id = ANY ($1)`, used)
	}
}

// queueSizes queues what writes the sizes that are new, or not as they were.
func queueSizes(ctx context.Context, b *pgx.Batch, sizes []SizeDetails, s Saved) {
	differ := make(map[string]bool)
	for _, c := range s.Changes {
		differ[c.Size] = true
	}
	for _, size := range sizes {
		switch {
		case slices.Contains(s.Sizes, size.SKU):
			queueItem(ctx, b, s.ID, size)
		case differ[size.SKU]:
			b.Queue(`UPDATE items SET size = $2, eu = $3, uk = $4, cm = $5 WHERE sku = $1`,
				size.SKU, size.Size, size.EU, size.UK, size.CM)
		}
	}
}

// queueItem queues what adds an item with its first pairs. Its availability comes from the table's
// trigger.
func queueItem(ctx context.Context, b *pgx.Batch, product ProductID, s SizeDetails) {
	b.Queue(`INSERT INTO items (product_id, sku, size, eu, uk, cm) VALUES ($1, $2, $3, $4, $5, $6)`,
		product, s.SKU, s.Size, s.EU, s.UK, s.CM)
	if s.Stock == 0 {
		return
	}
	b.Queue(`WITH stocked AS (
			UPDATE item_availabilities SET available_count = $2, stocked_count = $2
			FROM items i WHERE i.id = item_id AND i.sku = $1 RETURNING item_id
		)
		INSERT INTO stock_movements (item_id, reason, available_delta, who)
		SELECT item_id, 'restock', $2, nullif($3, '') FROM stocked`, s.SKU, s.Stock, Actor(ctx))
}

// nameTwice names the error of a SKU or a size that two rows would have: one came while this call
// was reading, or two sizes swap their names.
func nameTwice(err error) error {
	if pg, ok := errors.AsType[*pgconn.PgError](err); ok && pg.Code == pgerrcode.UniqueViolation {
		return fmt.Errorf("%w: %w", ErrTwice, err)
	}
	return err
}

// productAndItems returns products and their items as they are.
func productAndItems(ctx context.Context, tx pgx.Tx, ids []ProductID) ([]Change, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	changes, err := productChanges(tx.Query(ctx, `SELECT `+productColumns+` FROM products WHERE id = ANY ($1)`, ids))
	if err != nil {
		return nil, err
	}
	rows, _ := tx.Query(ctx, `SELECT `+itemColumns+` FROM items i JOIN item_availabilities a ON a.item_id = i.id
		WHERE i.product_id = ANY ($1)`, ids)
	items, err := pgx.CollectRows(rows, pgx.RowToAddrOfStructByPos[ItemRow])
	for _, row := range items {
		changes = append(changes, Change{Item: row})
	}
	return changes, err
}
