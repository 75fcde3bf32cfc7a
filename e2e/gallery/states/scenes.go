package states

import (
	"net/http"
	"strings"

	"sneakers23/inventory"
)

// scene is a visit that leads to a state.
type scene struct {
	name, title string
	script      string // see State
	fragment    string // see State; in place of the group's
	settings    settings
	visit       func(*visitor)
}

// scenes are a group of them.
type scenes struct {
	name, title string
	fragment    string // see State
	scenes      []scene
}

// everything is all that there is to see.
func everything() []scenes {
	return []scenes{
		{name: "home", title: "Home", scenes: homes()},
		{name: "product", title: "One product", scenes: productPages()},
		{name: "cart", title: "The cart beside a product", fragment: "cart-container", scenes: carts()},
		{name: "checkout", title: "Checkout", scenes: checkouts()},
		{name: "refused", title: "Checkout, after a purchase was refused", scenes: refusals()},
		{name: "bought", title: "What was bought", scenes: orders()},
		{name: "front", title: "A shop of one's own", scenes: fronts()},
		{name: "errors", title: "Errors", scenes: failures()},
		{name: "offline", title: "Without a connection", scenes: offline()},
		{name: "dashboard", title: "Dashboard", scenes: dashboards()},
		{name: "catalog", title: "Products at the dashboard", scenes: catalogs()},
		{name: "drops", title: "Drops at the dashboard", scenes: dropPages()},
		{name: "shop", title: "The shop at the dashboard", scenes: offices()},
		{name: "devices", title: "Devices", scenes: devicePages()},
	}
}

// opens is the visit of one page.
func opens(path string) func(*visitor) { return func(v *visitor) { v.get(path) } }

const (
	hopManPage = "/products/SHU60100"
	breezyPage = "/products/SHU60200"
)

func homes() []scene {
	return []scene{
		{name: "full", title: "A product of each kind", visit: opens("/")},
		{name: "empty", title: "No product", settings: settings{stock: empty}, visit: opens("/")},
		{
			name: "one", title: "One product", settings: settings{stock: func() *stock { return usual().only(hopMan) }},
			visit: opens("/"),
		},
		{
			name: "two", title: "Two products",
			settings: settings{stock: func() *stock { return usual().only(hopMan, soon) }}, visit: opens("/"),
		},
		{name: "photos", title: "With photos beside drawings", settings: settings{stock: func() *stock {
			return usual().photographed(hopMan, 6).photographed(long, 1)
		}}, visit: func(v *visitor) {
			v.add(size(hopMan, 6.5))
			v.get("/")
		}},
		{name: "many", title: "Many products", settings: settings{stock: many}, visit: opens("/")},
		{
			name: "sold-out", title: "All sold out",
			settings: settings{stock: func() *stock { return usual().allGone() }}, visit: opens("/"),
		},
		{name: "cart", title: "With a cart", visit: func(v *visitor) {
			v.add(size(hopMan, 6.5), size(breezy, 9))
			v.get("/")
		}},
		{
			name: "added", title: "A shoe was added, without a script",
			visit: func(v *visitor) { v.add(size(hopMan, 6.5)) },
		},
		{name: "swap", title: "Another size of the same shoe, without a script", visit: func(v *visitor) {
			v.add(size(long, 6), size(long, 6.5))
		}},
	}
}

