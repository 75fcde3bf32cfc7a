package inventory

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgerrcode"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// errTried ends the transaction of a try.
var errTried = errors.New("inventory: only tried")

// Save creates and changes products as the edits say, all of them or, after an error, none. With
// try nothing is saved, and what is returned is what would have been. The error is [Problems],
// ErrNotFound, ErrEdited, ErrTwice, or the database's.
//
// Edits are saved one call after the other, whoever makes them. A product that changes has the rows
// of its availability locked first, in the order of their ids, as a sale does: a sale that has read
// the old price or state commits before, and a later one reads the new. So when Save returns, no
// sale contradicts it.
func (s *Store) Save(ctx context.Context, edits []Edit, try bool) (saved []Saved, changes []Change, err error) {
	if len(edits) > MaxEdits {
		text := fmt.Sprintf("are %d, of at most %d at once", len(edits), MaxEdits)
		return nil, nil, Problems{{Edit: -1, Size: -1, Field: "products", Text: text}}
	}
	err = pgx.BeginTxFunc(ctx, s.pool, pgx.TxOptions{IsoLevel: pgx.ReadCommitted}, func(tx pgx.Tx) error {
		if err := sign(ctx, tx); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, `SELECT pg_advisory_xact_lock(hashtext('edit products'), hashtext(current_schema()))`)
		if err != nil {
			return err
		}
		e := &editing{edits: trimmed(edits)}
		if err := e.lock(ctx, tx); err != nil {
			return err
		}
		if saved, changes, err = e.write(ctx, tx); err == nil && try {
			return errTried
		}
		return err
	})
	switch {
	case errors.Is(err, errTried):
		for i := range saved {
			if saved[i].New {
				saved[i].ID = 0
			}
		}
		return saved, nil, nil
	case err != nil:
		return nil, nil, fmt.Errorf("save products: %w", err)
	}
	return saved, changes, nil
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

// Save creates and changes products, see [Store.Save].
func (s *Server) Save(ctx context.Context, edits []Edit, try bool) (saved []Saved, err error) {
	err = s.decide(ctx, func(ctx context.Context) (changes []Change, err error) {
		saved, changes, err = s.store.Save(ctx, edits, try)
		return changes, err
	})
	return saved, err
}

// editing is one call of Save, with the rows that the edits name.
type editing struct {
	edits   []Edit
	wanted  []Details // what the edits make of what was read
	held    map[ProductID]*Product
	bySKU   map[string]ProductID
	ofItem  map[string]ProductID // by the SKU of the item
	highest int                  // order of the last product on the page
}

// lock locks what differs from the edits, availabilities first, and reads it again.
func (e *editing) lock(ctx context.Context, tx pgx.Tx) error {
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
	_, err := tx.Exec(ctx, `SELECT FROM item_availabilities
		WHERE item_id IN (SELECT id FROM items WHERE product_id = ANY ($1)) ORDER BY item_id FOR NO KEY UPDATE`, differ)
	if err != nil {
		return err
	}
	if _, err := tx.Exec(ctx, `SELECT FROM products WHERE id = ANY ($1) ORDER BY id FOR UPDATE`, differ); err != nil {
		return err
	}
	return e.read(ctx, tx)
}

// read reads the products and items that the edits name.
func (e *editing) read(ctx context.Context, tx pgx.Tx) error {
	ids, skus, itemSKUs := []ProductID{}, []string{}, []string{}
	for _, edit := range e.edits {
		ids, skus = append(ids, edit.Product), append(skus, edit.SKU)
		for _, s := range edit.Sizes {
			itemSKUs = append(itemSKUs, s.SKU)
		}
	}
	e.held, e.bySKU, e.ofItem = make(map[ProductID]*Product), make(map[string]ProductID), make(map[string]ProductID)
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
	e.want()
	return nil
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

// write writes what differs, and returns the rows as they are then.
func (e *editing) write(ctx context.Context, tx pgx.Tx) (saved []Saved, changes []Change, err error) {
	for _, edit := range e.edits {
		switch p := e.of(edit); {
		case p == nil && (edit.Product != 0 || edit.Seen != ""):
			return nil, nil, ErrNotFound
		case p != nil && edit.Seen != "" && edit.Seen != p.Details().Version():
			return nil, nil, fmt.Errorf("%s: %w", p.SKU, ErrEdited)
		}
	}
	if found := e.check(); len(found) > 0 {
		return nil, nil, found
	}
	var touched []ProductID
	for i, d := range e.wanted {
		s := d.compare(e.of(e.edits[i]))
		if !s.Unchanged() {
			if s.ID, err = put(ctx, tx, d, s); err != nil {
				return nil, nil, nameTwice(err)
			}
			touched = append(touched, s.ID)
		}
		saved = append(saved, s)
	}
	changes, err = productAndItems(ctx, tx, touched)
	return saved, changes, err
}

// put writes one product, and its sizes.
func put(ctx context.Context, tx pgx.Tx, d Details, s Saved) (id ProductID, err error) {
	id = s.ID
	switch {
	case s.New:
		err = tx.QueryRow(ctx, `INSERT INTO products (sku, "order", brand, name, color, price_cents, main_image_url, state, story)
			VALUES ($1, $2, $3, $4, $5, $6, '', $7, $8) RETURNING id`,
			d.SKU, d.Order, d.Brand, d.Name, d.Color, d.Price, d.State, d.Story).Scan(&id)
	case slices.ContainsFunc(s.Changes, func(c FieldChange) bool { return c.Size == "" }):
		_, err = tx.Exec(ctx, `UPDATE products SET sku = $2, "order" = $3, brand = $4, name = $5, color = $6, price_cents = $7,
				state = $8, story = $9, release_at = CASE $8 WHEN 'live' THEN release_at END
			WHERE id = $1`, id, d.SKU, d.Order, d.Brand, d.Name, d.Color, d.Price, d.State, d.Story)
	}
	if err != nil {
		return 0, err
	}
	return id, putSizes(ctx, tx, id, d.Sizes, s)
}

// putSizes writes the sizes that are new, or not as they were. Those of a new product are no events
// of their own.
func putSizes(ctx context.Context, tx pgx.Tx, id ProductID, sizes []SizeDetails, saved Saved) error {
	differ := make(map[string]bool)
	for _, c := range saved.Changes {
		differ[c.Size] = true
	}
	b := &pgx.Batch{}
	if saved.New {
		b.Queue(`SELECT set_config('sneakers23.unsaid', 'on', true)`)
	}
	for _, s := range sizes {
		switch {
		case slices.Contains(saved.Sizes, s.SKU):
			queueItem(ctx, b, id, s)
		case differ[s.SKU]:
			b.Queue(`UPDATE items SET size = $2, eu = $3, uk = $4, cm = $5 WHERE sku = $1`, s.SKU, s.Size, s.EU, s.UK, s.CM)
		}
	}
	b.Queue(`SELECT set_config('sneakers23.unsaid', 'off', true)`)
	return tx.SendBatch(ctx, b).Close()
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
