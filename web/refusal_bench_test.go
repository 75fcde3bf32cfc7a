package web

import (
	"context"
	"fmt"
	"log/slog"
	"net/http/httptest"
	"net/url"
	"strings"
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

// mute is a ledger that nobody may ask.
type mute struct{ till }

func (mute) Bought(context.Context, []checkout.LineID) (map[checkout.LineID]checkout.Purchased, error) {
	panic("asked about what memory settles")
}

// BenchmarkRefusal buys a sold-out pair, over loopback, with forms that were made when that was known. The teller has no
// database at all, and the ledger must not be asked either. Three rates are measured: of refusals of shoppers with cookies,
// of these together with the pages to which they lead, and of the pages that shoppers without cookies are answered with.
func BenchmarkRefusal(b *testing.B) {
	const batch = 1000
	shelf := webtest.NewShelf(webtest.Rows())
	teller := checkout.NewTeller(checkout.TellerConfig{Stock: still{shelf}, Log: slog.New(slog.DiscardHandler)})
	site := newSite(b, func(c *Config) {
		c.Log = slog.New(slog.DiscardHandler)
		c.Checkout = shop.NewCheckout(c.Pages, teller, mute{}, c.Log)
	})
	form := url.Values{"serialized_cart": {soldOutCart(b, shelf.Catalog())}, "total_cents": {"12000"}}.Encode()
	request := fmt.Sprintf("POST /checkout HTTP/1.1\r\nHost: shop\r\nSec-Fetch-Site: same-origin\r\n"+
		"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: %d\r\n\r\n%s", len(form), form)
	cookies := refusedCookies(b, site, form)
	again := strings.Replace(request, "\r\n", "\r\n"+cookies, 1)
	follow := "GET /checkout HTTP/1.1\r\nHost: shop\r\nAccept: text/html\r\nAccept-Encoding: gzip, deflate, br\r\n" + cookies + "\r\n"
	buyers := dial(b, site)
	var refused, shown, alone time.Duration
	for b.Loop() {
		refused += buyers.ask(b, batch, again, "HTTP/1.1 303 See Other")
		shown += buyers.ask(b, batch, follow, "HTTP/1.1 200 OK")
		alone += buyers.ask(b, batch, request, "HTTP/1.1 200 OK")
	}
	b.ReportMetric(float64(b.N*batch)/refused.Seconds(), "refusals/s")
	b.ReportMetric(float64(b.N*batch)/(refused+shown).Seconds(), "shown/s")
	b.ReportMetric(float64(b.N*batch)/alone.Seconds(), "cookieless/s")
}

// refusedCookies is the header with the cookies of a shopper who was refused before.
func refusedCookies(b *testing.B, site site, form string) string {
	r := httptest.NewRequest("POST", "/checkout", strings.NewReader(form))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	w := httptest.NewRecorder()
	site.ServeHTTP(w, r)
	var pairs []string
	for _, cookie := range w.Result().Cookies() {
		pairs = append(pairs, cookie.Name+"="+cookie.Value)
	}
	if len(pairs) != 2 {
		b.Fatalf("refused, and got the cookies %v", w.Result().Cookies())
	}
	return "Cookie: " + strings.Join(pairs, "; ") + "\r\n"
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
			return tokens.Sign(cart, "")
		}
	}
	b.Fatal("nothing is sold out")
	return ""
}
