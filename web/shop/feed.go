package shop

import (
	"context"
	"strconv"
	"strings"

	"sneakers23/inventory"
)

// PublicTopics are the topics that anybody may read, in a feed too: the products.
var PublicTopics = []string{productTopics + "*"}

// State is what brings a reader of a product's feed up to date: the reply to a join of a page that
// shows nothing. It returns inventory.ErrNotFound for what is no product's topic.
func (p *Pusher) State(_ context.Context, topic string) (any, error) {
	replies, err := p.repliesForTopic(topic)
	if err != nil {
		return nil, err
	}
	return replies.full, nil
}

func (p *Pusher) repliesForTopic(topic string) (joinReplies, error) {
	id, err := strconv.ParseInt(strings.TrimPrefix(topic, productTopics), 10, 64)
	if err != nil || productTopic(inventory.ProductID(id)) != topic { // product:01 would never hear of product 1
		return joinReplies{}, inventory.ErrNotFound
	}
	return p.repliesFor(inventory.ProductID(id))
}