func productPages() []scene {
	soldOut := settings{stock: func() *stock { return usual().gone(hopMan) }}
	return []scene{
		{name: "levels", title: "Released, sizes of every level", visit: opens(hopManPage)},
		{name: "plenty", title: "Released, plenty of every size", visit: opens(breezyPage)},
		{name: "long", title: "Long words", visit: opens("/products/SHU60300")},
		{name: "soon", title: "Coming soon", visit: opens("/products/SHU60400")},
		{name: "due", title: "Due, with a countdown", visit: opens("/products/SHU60500")},
		{name: "sold-out", title: "Sold out in every size", settings: soldOut, visit: opens(hopManPage)},
		{name: "preview", title: "A preview of a draft", settings: settings{stock: func() *stock {
			return usual().changed(soon, func(p *inventory.ProductRow) { p.State = inventory.Draft })
		}}, visit: signsInTo("/admin/products/SHU60400")},
		{
			name: "story", title: "With a story and a table of sizes, without a picture",
			settings: settings{stock: func() *stock { return usual().told(breezy) }}, visit: opens(breezyPage),
		},
		{
			name: "photos", title: "With six photos",
			settings: settings{stock: func() *stock {
				return usual().photographed(hopMan,
					6)
			}}, visit: opens(hopManPage),
		},
		{
			name: "photo", title: "With one photo, higher than wide",
			settings: settings{stock: func() *stock { return usual().photographed(long, 1) }},
			visit:    opens("/products/SHU60300"),
		},
		{
			name: "paused", title: "Selling is paused, with a limit for each shopper",
			settings: settings{stock: func() *stock { return usual().paused() }}, visit: func(v *visitor) {
				v.add(size(hopMan, 6.5))
				v.get(hopManPage)
			},
		},
		{name: "no-sizes", title: "Released, without a size", settings: settings{stock: func() *stock {
			s := usual()
			s.Items = nil
			return s
		}}, visit: opens(hopManPage)},
	}
}

func carts() []scene {
	with := func(change func() *stock, items ...inventory.ItemID) func(*visitor) {
		return func(v *visitor) {
			v.add(items...)
			if change != nil {
				v.put(change())
			}
			v.get(hopManPage)
		}
	}
	hop, nine, longest := size(hopMan, 6.5), size(breezy, 9), size(long, 6)
	return []scene{
		{name: "empty", title: "Empty", visit: opens(hopManPage)},
		{name: "one", title: "One line", visit: with(nil, hop)},
		{name: "lines", title: "Several lines, one not released", visit: with(nil, hop, nine, size(soon, 7))},
		{name: "long", title: "Long words", visit: with(nil, longest)},
		{name: "full", title: "Full", settings: settings{stock: many}, visit: func(v *visitor) {
			v.addFirst(10)
			v.get(hopManPage)
		}},
		{
			name: "over-full", title: "One more than it holds", settings: settings{stock: many},
			visit: func(v *visitor) { v.addFirst(11) },
		},
		{
			name: "some-out", title: "Some sold out, other sizes left",
			visit: with(func() *stock { return usual().out(hop) }, hop, nine),
		},
		{
			name: "some-gone", title: "Some sold out in every size",
			visit: with(func() *stock { return usual().gone(hopMan) }, hop, nine),
		},
		{
			name: "out-long", title: "Sold out, other sizes left, long words",
			visit: with(func() *stock { return usual().out(longest) }, longest, nine),
		},
		{
			name: "all-out", title: "All sold out, other sizes left",
			visit: with(func() *stock { return usual().out(hop, nine) }, hop, nine),
		},
		{
			name: "all-gone", title: "All sold out, no other size left",
			visit: with(func() *stock { return usual().allGone() }, hop, nine),
		},
		{
			name: "missing", title: "A shoe has left the shop",
			visit: with(func() *stock { return usual().without(hop) }, hop, nine),
		},
		{
			name: "only-missing", title: "The only shoe has left the shop",
			visit: with(func() *stock { return usual().without(hop) }, hop),
		},
	}
}

func orders() []scene {
	buys := func(items ...inventory.ItemID) func(*visitor) {
		return func(v *visitor) {
			v.add(items...)
			v.get("/checkout")
			v.buys()
		}
	}
	order := func(after func(*visitor), items ...inventory.ItemID) func(*visitor) {
		return func(v *visitor) {
			buys(items...)(v)
			if after != nil {
				after(v)
			}
			v.get("/orders/" + string(v.desk.lastOrder()))
		}
	}
	cancel := func(v *visitor) { v.desk.cancel() }
	hop, nine := size(hopMan, 6.5), size(breezy, 9)
	return []scene{
		{name: "complete", title: "Just bought", visit: buys(hop, nine)},
		{name: "complete-many", title: "Just bought, many lines", settings: settings{stock: many},
			visit: func(v *visitor) {
				v.addFirst(9)
				buys(size(long, 6))(v)
			}},
		{name: "complete-again", title: "Bought before", visit: func(v *visitor) {
			v.add(hop)
			v.get("/checkout")
			token := v.field("serialized_cart")
			v.buys()
			v.post("/checkout", "serialized_cart", token)
		}},
		{name: "complete-cancelled", title: "Just bought, and cancelled since", visit: func(v *visitor) {
			buys(hop)(v)
			cancel(v)
			v.get("/checkout/complete")
		}},
		{name: "complete-no-cookies", title: "Just bought, without cookies", settings: settings{forgetful: true},
			visit: func(v *visitor) {
				v.carriesCart(hop)
				v.buys()
			}},
		{name: "order", title: "An order", visit: order(nil, hop, nine)},
		{name: "order-long", title: "An order with long words", visit: order(nil, size(long, 6))},
		{name: "order-cancelled", title: "A cancelled order", visit: order(cancel, hop, nine)},
		{name: "order-cancelled-gone", title: "A cancelled order whose shoe has left the shop",
			visit: order(func(v *visitor) {
				cancel(v)
				v.put(usual().without(hop))
			}, hop)},
	}
}

