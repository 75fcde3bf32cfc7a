package e2e

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/playwright-community/playwright-go"

	"sneakers23/app/postgres/pgtest"
	"sneakers23/inventory/picture/picturetest"
)

// ownShoes are what the shop of TestShopOfOnesOwn sells.
var ownShoes = []struct{ sku, name, price string }{
	{"VOLT", "Volt Runner", "99.50"}, {"BOLT", "Bolt Low", "120"}, {"AMP", "Amp High", "180"},
}

// TestShopOfOnesOwn leads from an empty database to a drop of three products with their photos,
// which a shopper buys: once by the dashboard alone, in a browser without a script, and once by the
// command line alone. The drop opens by the shop's clock.
func TestShopOfOnesOwn(t *testing.T) {
	t.Parallel()
	photo := writePhoto(t, t.TempDir(), "side.jpg", picturetest.JPEG(picturetest.Quarters(700, 500)))
	for name, open := range map[string]func(t *testing.T, s *shop, photo string, at time.Time){
		"dashboard": openByDashboard, "command line": openByCommands,
	} {
		t.Run(name, func(t *testing.T) {
			s := &shop{t: t, dataDir: t.TempDir(), database: pgtest.URL(t), secret: sharedSecret}
			s.start()
			if _, home := s.get("/"); strings.Contains(home, "product-listing") {
				t.Error("the first page of an empty shop has products")
			}
			at := s.clock().Truncate(time.Second).Add(time.Hour)
			open(t, s, photo, at)

			v := newVisitor(t, s.URL)
			v.says(".wordmark", "Volt Store")
			if n := v.count(".product-listing[data-product-id]"); n != len(ownShoes) {
				t.Errorf("%d products are on the first page, want %d", n, len(ownShoes))
			}
			if n := v.count(`.product-listing .product-art--photo[alt^="From the left: "]`); n != len(ownShoes) {
				t.Errorf("%d of them have photos", n)
			}
			s.setClock(at)
			for _, shoe := range ownShoes {
				block := fmt.Sprintf(`.product-listing:has-text(%q)`, shoe.name)
				v.click(block + ` .size-container__entry:has-text("9")`)
				v.wait(fmt.Sprintf(`.cart-item:has-text(%q)`, shoe.name))
			}
			v.says(".toast__card", "is in your cart")
			v.checkOut()
			v.says("h1", "Your order is complete!")
			v.says("[data-banner]", "All three are here.")
			v.says("main", "$399.50")
			var left int
			s.row(`SELECT sum(available_count) FROM item_availabilities`, nil, &left)
			if left != 3*5-3+7 {
				t.Errorf("%d pairs are left, want 15 from the beginning, 7 of the drop, and 3 sold", left)
			}
		})
	}
}

func openByDashboard(t *testing.T, s *shop, photo string, at time.Time) {
	a := newAdmin(t, s.password, playwright.BrowserNewContextOptions{JavaScriptEnabled: playwright.Bool(false)})
	a.visit(s.URL + "/admin/products")
	a.says("main", "There are no products yet.")
	for _, shoe := range ownShoes {
		a.visit(s.URL + "/admin/new-product")
		for field, value := range map[string]string{
			"name": shoe.name, "sku": shoe.sku, "price": shoe.price, "brand": "Asler", "color": "volt",
		} {
			a.fill("#edit-"+field, value)
		}
		a.fill("tr:nth-child(1) [name=us]", "9")
		a.fill("tr:nth-child(1) [name=stock]", "5")
		if err := a.Locator("[name=photo]").First().SetInputFiles(photo); err != nil {
			t.Fatal(err)
		}
		a.fill(`label:has-text("of new photo 1") [name=alt]`, "From the left: "+shoe.name)
		live := playwright.SelectOptionValues{Values: &[]string{"live"}}
		if _, err := a.Locator("#edit-state").SelectOption(live); err != nil {
			t.Fatal(err)
		}
		a.click("[data-save]")
		a.says("[role=status]", "Saved. All nodes show it.")
	}
	a.click(".admin-nav >> text=Shop")
	a.fill("#edit-name", "Volt Store")
	a.click("[data-save]")
	a.says("[role=status]", "Saved. All nodes show it.")

	a.click(".admin-nav >> text=Drops")
	a.fill("#drop-at", at.UTC().Format("2006-01-02T15:04:05"))
	for _, shoe := range ownShoes {
		a.click(fmt.Sprintf("[name=release][value=%s]", shoe.sku))
	}
	a.fill("#drop-restocks", sizeOf(s, "VOLT")+"=7")
	a.fill("#drop-announces", "All three are here.")
	a.click("text=Plan it")
	a.says("main", "Drop 1 opens "+at.UTC().Format("2 January 2006, 15:04:05 MST"))
	a.says(".drop__acts", "Banner “All three are here.”")
}

// sizeOf returns the SKU of the only size of a product, which its form has made up.
func sizeOf(s *shop, sku string) string {
	s.t.Helper()
	var size string
	s.row(`SELECT i.sku FROM items i JOIN products p ON p.id = i.product_id WHERE p.sku = $1`, []any{sku}, &size)
	return size
}

func openByCommands(t *testing.T, s *shop, photo string, at time.Time) {
	for _, shoe := range ownShoes {
		s.run("products", "create", shoe.sku, "--brand", "Asler", "--name", shoe.name, "--color", "volt", "--price",
			shoe.price, "--size", "sku="+shoe.sku+"-9,us=9,stock=5")
		s.run("products", "image", "add", shoe.sku, photo, "--alt", "From the left: "+shoe.name)
		s.run("products", "edit", shoe.sku, "--state", "live")
	}
	s.run("shop", "set", "--name", "Volt Store")
	plan := fmt.Sprintf("at: %s\nrelease: [VOLT, BOLT, AMP]\nrestock:\n  - {VOLT-9: 7}\nannounce: All three are here.\n",
		at.Format(time.RFC3339))
	file := writePhoto(t, filepath.Dir(photo), "plan.yaml", []byte(plan))
	s.run("drops", "plan", file)
	if out := s.run("drops", "check"); !strings.Contains(out, "0 problems") {
		t.Errorf("drops check: %s", out)
	}
}
