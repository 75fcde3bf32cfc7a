package e2e

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/playwright-community/playwright-go"
)

// denials are scripts that deny a page what a browser, its settings or an extension may deny.
// Cookies are kept off by the gate too.
var denials = map[string]string{
	"localStorage":   `refuse(window, "localStorage")`,
	"sessionStorage": `refuse(window, "sessionStorage")`,
	"locks": `Object.defineProperty(navigator, "locks", {
		value: { request: () => Promise.reject(denied()), query: () => Promise.reject(denied()) },
	})`,
	"BroadcastChannel": `window.BroadcastChannel = function () { throw denied() }`,
	"cookies":          `refuse(Document.prototype, "cookie")`,
}

const deny = `(() => {
	const denied = () => new DOMException("denied", "SecurityError")
	const refuse = (owner, name) => Object.defineProperty(owner, name, {
		get() { throw denied() },
		set() { throw denied() },
	})
	%s
})()`

// Whatever a browser denies to pages, alone or all of it: they stay live, the cart works, and it
// can be bought.
func TestDeniedFacilities(t *testing.T) {
	t.Parallel()
	s := newScarceShop(t, map[int]int{2: 100})
	g := newGate(t, s.URL)
	rows := [][]string{nil}
	for name := range denials {
		rows[0] = append(rows[0], name)
		rows = append(rows, []string{name})
	}
	for i, row := range rows {
		slices.Sort(row)
		t.Run(strings.Join(row, ", "), func(t *testing.T) {
			g.noCookies.Store(slices.Contains(row, "cookies"))
			v := newContext(t, playwright.BrowserNewContextOptions{
				HttpCredentials: &playwright.HttpCredentials{Username: "admin", Password: s.password},
			})
			var scripts []string
			for _, name := range row {
				scripts = append(scripts, denials[name])
			}
			script := fmt.Sprintf(deny, strings.Join(scripts, "\n"))
			if err := v.AddInitScript(playwright.Script{Content: &script}); err != nil {
				t.Fatal(err)
			}
			v.visit(g.URL)
			v.cartLive()
			v.live()
			if _, err := v.Evaluate("window.sameDocument = true"); err != nil {
				t.Fatal(err)
			}
			other := 3 + i // not made less scarce yet
			v.wait(sizeAt(other, "out"))
			s.run("restock", skuOf(other), "1")
			v.wait(sizeAt(other, "low") + ":enabled")
			v.click(size(2))
			v.wait(inCart(2))
			if !evaluate[bool](v, "window.sameDocument === true") {
				t.Error("the page was loaded anew")
			}
			v.click(".cart-checkout")
			v.wait(checkoutLine(2))
			v.wait(purchaseButton)
			v.opensDashboard(g.URL)
		})
	}
}