func failures() []scene {
	return []scene{
		{name: "400", title: "400: a form that makes no sense", visit: func(v *visitor) {
			v.send(http.MethodPost, "/cart/add", "item_id=%zz", nil)
		}},
		{name: "401", title: "401: the dashboard, without a password", visit: opens("/admin")},
		{name: "403", title: "403: a form of another site", visit: func(v *visitor) {
			v.send(http.MethodPost, "/cart/add", "item_id=113", map[string]string{
				"Origin": "https://elsewhere.example", "Sec-Fetch-Site": "cross-site",
			})
		}},
		{name: "404", title: "404: no such product", visit: opens("/products/NOPE")},
		{name: "410-archived", title: "410: a product that has left the shop", settings: settings{stock: func() *stock {
			return usual().changed(hopMan, func(p *inventory.ProductRow) { p.State = inventory.Archived })
		}}, visit: opens(hopManPage)},
		{name: "404-order", title: "404: no such order", visit: opens("/orders/none")},
		{
			name: "405", title: "405: a method that does not work",
			visit: func(v *visitor) { v.send(http.MethodDelete, "/", "", nil) },
		},
		{name: "410", title: "410: the address of an order is too old", visit: opens("/checkout/complete?order=old")},
		{name: "413", title: "413: a form that is too large", visit: func(v *visitor) {
			v.post("/cart/add", "item_id", strings.Repeat("1", 1<<17))
		}},
		{name: "500", title: "500: a mistake of ours", settings: settings{broken: true}, visit: opens("/")},
		{name: "503", title: "503: the shop is just starting", settings: settings{closed: true}, visit: opens("/")},
		{name: "not-kept", title: "The browser keeps no cookies, and has no script",
			settings: settings{forgetful: true}, visit: func(v *visitor) {
				v.add(size(hopMan, 6.5))
			}},
	}
}

// reconnecting is what pages say that have no socket.
const reconnecting = "Reconnecting…"

func offline() []scene {
	cut := settings{offline: true}
	return []scene{
		{name: "home", title: "Home", script: reconnecting, settings: cut, visit: opens("/")},
		{name: "cart", title: "A cart", script: reconnecting, settings: cut, visit: func(v *visitor) {
			v.add(size(hopMan, 6.5), size(breezy, 9))
			v.get(hopManPage)
		}},
		{name: "checkout", title: "Checkout", script: reconnecting, settings: cut, visit: func(v *visitor) {
			v.add(size(hopMan, 6.5))
			v.get("/checkout")
		}},
		{name: "dashboard", title: "Dashboard", script: "Connecting…", settings: cut, visit: signsIn},
	}
}

func dashboards() []scene {
	return []scene{
		{name: "full", title: "Much to show", settings: settings{busy: true}, visit: signsIn},
		{name: "quiet", title: "Nobody is in the shop", visit: signsIn},
		{name: "many", title: "Many products", settings: settings{stock: many}, visit: signsIn},
		{name: "empty", title: "No product", settings: settings{stock: empty}, visit: signsIn},
		{name: "closed", title: "The catalog was not read yet", settings: settings{closed: true}, visit: signsIn},
	}
}

// signsIn opens the dashboard.
func signsIn(v *visitor) { signsInTo("/admin")(v) }

// signsInTo opens a page of the dashboard.
func signsInTo(path string) func(*visitor) {
	return func(v *visitor) { v.sendAsAdmin(http.MethodGet, path, "", make(map[string]string)) }
}
