package e2e

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/playwright-community/playwright-go"

	"sneakers23/app/waittest"
)

const purchaseButton = "button.purchase-button:enabled"

// cartOf opens a shopper's browser with these items in the cart.
func cartOf(t *testing.T, url string, items ...int) *visitor {
	t.Helper()
	v := newContext(t, playwright.BrowserNewContextOptions{})
	v.visit(url)
	v.cartLive()
	for _, id := range items {
		v.click(size(id))
		v.wait(inCart(id))
	}
	return v
}

// ordered checks that these are the items of all orders, the newest first, and that the books are
// right.
func (s *shop) ordered(want ...string) {
	s.t.Helper()
	var got []string
	for _, o := range s.orders() {
		var items []string
		for _, l := range o.Lines {
			items = append(items, fmt.Sprint(l.Item))
		}
		got = append(got, strings.Join(items, " "))
	}
	if !slices.Equal(got, want) {
		s.t.Errorf("orders of the items %q, want %q", got, want)
	}
	truth(s.t, s.database)
}

func TestFormSentTwice(t *testing.T) {
	t.Parallel()
	s := newScarceShop(t, map[int]int{2: 10, 15: 10})
	v := cartOf(t, s.URL, 2, 15)
	stale := []*visitor{v.tab(), v.tab()}
	for _, other := range stale {
		other.withoutScript()
		other.visit(s.URL + "/checkout")
	}
	v.click(".cart-checkout")
	twice := playwright.LocatorClickOptions{ClickCount: playwright.Int(2), Timeout: limit()}
	if err := v.Locator(purchaseButton).Click(twice); err != nil {
		t.Fatal(err)
	}
	id := v.complete()
	for _, other := range stale {
		other.click(purchaseButton)
		if again := other.complete(); again != id {
			t.Error("the same form made another order")
		}
		other.says("[data-flash]", "You bought this before")
		other.gone(".cart-item")
	}
	if _, err := v.GoBack(); err != nil { // there is nothing left to buy
		t.Fatal(err)
	}
	v.says(".checkout__empty", "No items to checkout!")
	v.click(fmt.Sprintf(`.checkout__empty a[href="/orders/%s"]`, id))
	v.says("h1", "Your order")
	v.gone(".cart-item")
	s.ordered("2 15")
}

// Two tabs buy one cart at one moment, and both show the order.
func TestTwoTabsBuy(t *testing.T) {
	t.Parallel()
	s := newScarceShop(t, map[int]int{2: 10, 15: 10})
	a := cartOf(t, s.URL, 2, 15)
	b := a.tab()
	b.cartLive()
	tabs := []*visitor{a, b}
	for _, v := range tabs {
		v.withoutScript() // which would tell one what the other has bought
		v.visit(s.URL + "/checkout")
		v.wait(purchaseButton)
	}
	var wg sync.WaitGroup
	for _, v := range tabs {
		wg.Go(func() {
			if err := v.Locator(purchaseButton).Click(playwright.LocatorClickOptions{Timeout: limit()}); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if one, other := a.complete(), b.complete(); one != other {
		t.Error("the tabs show different orders")
	}
	for _, v := range tabs {
		v.gone(".cart-item")
	}
	s.ordered("2 15")
}

// A tab has put one more shoe into the cart since the form of the other was opened.
func TestTabWithALineMoreBuys(t *testing.T) {
	t.Parallel()
	s := newScarceShop(t, map[int]int{2: 10, 15: 10})
	a := cartOf(t, s.URL, 2)
	a.withoutScript()
	a.visit(s.URL + "/checkout")
	a.wait(purchaseButton)
	b := a.tab() // after that: a script in the first tab would tell the session what it hears, perhaps late
	b.visit(s.URL)
	b.cartLive()
	b.click(size(15))
	b.wait(inCart(15))
	b.visit("about:blank") // as it is left, its script tells the session what that does not know yet
	b.withoutScript()
	waittest.Until(t, "the session has the second shoe", func() bool {
		b.visit(s.URL + "/checkout")
		return b.count(checkoutLine(15)) == 1
	})

	a.click(purchaseButton)
	first := a.complete()
	a.wait(inCart(15))
	b.click(purchaseButton)
	if id := b.complete(); id != first {
		t.Error("the tab with a line more shows another order")
	}
	b.says("[data-flash]", "You bought a part of this before")
	if n := b.count(checkoutLine(15)); n != 0 {
		t.Error("the order shows what was not bought")
	}
	b.wait(inCart(15))
	b.gone(inCart(2))
	b.checkOut()
	if id := b.complete(); id == first {
		t.Error("the rest went into the first order")
	}
	if _, err := a.Reload(); err != nil {
		t.Fatal(err)
	}
	a.gone(".cart-item")
	s.ordered("15", "2")
}

// Forms of one cart are sent again and again, at one moment, to two nodes: some with one line, some
// with one more.
func TestFormsSentAtOnce(t *testing.T) {
	t.Parallel()
	const rounds, forms = 10, 6
	s := newScarceShop(t, map[int]int{2: 100, 15: 100})
	nodes := []*shop{s, s.another()}
	var bought []string
	for range rounds {
		c := newCustomer(t, s.URL)
		c.add(2)
		less := c.purchase()
		c.add(15)
		more := c.purchase()
		pages := make([]page, forms)
		var wg sync.WaitGroup
		for i := range forms {
			wg.Go(func() {
				p, err := c.at(nodes[i%2].URL).send("/checkout", []url.Values{less, more}[i/2%2])
				if err != nil {
					t.Error(err)
				}
				pages[i] = p
			})
		}
		wg.Wait()
		items := ""
		for i, p := range pages {
			main, _ := p.listed()
			if p.order() == "" || p.order() != pages[0].order() || len(main) == 0 {
				t.Fatalf("form %d led to %s, %q, with %d lines", i, p.path, p.flash(), len(main))
			}
			items = strings.Join(main, " ")
		}
		bought = append(bought, items)
		again := c.post("/checkout", more)
		_, cart := again.listed()
		if left := strings.Join(cart, " "); again.order() != pages[0].order() || left == "15" != (items == "2") {
			t.Fatalf("bought %s, and %q is in the cart", items, left)
		}
		says := "You bought this before"
		if items == "2" {
			says = "You bought a part of this"
		}
		if !strings.HasPrefix(again.flash(), says) {
			t.Errorf("bought %s, and it says %q", items, again.flash())
		}
	}
	slices.Reverse(bought)
	waittest.Until(t, "the first node knows what the other sold", func() bool { // within seconds
		sold := 0
		for _, o := range bought {
			sold += len(strings.Fields(o))
		}
		stock := s.stock()
		return stock[skuOf(2)].Available+stock[skuOf(15)].Available == 200-sold
	})
	s.ordered(bought...)
	t.Logf("bought: %q", bought)
}
