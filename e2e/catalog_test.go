package e2e

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"sneakers23/inventory"
)

// TestCatalogByCommandLine puts up a product at one node, while shoppers look at the other: as a
// draft, live, released, with another price and another size, out of the shop, and back.
func TestCatalogByCommandLine(t *testing.T) {
	t.Parallel()
	nodes := newCluster(t, 2)
	s, other := nodes[0], nodes[1]
	s.run("products", "create", "VOLT", "--brand", "Asler", "--name", "Volt Runner", "--color", "volt",
		"--price", "99.5", "--story", "Made for the wet.", "--size", "sku=VOLT-9,us=9,eu=42.5,stock=50")
	if status, _ := other.get("/products/VOLT"); status != 404 {
		t.Errorf("the page of a draft has status %d", status)
	}
	if _, home := other.get("/"); strings.Contains(home, "Volt Runner") {
		t.Error("a draft is on the first page")
	}
	if _, said, code := s.try("release", "VOLT"); code != 1 || !strings.Contains(said, "make it live first") {
		t.Errorf("a draft is released: %d, %s", code, said)
	}
	s.run("products", "edit", "volt", "--state", "live")
	s.run("release", "VOLT", "--at", "1h")
	if out := s.run("products", "archive", "VOLT"); !strings.Contains(out, "is called off") {
		t.Errorf("archived with a release to come: %s", out)
	}
	s.run("products", "edit", "volt", "--state", "live")
	s.run("release", "VOLT")

	v := newVisitor(t, other.URL+"/products/VOLT")
	v.says(".story", "Made for the wet.")
	v.says(".size-guide", "42.5")
	const block = `[data-product-id="3"]`
	v.click(block + ` .size-container__entry:has-text("9")`)
	v.says(".toast__card", "is in your cart")
	s.run("products", "edit", "VOLT", "--price", "105", "--size", "sku=VOLT-10,us=10,stock=5")
	v.says(block+" .product-listing__price", "$105")
	v.says(".cart-item__price", "$105")
	v.wait(block + ` .size-container__entry:has-text("10"):enabled`)

	// out of the shop: the open page, the cart, the address and the purchase say so
	if out := s.run("products", "archive", "VOLT"); !strings.Contains(out, "products edit VOLT --state live") {
		t.Errorf("no way back is shown: %s", out)
	}
	v.says(block+" .product-stock", "Not in the shop any more")
	v.says("#cart-container", "A shoe that was in your cart is not sold any more.")
	if status, body := other.get("/products/VOLT"); status != 410 || !strings.Contains(body, "No longer in the shop") {
		t.Errorf("its page has status %d:\n%s", status, body)
	}
	s.run("products", "edit", "VOLT", "--state", "live")
	v.wait(block + ` .size-container__entry:has-text("10"):enabled`)
	v.says(".cart-item__price", "$105")
	v.click(".cart-checkout")
	v.click(".purchase-button")
	v.says("h1", "Your order is complete!")

	// a file is the same in and out, at any node
	file := filepath.Join(t.TempDir(), "shop.yaml")
	s.run("products", "export", file)
	if out := other.run("products", "import", file); !strings.Contains(out, "0 products new, 0 changed, 3 unchanged") {
		t.Errorf("imported again: %s", out)
	}
	for _, name := range []string{"products", "products export"} {
		out := other.run(append(strings.Fields(name), "--json")...)
		if !json.Valid([]byte(out)) {
			t.Errorf("%s --json: %s", name, out)
		}
	}
}

// TestImport imports files that are wrong, and one that changes what shoppers may not expect.
func TestImport(t *testing.T) {
	t.Parallel()
	s := freshShop(t)
	file := filepath.Join(t.TempDir(), "shop.yaml")
	for _, tt := range []struct {
		text string
		args string
		code int
		says string
	}{
		{"products:\n- sku: SHU6000\n  price: 120.005\n", "", 1, `shop.yaml: line 3: price is "120.005"`},
		{"products:\n- sku: SHU6000\n- sku: NEW\n  name: x\n", "", 1, "shop.yaml: line 3: NEW: brand is missing"},
		{
			"products:\n- sku: SHU6000\n- sku: SHU6000\n", "", 1,
			"line 3: SHU6000: sku SHU6000 is that of product 1 as well",
		},
		{
			"products:\n- sku: SHU6000\n  name: \"a\\u202eb\"\n", "", 1,
			"line 3: SHU6000: name has the invisible character U+202E",
		},
		{"\x00\xff", "", 1, "nothing was saved"},
		{"products:\n- sku: SHU6000\n  price: 1\n", "", 2, "SHU6000 Hop Man 3 costs $1 instead of $120."},
		{
			"products:\n- sku: SHU6000\n  state: archived\n", "", 2,
			"SHU6000 Hop Man 3 leaves the shop: it becomes archived.",
		},
		{"products:\n- sku: SHU6000\n  price: 1\n", "--try", 0, "nothing was saved, since this was a try"},
		{"products:\n- sku: SHU6000\n  name: =HYPERLINK(\"x\")\n  price: 130\n", "--yes", 0, "price $130 in place of $120"},
	} {
		if err := os.WriteFile(file, []byte(tt.text), 0o600); err != nil {
			t.Fatal(err)
		}
		out, errOut, code := s.try(append([]string{"products", "import", file}, strings.Fields(tt.args)...)...)
		said := out
		if tt.code != 0 {
			said = errOut
		}
		if code != tt.code || !strings.Contains(said, tt.says) {
			t.Errorf("%q: exit code %d, want %d, with %q in:\n%s%s", tt.text, code, tt.code, tt.says, out, errOut)
		}
	}
	var saved []struct {
		Price inventory.Cents `json:"price_usd"`
		Name  string          `json:"name"`
	}
	if err := json.Unmarshal([]byte(s.run("products", "--json")), &saved); err != nil || saved[0].Price != 130_00 ||
		saved[0].Name != `=HYPERLINK("x")` {
		t.Errorf("got %+v, %v", saved, err)
	}
}
