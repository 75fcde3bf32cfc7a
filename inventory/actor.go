package inventory

import (
	"context"
	"maps"

	"github.com/jackc/pgx/v5"
)

type actorKey struct{}

// ActingAs returns a context in which the named operator acts. Commits under it carry the name: in
// the [Change] to all nodes, in the movement of stock and in the event in the database.
func ActingAs(ctx context.Context, who string) context.Context {
	return context.WithValue(ctx, actorKey{}, who)
}

// Actor returns who acts in this context; empty for a shopper, or for the shop itself.
func Actor(ctx context.Context) string {
	who, _ := ctx.Value(actorKey{}).(string)
	return who
}

// sign tells the transaction who acts in it: what it does to products is put down under that name.
func sign(ctx context.Context, tx pgx.Tx) error {
	_, err := tx.Exec(ctx, `SELECT set_config('sneakers23.actor', $1, true)`, Actor(ctx))
	return err
}

// Actors tells which operator changed a row, of those that a [Notice] names. Of several it is the
// last. Rows that shoppers or the shop itself changed have none, and neither have those of which a
// message was lost.
type Actors struct {
	products map[ProductID]string
	items    map[ItemID]string
}

// Product returns who changed the product's row; empty if no operator did.
func (a Actors) Product(id ProductID) string { return a.products[id] }

// Item returns who changed the item's row; empty if no operator did.
func (a Actors) Item(id ItemID) string { return a.items[id] }

func (a *Actors) add(c Change) {
	switch {
	case c.By == "":
	case c.Product != nil:
		if a.products == nil {
			a.products = make(map[ProductID]string)
		}
		a.products[c.Product.ID] = c.By
	default:
		if a.items == nil {
			a.items = make(map[ItemID]string)
		}
		a.items[c.Item.ID] = c.By
	}
}

// addOlder adds who changed rows before those that are there: of a row that both name, what is
// there is later.
func (a *Actors) addOlder(older Actors) {
	a.products = underlay(a.products, older.products)
	a.items = underlay(a.items, older.items)
}

// underlay returns the entries of both maps, those of over where both have one.
func underlay[ID comparable](over, under map[ID]string) map[ID]string {
	if len(under) == 0 {
		return over
	}
	both := maps.Clone(under)
	maps.Copy(both, over)
	return both
}
