package shop

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"sneakers23/inventory"
	"sneakers23/inventory/picture"
	"sneakers23/web/webtest"
)

// TestLinkedData reads the data block of a product's page as a search engine does.
func TestLinkedData(t *testing.T) {
	t.Parallel()
	due := time.Date(2031, 5, 2, 20, 0, 0, 0, time.UTC)
	levels := func(left ...int) []inventory.ItemRow {
		var items []inventory.ItemRow
		for i, n := range left {
			items = append(items, inventory.ItemRow{
				ID: inventory.ItemID(i + 1), ProductID: 1, SKU: "I" + string(rune('0'+i)),
				Size: string(rune('1' + i)), Available: n, Revision: 1,
			})
		}
		return items
	}
	for name, tt := range map[string]struct {
		released bool
		at       *time.Time
		items    []inventory.ItemRow
		want     string
		og       string
		paused   inventory.Pause
	}{
		"plenty":      {true, nil, levels(0, 600), "InStock", "in stock", inventory.NotPaused},
		"few":         {true, nil, levels(0, 3), "LimitedAvailability", "in stock", inventory.NotPaused},
		"none":        {true, nil, levels(0, 0), "SoldOut", "out of stock", inventory.NotPaused},
		"no sizes":    {true, nil, nil, "OutOfStock", "pending", inventory.NotPaused},
		"soon":        {false, nil, levels(600), "OutOfStock", "pending", inventory.NotPaused},
		"scheduled":   {false, &due, levels(600), "OutOfStock", "pending", inventory.NotPaused},
		"paused":      {true, nil, levels(0, 600), "OutOfStock", "pending", inventory.ProductPaused},
		"shop paused": {true, nil, levels(0, 600), "OutOfStock", "pending", inventory.ShopPaused},
	} {
		rows := inventory.Rows{Items: tt.items, Products: []inventory.ProductRow{{
			ID: 1, SKU: "VOLT", Name: "Volt " + evil, Brand: evil, Color: evil, Story: evil, Price: 9950,
			Released: tt.released, Paused: tt.paused, ReleaseAt: tt.at, Revision: 1, Images: []inventory.Image{{
				Picture: "p", Alt: evil, Renditions: []picture.Rendition{{Name: "a.jpg", Width: 480, Height: 300}},
			}},
		}}}
		f := webtest.NewFront()
		f.Put(volt(2))
		page := bodyOf(t, visit(t, newFrontPages(t, webtest.NewShelf(rows), f).Product, "VOLT"))
		if n := strings.Count(page, "<script"); n != 2 || strings.Contains(page, "alert(1)</script>") {
			t.Errorf("%s: %d scripts in\n%s", name, n, page)
		}
		found := linkedScript.FindStringSubmatch(page)
		if found == nil {
			t.Fatalf("%s: no data in\n%s", name, page)
		}
		var data linkedProduct
		if err := json.Unmarshal([]byte(found[1]), &data); err != nil {
			t.Fatalf("%s: %v in %s", name, err, found[1])
		}
		if data.Name != "Volt "+evil || data.Brand.Name != evil || data.Description != evil ||
			data.Offers.Price != "99.50" ||
			data.Offers.URL != "https://volt.example/products/VOLT" ||
			data.Image[0] != "https://volt.example/images/a.jpg" {
			t.Errorf("%s: %+v", name, data)
		}
		if data.Offers.Availability != "https://schema.org/"+tt.want || (data.Offers.Starts != nil) != (tt.at != nil) {
			t.Errorf("%s: %s from %v, want %s", name, data.Offers.Availability, data.Offers.Starts, tt.want)
		}
		for _, want := range []string{
			`<link rel="canonical" href="https://volt.example/products/VOLT">`,
			`<meta property="og:image" content="https://volt.example/images/a.jpg">`,
			`<meta property="product:availability" content="` + tt.og + `">`,
			`<meta property="product:price:amount" content="99.50">`,
		} {
			if !strings.Contains(page, want) {
				t.Errorf("%s: no %s", name, want)
			}
		}
	}
}

// TestNoAddressNoLinks holds that a shop without an address names none.
func TestNoAddressNoLinks(t *testing.T) {
	t.Parallel()
	pages := newFrontPages(t, webtest.NewShelf(webtest.Rows()), webtest.NewFront())
	page := bodyOf(t, visit(t, pages.Product, "SHU6000"))
	if strings.Contains(page, "canonical") || strings.Contains(page, "og:url") || strings.Contains(page, "og:image") {
		t.Errorf("the page names an address:\n%s", page)
	}
	if !strings.Contains(page, `"url":"/products/SHU6000"`) {
		t.Error("the offer has no address")
	}
}
