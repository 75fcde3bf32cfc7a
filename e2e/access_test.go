package e2e

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/playwright-community/playwright-go"
)

// TestPagesAreAccessible lets axe-core look at every page, in light and dark, on a desktop and a phone.
func TestPagesAreAccessible(t *testing.T) {
	t.Parallel()
	axe, err := os.ReadFile("../assets/node_modules/axe-core/axe.min.js")
	if err != nil {
		t.Fatal(err)
	}
	s := newShop(t)
	s.run("restock", "SHU6007", "1")
	s.run("restock", "SHU6008", "2")
	s.run("release", "SHU6000")
	s.run("release", "SHU6100", "--at", "1h")
	var orders []string
	for range 2 {
		buyer := newCustomer(t, s.URL)
		buyer.add(8)
		orders = append(orders, "/orders/"+buyer.post("/checkout", buyer.purchase()).order())
	}
	s.run("orders", "cancel", "--yes", strings.TrimPrefix(orders[1], "/orders/"))
	for _, scheme := range []*playwright.ColorScheme{playwright.ColorSchemeLight, playwright.ColorSchemeDark} {
		for _, width := range []int{1280, 360} {
			v := newContext(t, playwright.BrowserNewContextOptions{
				ColorScheme: scheme, Viewport: &playwright.Size{Width: width, Height: 800},
				ReducedMotion:   playwright.ReducedMotionReduce, // nothing is looked at while it fades
				HttpCredentials: &playwright.HttpCredentials{Username: "admin", Password: s.password},
			})
			v.visit(s.URL)
			v.cartLive()
			v.click(size(7))
			v.wait(inCart(7))
			for _, path := range []string{"/", "/products/SHU6000", "/products/SHU6100", "/products/NOPE", "/checkout", orders[0], orders[1], "/admin"} {
				v.visit(s.URL + path)
				if _, err := v.Evaluate(string(axe)); err != nil {
					t.Fatal(err)
				}
				found := evaluate[string](v, `async () => JSON.stringify(
					(await axe.run()).violations.map(v => [v.id, v.help, v.nodes.map(n => n.html)]))`)
				var violations []any
				if err := json.Unmarshal([]byte(found), &violations); err != nil {
					t.Fatal(err)
				}
				if len(violations) != 0 {
					t.Errorf("%s, %s, %d px wide: %s", path, *scheme, width, found)
				}
				if overflow := evaluate[bool](v, "document.documentElement.scrollWidth > innerWidth"); overflow {
					t.Errorf("%s is wider than %d px", path, width)
				}
			}
		}
	}
}
