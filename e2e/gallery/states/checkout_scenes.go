package states

import (
	"errors"
	"net/url"

	"sneakers23/checkout"
	"sneakers23/inventory"
)

func checkouts() []scene {
	with := func(change func() *stock, items ...inventory.ItemID) func(*visitor) {
		return func(v *visitor) {
			v.add(items...)
			if change != nil {
				v.put(change())
			}
			v.get("/checkout")
		}
	}
	hop, nine, later := size(hopMan, 6.5), size(breezy, 9), size(soon, 7)
	noCookies := settings{forgetful: true}
	return []scene{
		{name: "empty", title: "Empty", visit: func(v *visitor) {
			v.add(hop)
			v.post("/cart/remove", "item_id", "113")
			v.get("/checkout")
		}},
		{name: "empty-after", title: "Empty, after an order", visit: func(v *visitor) {
			v.add(hop)
			v.get("/checkout")
			v.buys()
			v.get("/checkout")
		}},
		{name: "one", title: "One line", visit: with(nil, hop)},
		{name: "many", title: "Many lines", settings: settings{stock: many}, visit: func(v *visitor) {
			v.addFirst(9)
			v.add(size(long, 6))
			v.get("/checkout")
		}},
		{
			name: "paused", title: "Selling is paused",
			visit: with(func() *stock { return usual().paused() }, hop, nine),
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
			visit: with(func() *stock { return usual().out(size(long, 6)) }, size(long, 6)),
		},
		{
			name: "all-out", title: "All of it sold out, other sizes left",
			visit: with(func() *stock { return usual().out(hop, nine) }, hop, nine),
		},
		{
			name: "all-gone", title: "All of it sold out, no other size left",
			visit: with(func() *stock { return usual().gone(hopMan, breezy) }, hop, nine),
		},
		{
			name: "shop-gone", title: "The whole shop is sold out",
			visit: with(func() *stock { return usual().allGone() }, hop, nine),
		},
		{name: "soon", title: "Not released", visit: with(nil, later)},
		{name: "some-soon", title: "Some not released", visit: with(nil, hop, later)},
		{
			name: "mixed", title: "Sold out, not released, and one to buy",
			visit: with(func() *stock { return usual().out(hop) }, hop, later, nine),
		},
		{
			name: "missing", title: "A shoe has left the shop",
			visit: with(func() *stock { return usual().without(hop) }, hop, nine),
		},
		{
			name: "only-missing", title: "The only shoe has left the shop",
			visit: with(func() *stock { return usual().without(hop) }, hop),
		},
		{name: "removed", title: "A line was removed", visit: func(v *visitor) {
			v.add(hop, nine)
			v.get("/checkout")
			v.post("/checkout/cart", "serialized_cart", v.field("serialized_cart"), "take_out", "113")
		}},
		{name: "instead", title: "Another size was taken", visit: func(v *visitor) {
			v.add(hop, nine)
			v.get("/checkout")
			v.post("/checkout/cart", "serialized_cart", v.field("serialized_cart"), "take_instead", "114")
		}},
		{name: "link-swap", title: "A link brings another size", visit: func(v *visitor) {
			v.add(hop)
			v.get("/checkout?serialized_cart=" + url.QueryEscape(v.tokenOf(size(hopMan, 7), nine)))
		}},
		{name: "link-full", title: "A link brings more than fits", settings: settings{stock: many},
			visit: func(v *visitor) {
				v.addFirst(10)
				v.get("/checkout?serialized_cart=" + url.QueryEscape(v.tokenOf(nine)))
			}},
		{name: "link-bad", title: "A link that can't be read", visit: opens("/checkout?serialized_cart=no-cart")},
		{name: "link-bad-own", title: "A link that can't be read, with a cart of one's own", visit: func(v *visitor) {
			v.add(hop, nine)
			v.get("/checkout?serialized_cart=no-cart")
		}},
		{name: "bought", title: "A line was bought before", visit: func(v *visitor) {
			v.add(hop)
			v.get("/checkout")
			v.sentTwice()
			v.add(nine)
			v.get("/checkout")
		}},
		{name: "bought-by-others", title: "A line was bought by somebody else, perhaps", visit: func(v *visitor) {
			v.add(hop)
			v.get("/checkout")
			v.sentByOthers()
			v.add(nine)
			v.get("/checkout")
		}},
		{
			name: "no-cookies", title: "Without cookies", settings: noCookies,
			visit: func(v *visitor) { v.carriesCart(hop, nine) },
		},
		{name: "no-cookies-out", title: "Without cookies, sold out", settings: noCookies, visit: func(v *visitor) {
			v.carriesCart(hop, nine)
			v.put(usual().out(hop))
			v.post("/checkout/cart", "serialized_cart", v.field("serialized_cart"), "cart_id", v.field("cart_id"))
		}},
	}
}

func refusals() []scene {
	refused := func(why error, change func() *stock, items ...inventory.ItemID) func(*visitor) {
		return func(v *visitor) {
			v.add(items...)
			v.get("/checkout")
			if change != nil {
				v.put(change())
			}
			v.desk.refuse(why)
			v.buys()
		}
	}
	hop, nine := size(hopMan, 6.5), size(breezy, 9)
	dearer := func() *stock {
		return usual().changed(hopMan, func(p *inventory.ProductRow) { p.Price = 135_00 })
	}
	unreleased := func() *stock {
		return usual().changed(hopMan, func(p *inventory.ProductRow) { p.Released = false })
	}
	return []scene{
		{name: "price", title: "The price has changed", visit: refused(checkout.ErrPriceChanged, dearer, hop, nine)},
		{
			name: "sold-out", title: "Sold out, other sizes left",
			visit: refused(checkout.ErrSoldOut, func() *stock { return usual().out(hop) }, hop, nine),
		},
		{
			name: "gone", title: "Sold out, nothing else in the cart or the shop",
			visit: refused(checkout.ErrSoldOut, func() *stock { return usual().allGone() }, hop),
		},
		{
			name: "not-released", title: "The release was taken back",
			visit: refused(checkout.ErrNotReleased, unreleased, hop, nine),
		},
		{name: "unknown", title: "Nobody knows the outcome", visit: refused(checkout.ErrUnknown, nil, hop, nine)},
		{name: "busy", title: "Very many buy at once", visit: refused(checkout.ErrBusy, nil, hop)},
		{name: "failed", title: "For a reason of our own", visit: refused(errors.New("of the gallery"), nil, hop)},
		{name: "unreadable", title: "The form can't be read", visit: func(v *visitor) {
			v.add(hop)
			v.post("/checkout", "serialized_cart", "no-cart")
		}},
		{name: "unreadable-alone", title: "The form can't be read, and there is no cart", visit: func(v *visitor) {
			v.get("/session")
			v.post("/checkout", "serialized_cart", "no-cart")
		}},
		{name: "empty", title: "Nothing to buy", visit: func(v *visitor) {
			v.get("/session")
			v.post("/checkout")
		}},
		{name: "not-the-buyer", title: "The form was sent by somebody else", visit: func(v *visitor) {
			v.add(hop)
			v.get("/checkout")
			token, total := v.field("serialized_cart"), v.field("total_cents")
			v.sentByOthers()
			v.post("/checkout", "serialized_cart", token, "total_cents", total)
		}},
		{name: "no-cookies", title: "Without cookies, nobody knows the outcome", settings: settings{forgetful: true},
			visit: func(v *visitor) {
				v.carriesCart(hop, nine)
				v.desk.refuse(checkout.ErrUnknown)
				v.buys()
			}},
	}
}
