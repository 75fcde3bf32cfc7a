package e2e

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/playwright-community/playwright-go"
)

// TestPagesAreAccessible lets axe-core look at every page, in light and dark, on a desktop and a
// phone. At full size it does so in all four combinations, else in two that have each of these
// once.
func TestPagesAreAccessible(t *testing.T) {
	t.Parallel()
	axe := readAxe(t)
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
	s.run("devices", "add", "kiosk")
	s.run("devices", "add", "gone")
	s.run("devices", "revoke", "gone", "--yes")
	for variable, value := range map[string]string{"volume": "7", "open": "true", "greeting": "Hello"} {
		kind := map[string]string{"volume": "integer", "open": "boolean", "greeting": "string"}[variable]
		s.run("devices", "set", "kiosk", variable, value, "--type", kind)
	}
	for i, scheme := range []*playwright.ColorScheme{playwright.ColorSchemeLight, playwright.ColorSchemeDark} {
		for j, width := range []int{1280, 360} {
			if i != j && !*full {
				continue
			}
			v := newContext(t, playwright.BrowserNewContextOptions{
				ColorScheme: scheme, Viewport: &playwright.Size{Width: width, Height: 800},
				ReducedMotion:   playwright.ReducedMotionReduce, // nothing is looked at while it fades
				HttpCredentials: &playwright.HttpCredentials{Username: "admin", Password: s.password},
			})
			v.visit(s.URL)
			v.cartLive()
			v.click(size(7))
			v.wait(inCart(7))
			for _, path := range []string{
				"/", "/products/SHU6000", "/products/SHU6100", "/products/NOPE", "/checkout", orders[0], orders[1],
			} {
				v.visit(s.URL + path)
				v.accessible(axe, fmt.Sprintf("%s, %s, %d px wide", path, *scheme, width))
			}
			v.devicesAccessible(axe, s.URL, fmt.Sprintf("%s, %d px wide", *scheme, width))
			for _, dialog := range []string{"", "release", "restock"} {
				what := fmt.Sprintf("/admin, %s, %d px wide, dialog: %s", *scheme, width, dialog)
				v.opensDashboard(s.URL)
				v.wait("[data-nodes] tbody tr") // with its numbers
				if dialog != "" {
					v.click(fmt.Sprintf(`[data-product-id="2"] [data-%s]`, dialog))
				}
				v.accessible(axe, what)
			}
		}
	}
}

// devicesAccessible looks at the page of devices, without and with its dialogs.
func (v *visitor) devicesAccessible(axe, url, what string) {
	v.t.Helper()
	v.visit(url + "/admin/devices")
	v.wait(connected)
	v.click("[data-list] button:has-text('kiosk')")
	v.wait("[data-variable=open]")
	v.accessible(axe, "/admin/devices, "+what)
	for _, opener := range []string{"add", "revoke", "set-new", "set-all", "unset"} {
		v.click("button[data-" + opener + "]")
		v.wait("dialog[open]")
		v.accessible(axe, "/admin/devices, "+what+", dialog: "+opener)
		v.click("dialog[open] [data-cancel]")
	}
}

func readAxe(t *testing.T) string {
	t.Helper()
	axe, err := os.ReadFile("../assets/node_modules/axe-core/axe.min.js")
	if err != nil {
		t.Fatal(err)
	}
	return string(axe)
}

// accessible lets axe look at the page as it is now.
func (v *visitor) accessible(axe, what string) {
	v.t.Helper()
	if !evaluate[bool](v, `typeof axe === "object"`) {
		if _, err := v.Evaluate(axe); err != nil {
			v.t.Fatal(err)
		}
	}
	found := evaluate[string](v, `async () => JSON.stringify(
		(await axe.run({ resultTypes: ["violations"] })).violations
			.map(v => [v.id, v.help, v.nodes.map(n => n.html)]))`)
	var violations []any
	if err := json.Unmarshal([]byte(found), &violations); err != nil {
		v.t.Fatal(err)
	}
	if len(violations) != 0 {
		v.t.Errorf("%s: %s", what, found)
	}
	v.fits(what)
}

// fits reports a page that is wider than the window.
func (v *visitor) fits(what string) {
	v.t.Helper()
	if evaluate[bool](v, "document.documentElement.scrollWidth > innerWidth") {
		v.t.Errorf("%s: the page is wider than the window", what)
	}
}
