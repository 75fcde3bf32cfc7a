package inventory

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

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
