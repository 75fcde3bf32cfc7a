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

	"sneakers23/app/postgres/pgtest"
	"sneakers23/checkout"
	"sneakers23/checkout/ledger"
	"sneakers23/inventory"
	"sneakers23/inventory/stocktest"
	"sneakers23/web/shop"
	"sneakers23/web/webtest"
)

// TestMain ends the database of BenchmarkRefusal.
func TestMain(m *testing.M) { pgtest.Main(m) }

// still is a shelf that nothing is committed for.
type still struct{ *webtest.Shelf }

func (still) Committed(context.Context, ...inventory.Change) error {
	panic("changed what is sold out")
}

func (still) Reread(context.Context, ...inventory.ProductID) error {
	panic("changed what is sold out")
}

// BenchmarkRefusal lets 256 clients buy a pair that is sold out, over loopback. Three rates are
// measured: of refusals of shoppers with cookies, of these together with the pages to which they
// lead, and of the pages that shoppers without cookies are answered with. The form is looked up in
// the database for each refusal and each page; queries/look-up is how many queries that takes.
func BenchmarkRefusal(b *testing.B) {
	const batch, crowd = 25 * 256, 256
	s := stocktest.New(b, 1, 1, 0)
	rows, err := s.Inv.Rows(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	shelf := webtest.NewShelf(rows)
	teller := checkout.NewTeller(checkout.TellerConfig{
		Ledger: ledger.New(ledger.Config{Pool: s.Pool}), Inventory: still{shelf},
	})
	ctx, cancel := context.WithCancel(b.Context())
	ended := make(chan error, 1) // buffer 1: it ends whether or not anything waits
	go func() { ended <- teller.Serve(ctx) }()
	b.Cleanup(func() { cancel(); <-ended })
	site := newSite(b, func(c *Config) {
		c.Log = slog.New(slog.DiscardHandler)
		c.Checkout = shop.NewCheckout(c.Pages, teller, till{}, c.Log)
	})
	form := url.Values{"serialized_cart": {soldOutCart(b, shelf.Catalog())}, "total_cents": {"12000"}}.Encode()
	request := fmt.Sprintf("POST /checkout HTTP/1.1\r\nHost: shop\r\nSec-Fetch-Site: same-origin\r\n"+
		"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: %d\r\n\r\n%s", len(form), form)
	cookies := refusedCookies(b, site, form)
	again := strings.Replace(request, "\r\n", "\r\n"+cookies, 1)
	follow := "GET /checkout HTTP/1.1\r\nHost: shop\r\nAccept: text/html\r\nAccept-Encoding: gzip, deflate, br\r\n" +
		cookies + "\r\n"
	buyers := dialMany(b, site, crowd)
	asked := s.Pool.Stat().AcquireCount()
	var refused, shown, alone time.Duration
	for b.Loop() {
		refused += buyers.ask(b, batch, again, "HTTP/1.1 303 See Other")
		shown += buyers.ask(b, batch, follow, "HTTP/1.1 200 OK")
		alone += buyers.ask(b, batch, request, "HTTP/1.1 200 OK")
	}
	b.ReportMetric(float64(b.N*batch)/refused.Seconds(), "refusals/s")
	b.ReportMetric(float64(b.N*batch)/(refused+shown).Seconds(), "shown/s")
	b.ReportMetric(float64(b.N*batch)/alone.Seconds(), "cookieless/s")
	b.ReportMetric(float64(s.Pool.Stat().AcquireCount()-asked)/float64(4*b.N*batch), "queries/look-up")
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
			line := checkout.Line{ID: checkout.NewLineID(), Product: product.ID, Item: it.ID}
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
