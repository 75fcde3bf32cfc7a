package shop

import (
	"strconv"

	"sneakers23/inventory"
)

// itemOutTopic is the topic on which carts hear that they show an item otherwise than it is: it
// sold out, it came back, its product was released or changed, or the other sizes that a sold-out
// one offers did. No client can join it.
func itemOutTopic(id inventory.ItemID) string {
	return "item_out:" + strconv.FormatInt(int64(id), 10)
}

// itemOut is the payload of the event item_out. The catalog has the state of the item.
type itemOut struct {
	ItemID inventory.ItemID `json:"item_id"`
}

func (p *Pusher) announce(id inventory.ItemID) {
	p.pubsub.LocalBroadcast(itemOutTopic(id), "item_out", itemOut{id})
}

// announceProduct is called when a product's row has changed: it was released, most likely.
func (p *Pusher) announceProduct(c *inventory.Catalog, id inventory.ProductID) {
	product, ok := c.Product(id)
	if !ok {
		return // its items are named by notices of their own
	}
	for _, it := range product.Items {
		p.announce(it.ID)
	}
}

// announceLevel tells the carts with the item if it sold out or came back, and those with a
// sold-out size of the same product, which offer the others.
func (p *Pusher) announceLevel(before inventory.Level, item inventory.Item, product *inventory.Product) {
	if (before == inventory.LevelOut) != (item.Level == inventory.LevelOut) {
		p.announce(item.ID)
	}
	for _, it := range product.Items {
		if it.ID != item.ID && it.Level == inventory.LevelOut {
			p.announce(it.ID)
		}
	}
}
