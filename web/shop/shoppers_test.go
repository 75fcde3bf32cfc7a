package shop

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"sneakers23/inventory"
)

// tracked are the tabs that are tracked of a cart.
func (c *counter) tracked(cartID string) (tabs []Shopper) {
	c.t.Helper()
	synctest.Wait()
	list, err := c.tracker.GetByKey("shoppers", ShopperKey(cartID))
	if err != nil {
		c.t.Fatal(err)
	}
	for _, p := range list {
		var s Shopper
		if err := json.Unmarshal(p.Meta, &s); err != nil {
			c.t.Fatal(err)
		}
		tabs = append(tabs, s)
	}
	return tabs
}

// TestShoppersAreTracked follows two tabs of a cart.
func TestShoppersAreTracked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, id := newCounter(t), newCartID()
		if strings.Contains(ShopperKey(id), id[:8]) || ShopperKey(id) == ShopperKey(newCartID()) {
			t.Error("keys of shoppers are no good")
		}
		first, _ := c.tab(id, object{"page": "/"})
		second, _ := c.tab(id, object{"page": "/products/SHU6000?utm=1", "serialized": 7})
		first.Push("add_item", object{"item_id": 1})
		tabs := c.tracked(id)
		if len(tabs) != 2 || tabs[0].LoadedAt == 0 {
			t.Fatalf("tracked %+v", tabs)
		}
		var pages []string
		for _, tab := range tabs {
			pages = append(pages, tab.Page)
			if !slices.Equal(tab.Items, []inventory.ItemID{1}) {
				t.Errorf("a tab has %v", tab.Items)
			}
		}
		if slices.Sort(pages); !slices.Equal(pages, []string{"/", "/products/SHU6000"}) {
			t.Errorf("the tabs are at %v", pages)
		}
		first.Push("remove_item", object{"item_id": 1})
		second.Leave()
		if tabs := c.tracked(id); len(tabs) != 1 || len(tabs[0].Items) != 0 || tabs[0].Page != "/" {
			t.Errorf("tracked %+v", tabs)
		}
		first.Leave()
		if tabs := c.tracked(id); len(tabs) != 0 {
			t.Errorf("tracked %+v after the last tab has gone", tabs)
		}
	})
}

func TestKnownPage(t *testing.T) {
	for path, want := range map[string]string{
		"/":                                    "/",
		"/products/SHU6000#sizes":              "/products/SHU6000",
		"/checkout?serialized_cart=":           "/checkout",
		"/orders/secret":                       "/orders/:id",
		"":                                     "other",
		"javascript:alert(1)":                  "other",
		"/\xff":                                "other",
		"/" + strings.Repeat("x", longestPage): "other",
		"/<script>":                            "/<script>", // data, wherever it is shown
		"/\u202egnp.exe":                       "/%E2%80%AEgnp.exe",
		"/a b\x00\u0301":                       "/a%20b%00%CC%81",
	} {
		if got := knownPage(path); got != want {
			t.Errorf("%q is %q, want %q", path, got, want)
		}
	}
}
