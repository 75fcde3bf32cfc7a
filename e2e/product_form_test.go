package e2e

import (
	"strings"
	"testing"

	"github.com/playwright-community/playwright-go"

	"sneakers23/inventory/picture/picturetest"
)

// TestProductForm makes a product of one's own at the dashboard: with a mistake first, then with
// sizes and a photo; it is seen at another node, changed while another admin changes it, and taken
// out of the shop. One browser has no script.
func TestProductForm(t *testing.T) {
	t.Parallel()
	nodes := newCluster(t, 2)
	s, other := nodes[0], nodes[1]
	a := newAdmin(t, sharedPassword, playwright.BrowserNewContextOptions{})
	photo := writePhoto(t, t.TempDir(), "side.jpg", picturetest.JPEG(picturetest.Quarters(700, 500)))
	a.visit(s.URL + "/admin")
	a.click(".admin-nav >> text=Products")
	a.says(".catalog", "Hop Man 3")
	a.click("text=New product")
	for field, value := range map[string]string{"name": "Volt Runner", "color": "volt", "sku": "VOLT",
		"story": "Made for the wet."} {
		a.fill("#edit-"+field, value)
	}
	a.fill("#edit-price", "a lot")
	a.fill("tr:nth-child(1) [name=us]", "9")
	a.fill("tr:nth-child(1) [name=stock]", "50")
	if err := a.Locator("[name=photo]").First().SetInputFiles(photo); err != nil {
		t.Fatal(err)
	}
	a.click("[data-save]")
	a.says("[role=alert]", "Nothing was saved yet")
	a.says("[role=alert]", "Price: is \"a lot\"")
	a.says("[role=alert]", "Photos") // it has no text, which the same answer tells
	a.says("[role=alert]", "Brand: is missing")
	if status, _ := s.get("/admin/products/VOLT"); status != 401 {
		t.Errorf("the preview has status %d without a password", status)
	}
	a.fill("#edit-price", "99.50")
	a.fill("#edit-brand", "Asler")
	a.fill(".edit__image [name=alt]", "From the left")
	a.click("[data-save]")
	a.says("[role=status]", "Saved. All nodes show it.")
	a.wait(`.edit__thumb[src^="/images/"]`)
	if status, _ := other.get("/products/VOLT"); status != 404 {
		t.Errorf("the page of a draft has status %d", status)
	}
	if _, err := a.Locator("#edit-state").SelectOption(playwright.SelectOptionValues{
		Values: &[]string{"live"},
	}); err != nil {
		t.Fatal(err)
	}
	a.click("[data-save]")
	a.says("[role=status]", "Saved. All nodes show it.")
	s.run("release", "VOLT")
	v := newVisitor(t, other.URL+"/products/VOLT")
	v.wait(`.product-art--photo[alt="From the left"]`)
	v.says(".story", "Made for the wet.")
	v.click(".size-container__entry:has-text(\"9\")")
	v.says(".toast__card", "is in your cart")

	// a drop, planned at the dashboard
	a.visit(s.URL + "/admin/drops")
	a.says("main", "No drop is planned.")
	if err := a.Locator("#drop-at").Fill("2031-12-24T18:00"); err != nil {
		t.Fatal(err)
	}
	a.fill("#drop-zone", "Europe/Berlin")
	a.click("[name=release][value=SHU6100]")
	a.fill("#drop-restocks", "SHU6101=50")
	a.click("text=Plan it")
	a.says("main", "Drop 1 opens 24 December 2031, 18:00:00 CET")
	a.says("main", "50 pairs of Breezy Boost 600, size 6 (SHU6101)")
	w := newVisitor(t, other.URL)
	w.wait(`[data-product-id="2"] [data-countdown][datetime="2031-12-24T17:00:00Z"]`)
	a.click("text=Cancel the drop")
	a.click("text=Cancel drop 1")
	a.says("main", "Drop 1, cancelled")
	w.gone(`[data-product-id="2"] [data-countdown]:not([hidden])`)
	a.visit(s.URL + "/admin/products/VOLT/edit")

	// another admin is faster
	other.run("products", "edit", "VOLT", "--price", "110")
	a.fill("#edit-name", "Volt Racer")
	a.click("[data-save]")
	a.says("[role=alert]", "somebody else has changed the product meanwhile")
	a.says("[role=alert]", "price: $110 becomes $99.50")
	v.says(".product-listing__price", "$110")
	a.fill("#edit-price", "110")
	a.click("[data-save]")
	a.says("[role=status]", "Saved. All nodes show it.")
	v.says(".product-listing__name", "Volt Racer")

	// without a script
	quiet := newAdmin(t, sharedPassword, playwright.BrowserNewContextOptions{JavaScriptEnabled: playwright.Bool(false)})
	quiet.visit(other.URL + "/admin/products/VOLT/edit")
	quiet.fill("tr:nth-child(2) [name=us]", "10")
	quiet.fill("tr:nth-child(2) [name=stock]", "5")
	quiet.click("[data-save]")
	quiet.says("[role=status]", "Saved.")
	v.wait(".size-container__entry:has-text(\"10\"):enabled")
	if _, err := quiet.Locator("#edit-state").SelectOption(playwright.SelectOptionValues{
		Values: &[]string{"archived"},
	}); err != nil {
		t.Fatal(err)
	}
	quiet.click("[data-save]")
	quiet.says("[role=status]", "Saved.")
	v.says(".product-stock", "Not in the shop any more")
	if log := other.log.String(); !strings.Contains(log, "product is saved") || !strings.Contains(log,
		`who="the dashboard"`) {
		t.Errorf("the log does not tell who did it:\n%s", log)
	}
}
