package admin

import (
	"slices"
	"time"

	"sneakers23/inventory"
)

// state is all that a dashboard shows: the payload of the event state. Sizes do not grow with the
// number of shoppers.
type state struct {
	Shoppers int                                  `json:"shoppers"`
	Tabs     int                                  `json:"tabs"`
	Pages    map[string]int                       `json:"pages"`
	Items    map[inventory.ItemID]itemState       `json:"items"`
	Products map[inventory.ProductID]productState `json:"products"`
	Orders   ordersState                          `json:"orders"`
	Nodes    []NodeState                          `json:"nodes"`
	Events   []Event                              `json:"events"`
	Troubles []Trouble                            `json:"troubles"`
}

type itemState struct {
	InCarts   int `json:"in_carts"` // carts, not tabs
	Available int `json:"available"`
	Sold      int `json:"sold"`
}

type productState struct {
	Released  bool       `json:"released"`
	ReleaseAt *time.Time `json:"release_at"`
	Paused    bool       `json:"paused"`
}

type ordersState struct {
	Count     int             `json:"count"`
	Revenue   int64           `json:"revenue_cents"`
	PerMinute [minutes]minute `json:"per_minute"` // the oldest first
	// when the last of them began, in ms since 1970; 0: none was summed yet
	Minute int64 `json:"minute"`
}

// minutes is for how long orders are shown by the minute.
const minutes = 60

type minute struct {
	Orders  int   `json:"orders"`
	Revenue int64 `json:"revenue_cents"`
}

// NodeState is a node as a dashboard shows it.
type NodeState struct {
	Name     string    `json:"name"`
	Run      string    `json:"-"` // of its process: a node that restarts is another one
	Started  time.Time `json:"-"`
	Sockets  int       `json:"sockets"`
	Revision int64     `json:"revision"` // of its catalog
	Lag      int64     `json:"lag_ms"`   // for how long it has known that another node's catalog is newer
	Ready    bool      `json:"ready"`
	Fault    Fault     `json:"fault,omitempty"`
}

// changes are what is to be merged into the state before, object by object, to make it the state
// now: the payload of the event change. A page that has gone is 0; an item or a product that has
// gone is null; lists come whole.
func (now *state) changes(before *state) map[string]any {
	c := make(map[string]any)
	put := func(key string, changed bool, value any) {
		if changed {
			c[key] = value
		}
	}
	put("shoppers", now.Shoppers != before.Shoppers, now.Shoppers)
	put("tabs", now.Tabs != before.Tabs, now.Tabs)
	pages := changed(now.Pages, before.Pages, 0)
	put("pages", len(pages) > 0, pages)
	items := changed(now.Items, before.Items, nil)
	put("items", len(items) > 0, items)
	products := changed(now.Products, before.Products, nil)
	put("products", len(products) > 0, products)
	orders := make(map[string]any)
	if now.Orders.Count != before.Orders.Count || now.Orders.Revenue != before.Orders.Revenue {
		orders["count"], orders["revenue_cents"] = now.Orders.Count, now.Orders.Revenue
	}
	if now.Orders.PerMinute != before.Orders.PerMinute || now.Orders.Minute != before.Orders.Minute {
		orders["per_minute"], orders["minute"] = now.Orders.PerMinute, now.Orders.Minute
	}
	put("orders", len(orders) > 0, orders)
	put("nodes", !slices.Equal(now.Nodes, before.Nodes), now.Nodes)
	put("events", !slices.Equal(now.Events, before.Events), now.Events)
	put("troubles", !slices.Equal(now.Troubles, before.Troubles), now.Troubles)
	return c
}

// changed are the entries that are new or otherwise, and what stands for those that have gone.
func changed[K, V comparable](now, before map[K]V, gone any) map[K]any {
	c := make(map[K]any)
	for key, v := range now {
		if old, was := before[key]; !was || old != v {
			c[key] = v
		}
	}
	for key := range before {
		if _, is := now[key]; !is {
			c[key] = gone
		}
	}
	return c
}
