package e2e

import (
	"context"
	"fmt"
	"html"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"sneakers23/app/waittest"
)

// customer is a shopper without a browser. He keeps cookies, and sends forms as often as he likes,
// to any node: cookies know no ports.
type customer struct {
	t      testing.TB
	url    string
	client *http.Client
}

func newCustomer(t testing.TB, url string) *customer {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &customer{t, url, &http.Client{Jar: jar, Timeout: waittest.Limit()}}
}

// at is the same customer at another node.
func (c *customer) at(url string) *customer { return &customer{c.t, url, c.client} }

// page is what the customer sees in the end, after redirects.
type page struct {
	status int
	path   string
	html   string
}

func (c *customer) try(method, path string, body io.Reader, header http.Header) (page, error) {
	req, err := http.NewRequestWithContext(context.WithoutCancel(c.t.Context()), method, c.url+path, body)
	if err != nil {
		return page{}, err
	}
	req.Header = header
	resp, err := c.client.Do(req)
	if err != nil {
		return page{}, err
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	return page{resp.StatusCode, resp.Request.URL.Path, string(b)}, err
}

func (c *customer) get(path string) page {
	c.t.Helper()
	p, err := c.try(http.MethodGet, path, nil, http.Header{})
	if err != nil {
		c.t.Fatal(err)
	}
	return p
}

// send posts a form. It may be called from any goroutine.
func (c *customer) send(path string, form url.Values) (page, error) {
	return c.try(http.MethodPost, path, strings.NewReader(form.Encode()),
		http.Header{"Content-Type": {"application/x-www-form-urlencoded"}})
}

func (c *customer) post(path string, form url.Values) page {
	c.t.Helper()
	p, err := c.send(path, form)
	if err != nil {
		c.t.Fatal(err)
	}
	return p
}

// add puts items into the cart.
func (c *customer) add(items ...int) {
	c.t.Helper()
	for _, id := range items {
		p := c.post("/cart/add", url.Values{"item_id": {fmt.Sprint(id)}})
		if p.status != http.StatusOK || !strings.Contains(p.html, "is in your cart") {
			c.t.Fatalf("item %d was not added: %d at %s", id, p.status, p.path)
		}
	}
}

var hiddenFields = regexp.MustCompile(`<input type="hidden" name="(\w+)" value="([^"]*)">`)

// purchase is the form that buys the cart.
func (c *customer) purchase() url.Values {
	c.t.Helper()
	p := c.get("/checkout")
	_, form, ok := strings.Cut(p.html, `<form class="checkout__form" action="/checkout" method="post">`)
	if !ok {
		c.t.Fatalf("no form to buy at %s:\n%s", p.path, p.html)
	}
	values := url.Values{}
	for _, m := range hiddenFields.FindAllStringSubmatch(form, -1) {
		values.Set(m[1], html.UnescapeString(m[2]))
	}
	return values
}

var orderLinks = regexp.MustCompile(`href="/orders/([^"]+)"`)

// order is the id of the order that a page tells to be complete, "" if it tells of none.
func (p page) order() string {
	if link := orderLinks.FindStringSubmatch(p.html); p.path == "/checkout/complete" && p.status == http.StatusOK &&
		link != nil {
		return link[1]
	}
	return ""
}

var flashes = regexp.MustCompile(`<p class="flash__words">([^<]*)</p>`)

// flash is what the page says at its head.
func (p page) flash() string {
	if m := flashes.FindStringSubmatch(p.html); m != nil {
		return html.UnescapeString(m[1])
	}
	return ""
}

var lines = regexp.MustCompile(`<li class="(checkout-line|cart-item)[^"]*" data-item-id="([1-9]\d*)"`)

// listed are the items of the page's checkout or order, and those of the cart beside it.
func (p page) listed() (main, cart []string) {
	for _, m := range lines.FindAllStringSubmatch(p.html, -1) {
		if m[1] == "cart-item" {
			cart = append(cart, m[2])
		} else {
			main = append(main, m[2])
		}
	}
	return main, cart
}
