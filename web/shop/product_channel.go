package shop

import (
	"context"
	"encoding/json"

	"sneakers23/web/channel"
)

// productTopics begins the topic of each product.
const productTopics = "product:"

// ProductRoute lets shoppers follow a product: product:PRODUCT_ID.
func ProductRoute(p *Pusher) channel.Route {
	return channel.Route{
		Pattern: productTopics + "*",
		New:     func() channel.Channel { return productChannel{p} },
	}
}

// productChannel only pushes: `released`, `scheduled`, `stock_change` and `product`, from the
// [Pusher].
type productChannel struct{ pusher *Pusher }

// Join answers with what the page may have missed, and with the time. The page says in its params
// what it shows.
func (c productChannel) Join(_ context.Context, s *channel.Socket, params json.RawMessage) (any, error) {
	replies, err := c.pusher.repliesForTopic(s.Topic())
	if err != nil {
		return nil, err
	}
	var page pageShows
	if json.Unmarshal(params, &page) != nil {
		page = pageShows{} // what cannot be read says nothing
	}
	return stamped(replies.replyTo(page), c.pusher.pages.shelf.ShopTime()), nil
}
