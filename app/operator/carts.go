package operator

import (
	"cmp"
	"context"
	"encoding/json"
	"slices"

	"sneakers23/inventory"
	"sneakers23/replication/presence"
	"sneakers23/web/admin"
	"sneakers23/web/shop"
)

// CartsRequest asks for the carts that are open at any node, by key: some of them, behind the one
// named.
type CartsRequest struct {
	After string `json:"after,omitempty"`
	Most  int    `json:"most"` // MostCarts at the most
}

// MostCarts is how many carts stand in one answer.
const MostCarts = 5000

// CartView is a cart as the command line lists it.
type CartView struct {
	Key   string             `json:"key"` // of a shopper, which does not tell the cart's id
	Tabs  int                `json:"tabs"`
	Page  string             `json:"page"`  // of the tab that was opened last
	Items []inventory.ItemID `json:"items"` // by id; some may be none of the shop's
}

func (o *Operator) listCarts(_ context.Context, q CartsRequest) ([]CartView, error) {
	list, err := o.carts.List(admin.CartTracker)
	if err != nil {
		return nil, err
	}
	return viewCarts(list, q.After, min(max(q.Most, 1), MostCarts)), nil
}

// viewCarts are the carts of the tabs in a list, behind a key.
func viewCarts(list []*presence.Presence, after string, most int) []CartView {
	byKey := make(map[string][]*presence.Presence)
	var keys []string
	for _, p := range list {
		if p.Key <= after {
			continue
		}
		if byKey[p.Key] == nil {
			keys = append(keys, p.Key)
		}
		byKey[p.Key] = append(byKey[p.Key], p)
	}
	slices.Sort(keys)
	views := make([]CartView, 0, min(most, len(keys)))
	for _, key := range keys[:min(most, len(keys))] {
		views = append(views, viewCart(key, byKey[key]))
	}
	return views
}

// viewCart tells what the youngest tab tells: all of them have the same cart, or will have in a
// moment.
func viewCart(key string, list []*presence.Presence) CartView {
	tabs := make([]shop.Shopper, len(list))
	for i, p := range list {
		_ = json.Unmarshal(p.Meta, &tabs[i]) // of another version: a tab of which nothing is known
	}
	youngest := slices.MaxFunc(tabs, func(a, b shop.Shopper) int { return cmp.Compare(a.LoadedAt, b.LoadedAt) })
	items := youngest.Items
	if items == nil {
		items = []inventory.ItemID{}
	}
	return CartView{Key: key, Tabs: len(tabs), Page: youngest.Page, Items: items}
}

// Carts lists the carts that are open at any node of the cluster, by key.
func (c *Client) Carts(ctx context.Context, q CartsRequest) ([]CartView, error) {
	return ask[[]CartView](ctx, c, commandCarts, q)
}
