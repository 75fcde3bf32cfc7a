package shop

import (
	"encoding/json"
	"testing"

	"sneakers23/checkout"
	"sneakers23/replication/pubsub"
	"sneakers23/web/webtest"
)

// heard lets carts hear what another node says of a cart, and tells whether it is to be answered.
func heard(t *testing.T, carts *Carts, id string, news cartNews) bool {
	t.Helper()
	payload, err := json.Marshal(news)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := carts.receiveNews(id, json.RawMessage(payload))
	if err != nil {
		t.Fatal(err)
	}
	return answer
}

// A node that knows less is answered, once for all tabs that hear it.
func TestNewsAreAnsweredOnce(t *testing.T) {
	t.Parallel()
	here, there := newCarts(t, pubsub.New(), 10), newCarts(t, pubsub.New(), 10)
	catalog := webtest.NewShelf(webtest.Rows()).Catalog()
	id, cart := newCartID(), cartWith(t, catalog, 2)
	here.enter(id, cart)
	here.enter(id, checkout.Cart{})
	for range 2 {
		news := there.news(id, checkout.Cart{}) // of one who has just joined
		if !heard(t, here, id, news) {
			t.Error("who knows nothing is told nothing")
		}
		if heard(t, here, id, news) {
			t.Error("every tab answers the same news")
		}
	}
	if heard(t, here, id, there.news(id, cart)) {
		t.Error("who knows all is told it")
	}
	if heard(t, here, id, here.news(id, checkout.Cart{})) {
		t.Error("the node answers itself")
	}
}

// Nodes that cannot read each other have nothing to say to each other: they would say it without
// end.
func TestUnreadableNewsAreNotAnswered(t *testing.T) {
	t.Parallel()
	tokens, err := checkout.NewTokens([]string{"another secret"})
	if err != nil {
		t.Fatal(err)
	}
	catalog := webtest.NewShelf(webtest.Rows()).Catalog()
	here, there := newCarts(t, pubsub.New(), 10), NewCarts(CartsConfig{Tokens: tokens, PubSub: pubsub.New()})
	id, cart := newCartID(), cartWith(t, catalog, 2)
	here.enter(id, cart)
	if heard(t, here, id, there.news(id, cartWith(t, catalog, 6))) {
		t.Error("what cannot be read is answered")
	}
	if now, _ := here.of(id); !now.Equal(cart) {
		t.Errorf("the cart has %v", now.Lines())
	}
}
