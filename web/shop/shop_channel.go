package shop

import (
	"context"
	"encoding/json"

	"sneakers23/inventory/storefront"
	"sneakers23/replication/pubsub"
	"sneakers23/web/channel"
)

// shopTopic is the topic on which pages follow what is about the whole shop.
const shopTopic = "shop"

// bannerPush is the payload of the event banner: "" when there is none.
type bannerPush struct {
	Text string `json:"text"`
}

// bannerReply is the response to a join.
type bannerReply struct {
	Banner string `json:"banner"`
}

// Banner turns changes of the shop's banner into pushes to the shoppers of this node. Its Watch
// must be among the watchers of the storefront.
//
// The reply to a join has the banner of the look that there is then. Watch is called with that look
// before or after, so no page misses a banner.
type Banner struct {
	front  front
	pubsub *pubsub.PubSub

	shown string // as last pushed; of Watch
}

// NewBanner makes a pusher of the banner.
func NewBanner(f front, ps *pubsub.PubSub) *Banner { return &Banner{front: f, pubsub: ps} }

// Watch pushes the banner of a look if it is another one. It is called for one look after the
// other.
func (b *Banner) Watch(look *storefront.Look) {
	if text := look.Settings().Banner; text != b.shown {
		b.shown = text
		b.pubsub.LocalBroadcast(shopTopic, "banner", bannerPush{text})
	}
}

// ShopRoute lets shoppers follow the shop: the event banner is pushed, and the reply to a join has
// the banner that there is.
func ShopRoute(b *Banner) channel.Route {
	return channel.Route{Pattern: shopTopic, New: func() channel.Channel { return shopChannel{b} }}
}

type shopChannel struct{ banner *Banner }

// Join answers with the banner.
func (c shopChannel) Join(context.Context, *channel.Socket, json.RawMessage) (any, error) {
	look := c.banner.front.Look()
	if !look.Loaded() {
		return nil, ErrNotOpen // the page tries again
	}
	return bannerReply{look.Settings().Banner}, nil
}
