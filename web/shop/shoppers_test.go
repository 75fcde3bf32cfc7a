package shop

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

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

// TestCartsDoNotWaitForTheTracker joins and changes a cart while the tracker does not answer: no
// time passes. When the tracker answers again, it gets the tab with its last cart.
func TestCartsDoNotWaitForTheTracker(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tracker := newTracker(t)
		c, id := newCounterWith(t, tracker), newCartID()
		began := time.Now()
		a, _ := c.tab(id, object{"page": "/"})
		b, _ := c.tab(id, nil)
		wantIDs(t, changed(t, a, "add_item", object{"item_id": 2}), 2)
		wantIDs(t, seen(t, b.Receive("cart")), 2)
		wantIDs(t, changed(t, b, "add_item", object{"item_id": 5}), 2, 5)
		wantIDs(t, changed(t, a, "remove_item", object{"item_id": 2}), 5)
		b.Leave()
		gone, _ := c.tab(newCartID(), nil)
		gone.Leave()
		if passed := time.Since(began); passed != 0 {
			t.Errorf("the carts waited for %v", passed)
		}
		time.Sleep(12 * time.Second) // more than twice as long as a call of the tracker waits
		serveTracker(t, tracker)
		tabs := c.tracked(id)
		if len(tabs) != 1 || tabs[0].Page != "/" || !slices.Equal(tabs[0].Items, []inventory.ItemID{5}) {
			t.Errorf("tracked %+v, want the tab that is left with item 5", tabs)
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
