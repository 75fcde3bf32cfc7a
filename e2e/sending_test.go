package e2e

import (
	"bytes"
	"net/http"
	"testing"

	"github.com/playwright-community/playwright-go"

	"sneakers23/app/waittest"
)

// held keeps the purchases of a visitor on their way, until they are let go or their page gives
// them up.
func (v *visitor) held() (sent chan struct{}, letGo chan<- struct{}) {
	v.t.Helper()
	sent, let := make(chan struct{}, 10), make(chan struct{}, 10) // more than any test sends
	err := v.Route("**/checkout", func(r playwright.Route) {
		if r.Request().Method() != http.MethodPost {
			_ = r.Continue()
			return
		}
		sent <- struct{}{}
		go func() {
			<-let
			_ = r.Continue() // it may be given up
		}()
	})
	if err != nil {
		v.t.Fatal(err)
	}
	v.t.Cleanup(func() { close(let) })
	return sent, let
}

// pressThrice presses the button to purchase three times, notes how it looks, and stops what it has
// begun when the button says that it is busy, as the browser's own button would. It is a script of
// the page: Playwright waits for the page to which a form leads.
const pressThrice = `() => setTimeout(() => {
	const button = document.querySelector(".purchase-button")
	const look = () => button.textContent + (button.getAttribute("aria-busy") ? ", busy" : "")
	for (let i = 0; i < 3; i++) button.click()
	window.looks = [look()]
	new MutationObserver(() => {
		window.looks.push(look())
		if (look() === "Buying…, busy") window.stop()
	}).observe(button, { childList: true })
})`

// The button to purchase is pressed once, says after a second that it is busy, and comes back when
// the form came to nothing.
func TestPurchaseIsPressedOnce(t *testing.T) {
	t.Parallel()
	s := newScarceShop(t, map[int]int{2: 10, 15: 10})
	v := cartOf(t, s.URL, 2)
	other := v.tab()
	other.cartLive()
	v.click(".cart-checkout")
	v.wait(purchaseButton)
	sent, letGo := v.held()
	if _, err := v.Evaluate(pressThrice); err != nil {
		t.Fatal(err)
	}
	waittest.Receive(t, "the purchase is on its way", sent)
	v.wait(purchaseButton + `:not([aria-busy]):has-text("Purchase")`)
	const want = "Purchase, busy; Buying…, busy; Purchase"
	waittest.Until(t, "the button is as before", func() bool {
		return evaluate[string](v, `window.looks.join("; ")`) == want
	})
	if n := len(sent); n != 0 {
		t.Errorf("the form was sent %d times", n+1)
	}

	other.click(size(15))
	v.wait(checkoutLine(15)) // the page follows its cart again
	for range 2 {
		letGo <- struct{}{}
	}
	v.click(purchaseButton)
	v.complete()
	s.ordered("2 15")
}

// The last pair is bought, and the answer is late: the checkout says nothing of what the purchase
// itself has changed.
func TestPurchaseIsNoNews(t *testing.T) {
	t.Parallel()
	s := newScarceShop(t, map[int]int{2: 1})
	v := cartOf(t, s.URL, 2)
	emptied := make(chan struct{}, 10) // more than one is of no interest
	v.OnWebSocket(func(socket playwright.WebSocket) {
		socket.OnFrameReceived(func(frame []byte) {
			if bytes.Contains(frame, []byte(`"cart",{"items":[]`)) {
				emptied <- struct{}{}
			}
		})
	})
	v.click(".cart-checkout")
	v.wait(purchaseButton)
	letGo := make(chan struct{})
	err := v.Route("**/checkout", func(r playwright.Route) {
		if r.Request().Method() != http.MethodPost {
			_ = r.Continue()
			return
		}
		go func() { // the handler itself must not wait
			res, err := r.Fetch(playwright.RouteFetchOptions{MaxRedirects: playwright.Int(0)})
			<-letGo
			if err == nil {
				_ = r.Fulfill(playwright.RouteFulfillOptions{Response: res})
			}
		}()
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := v.Evaluate(`() => {
		const toast = document.querySelector("[data-toast]")
		const keep = () => (sessionStorage.said = toast.textContent)
		new MutationObserver(keep).observe(toast, { childList: true, subtree: true })
		setTimeout(() => document.querySelector(".purchase-button").click())
	}`); err != nil {
		t.Fatal(err)
	}
	waittest.Receive(t, "the cart is empty", emptied)
	close(letGo)
	v.complete()
	if said := evaluate[string](v, `sessionStorage.said ?? ""`); said != "" {
		t.Errorf("the page said %q", said)
	}
}

// While the shop is away, a click does not lose the checkout.
func TestPurchaseWhileTheShopIsAway(t *testing.T) {
	t.Parallel()
	s := newCartShop(t, 2)
	v := cartOf(t, s.URL, 2)
	v.click(".cart-checkout")
	v.wait(purchaseButton)
	s.stop()
	v.says("[data-connection]", "Reconnecting")
	v.click(purchaseButton)
	v.says(".toast__card", "We are not connected.")
	v.wait(purchaseButton + ":not([aria-busy])")
}

// After a refused purchase the focus is on the line that is the reason, with a script and without.
func TestFocusAfterARefusal(t *testing.T) {
	t.Parallel()
	for name, scripts := range map[string]bool{"with a script": true, "without": false} {
		t.Run(name, func(t *testing.T) {
			s := newScarceShop(t, map[int]int{2: 10, 15: 1})
			v := newContext(t, playwright.BrowserNewContextOptions{})
			// so that no page follows the shelf
			if err := v.Route("**/*.js", func(r playwright.Route) { _ = r.Abort() }); err != nil {
				t.Fatal(err)
			}
			v.visit(s.URL)
			for _, item := range []int{2, 15} {
				v.click(size(item))
				v.wait(inCart(item))
			}
			v.click(".cart-checkout")
			v.wait(purchaseButton)
			s.onlyPairs(map[int]int{2: 10})
			if scripts {
				if err := v.Unroute("**/*.js"); err != nil {
					t.Fatal(err)
				}
			}
			v.click(purchaseButton)
			v.says(".flash--error", "out-of-stock")
			v.wait(checkoutLine(15) + ":focus")
			v.says(checkoutLine(15), "Sorry, this shoe is sold out")
		})
	}
}
