package web

import (
	"context"
	"fmt"
	"log/slog"
	"net/url"
	"testing"
	"time"

	"sneakers23/checkout"
	"sneakers23/inventory"
	"sneakers23/web/shop"
	"sneakers23/web/webtest"
)

// still is an inventory in which nothing is sold.
type still struct{ *webtest.Shelf }

func (still) Committed(context.Context, ...inventory.Change) error {
	panic("sold what is sold out")
}

// BenchmarkRefusal buys what is sold out, over loopback, with forms that were made when that was known. The teller has no
// database at all.
func BenchmarkRefusal(b *testing.B) {
	const batch = 1000
	shelf := webtest.NewShelf(webtest.Rows())
	teller := checkout.NewTeller(checkout.TellerConfig{Stock: still{shelf}, Log: slog.New(slog.DiscardHandler)})
	site := newSite(b, func(c *Config) {
		c.Log = slog.New(slog.DiscardHandler)
		c.Checkout = shop.NewCheckout(c.Pages, teller, till{}, c.Log)
	})
	form := url.Values{"serialized_cart": {soldOutCart(b, shelf.Catalog())}, "total_cents": {"12000"}}.Encode()
	request := fmt.Sprintf("POST /checkout HTTP/1.1\r\nHost: shop\r\nSec-Fetch-Site: same-origin\r\n"+
		"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: %d\r\n\r\n%s", len(form), form)
	buyers := dial(b, site)
	var took time.Duration
	for b.Loop() {
		took += buyers.ask(b, batch, request, "HTTP/1.1 303 See Other")
	}
	b.ReportMetric(float64(b.N*batch)/took.Seconds(), "refusals/s")
}

// soldOutCart is the token of a cart with an item that is out, as the checkout signs it.
func soldOutCart(b *testing.B, catalog *inventory.Catalog) string {
	tokens, err := checkout.NewTokens([]string{"secret"})
	if err != nil {
		b.Fatal(err)
	}
	for product := range catalog.Products() {
		for _, it := range product.Items {
			if it.Available > 0 || !product.Released {
				continue
			}
			line := checkout.Line{ID: checkout.NewLineID(), Product: product.ID, Item: it.ID, OutAt: it.Revision}
			cart, err := checkout.Cart{}.Add(line, checkout.NewActor(), 1)
			if err != nil {
				b.Fatal(err)
			}
			return tokens.Sign(cart)
		}
	}
	b.Fatal("nothing is sold out")
	return ""
}
