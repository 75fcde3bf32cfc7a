package web

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"sneakers23/checkout"
	"sneakers23/web/shop"
)

// till sells everything that it is asked for.
type till struct{}

const orderID = "SECRET-ORDER-ID"

func (till) Buy(_ context.Context, p checkout.Purchase) (checkout.Order, error) {
	order := checkout.Order{ID: orderID, Status: checkout.Confirmed, Total: p.Total, Buyer: p.Buyer}
	for _, l := range p.Lines {
		order.Lines = append(order.Lines, checkout.OrderLine{LineID: l.ID, Item: l.Item, Name: "Hop Man 3"})
	}
	return order, nil
}

func (till) Order(_ context.Context, id checkout.OrderID) (checkout.Order, error) {
	if id != orderID {
		return checkout.Order{}, checkout.ErrNoOrder
	}
	return checkout.Order{ID: orderID, Status: checkout.Confirmed}, nil
}

func (till) Bought(context.Context, []checkout.LineID) (map[checkout.LineID]checkout.Purchased, error) {
	return nil, nil
}

// customer is a browser with cookies, in a shop that listens.
type customer struct {
	t   *testing.T
	url string
	http.Client
}

func newCustomer(t *testing.T) (*customer, site) {
	t.Helper()
	s := newSite(t, func(cfg *Config) {
		cfg.Checkout = shop.NewCheckout(cfg.Pages, till{}, till{}, slog.New(slog.DiscardHandler))
	})
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	c := &customer{t: t, url: server.URL}
	c.Jar = jar
	return c, s
}

// ask sends a request, follows where it leads, and returns the path there and the page.
func (c *customer) ask(method, path string, form url.Values, header ...string) (*http.Response, string) {
	c.t.Helper()
	r, err := http.NewRequestWithContext(c.t.Context(), method, c.url+path, strings.NewReader(form.Encode()))
	if err != nil {
		c.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	res, err := c.Do(r)
	if err != nil {
		c.t.Fatal(err)
	}
	defer res.Body.Close()
	var page strings.Builder
	if _, err := io.Copy(&page, res.Body); err != nil {
		c.t.Fatal(err)
	}
	return res, page.String()
}

func TestBuyingAPair(t *testing.T) {
	c, s := newCustomer(t)
	res, _ := c.ask("GET", "/checkout", nil)
	if got := res.Request.URL.Path; got != "/" {
		t.Errorf("nothing to check out, and led to %s", got)
	}
	_, answer := c.ask("GET", "/session", nil)
	var v struct {
		CartID string `json:"cart_id"`
	}
	if err := json.Unmarshal([]byte(answer), &v); err != nil || len(v.CartID) != 64 {
		t.Fatalf("session: %s", answer)
	}
	_, page := c.ask("POST", "/cart/add", url.Values{"item_id": {"2"}})
	if !strings.Contains(page, "Hop Man 3, size 9.5 is in your cart.") {
		t.Errorf("added, and the page says:\n%s", page)
	}
	_, page = c.ask("GET", "/checkout", nil)
	token := regexp.MustCompile(`name="serialized_cart" value="([^"]+)"`).FindStringSubmatch(page)
	if token == nil {
		t.Fatalf("no cart to buy:\n%s", page)
	}
	c.ask("GET", "/checkout?serialized_cart="+token[1], nil)
	c.ask("POST", "/checkout/cart", url.Values{"serialized_cart": {token[1]}})
	res, page = c.ask("POST", "/checkout", url.Values{"serialized_cart": {token[1]}, "total_cents": {"12000"}})
	if res.Request.URL.Path != "/checkout/complete" || !strings.Contains(page, `href="/orders/`+orderID) {
		t.Errorf("bought, and led to %s:\n%s", res.Request.URL.Path, page)
	}
	for path, status := range map[string]int{
		"/orders/" + orderID: 200, "/orders/" + orderID + "x": 404, "/orders/": 404,
	} {
		if res, _ := c.ask("GET", path, nil); res.StatusCode != status {
			t.Errorf("%s: %d, want %d", path, res.StatusCode, status)
		}
	}
	log := s.log.String()
	for what, secret := range map[string]string{
		"cart id": v.CartID, "token": token[1], "order id": orderID, "query": "serialized_cart",
	} {
		if strings.Contains(log, secret) {
			t.Errorf("the %s is in the log:\n%s", what, log)
		}
	}
	if !strings.Contains(log, "route=/orders/:id") {
		t.Errorf("nothing is in the log:\n%s", log)
	}
}

// Changes are accepted from pages of this shop only.
func TestOtherSitesCannotShop(t *testing.T) {
	c, _ := newCustomer(t)
	for _, path := range []string{"/cart/add", "/cart/remove", "/checkout/cart", "/checkout", "/session"} {
		res, _ := c.ask("POST", path, url.Values{"item_id": {"2"}}, "Origin", "https://evil.example", "Sec-Fetch-Site",
			"cross-site")
		if res.StatusCode != http.StatusForbidden {
			t.Errorf("%s from another site: %d, want 403", path, res.StatusCode)
		}
	}
	if _, answer := c.ask("GET", "/session", nil); !strings.Contains(answer, `"serialized_cart":null`) {
		t.Errorf("another site has changed the cart: %s", answer)
	}
}
