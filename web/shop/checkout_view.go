package shop

import (
	"context"
	"fmt"
	"slices"

	"github.com/labstack/echo/v4"

	"sneakers23/checkout"
	"sneakers23/inventory"
)

type checkoutPage struct {
	Layout
	Lines      []checkoutLine
	Serialized string          // of the cart that the form buys
	Total      inventory.Cents // of what can be bought now
	TotalCents int64           // of all that the form buys
	Blocked    bool            // something cannot be bought
	Paused     bool            // nor can something else at present, which can when selling is resumed
	Buys       bool            // there is something that is not bought yet
	Live       bool            // it is the visitor's own cart, which a script keeps as it is
	AllGone    bool            // no shoe that is released is left in any size

	LastOrder checkout.OrderID // that this visitor made, "" for none

	Missing inventory.ItemID // of a line whose item was deleted, 0 for none

	CartID    string // what the forms carry in place of a cookie, "" where a session does
	Forgetful bool   // the browser has sent no cookie
	First     bool   // it had none to send, if this is its first visit: the script finds out whether it keeps any
}

// checkoutLine is a line that is to be bought, or that was.
type checkoutLine struct {
	cartLine
	Bought  bool
	OrderID checkout.OrderID // of the visitor's order that has it, "" for most
}

// Refused tells whether the shopper is told why nothing was bought.
func (p checkoutPage) Refused() bool { return p.Flash != nil && p.Flash.Kind == "error" }

// Reason is the item of the first line that can't be bought, after a refusal: the focus begins
// there. 0 if there is none.
func (p checkoutPage) Reason() inventory.ItemID {
	if !p.Refused() {
		return 0
	}
	for _, l := range p.Lines {
		if !l.Bought && !l.buyable() {
			return l.ID
		}
	}
	return 0
}

// Advice says what to do when something cannot be bought, "" when all can.
func (p checkoutPage) Advice() string {
	var open, out, others, soon bool // there are such lines
	for _, l := range p.Lines {
		switch {
		case l.Bought:
		case l.OutOfStock:
			out, others = true, others || len(l.Others()) > 0
		case !l.Released:
			soon = true
		default:
			open = true
		}
	}
	what := "Remove what is sold out"
	if soon && open {
		what += " or not released yet"
	}
	if others {
		what = "Take another size of what is sold out, or remove it"
	}
	switch {
	case out && open && others && soon:
		return what + "; and remove what is not released yet: then you can buy the rest."
	case out && open:
		return what + ": then you can buy the rest."
	case out && soon:
		return what + "; the rest can be bought when it is released."
	case out && others:
		return what + "."
	case out && p.AllGone:
		return "Every size of this is sold out, and so are all other shoes on sale. Keep it in your cart in case it comes back."
	case out:
		return "Every size of this is sold out. Remove it and pick another shoe, or keep it in your cart in case it comes back."
	case soon && open:
		return "Remove what is not released yet: then you can buy the rest now."
	case soon:
		return "This can be bought when it is released. Keep it in your cart until then."
	}
	return ""
}

// Word says all of a line that the page shows and that may change. The script makes the same of
// what the cart's channel tells: see checkout.js.
func (l checkoutLine) Word() string {
	others := []inventory.ItemID{}
	for _, s := range l.Others() {
		others = append(others, s.ItemID)
	}
	return fmt.Sprintf("%d %d %t %t %t %v", l.ID, l.Price, l.OutOfStock, l.Released, l.Paused, others)
}

// viewer is the shopper whom a page is made for.
type viewer struct {
	cartID    string
	before    string           // the cart id that the session had before, "" for none
	lastOrder checkout.OrderID // "" for none
}

func (co *Checkout) viewer(c echo.Context, sess session) viewer {
	return viewer{sess.cartID(), sess.cartIDBefore(), co.pages.sessions.orderID(c.Request())}
}

func (v viewer) shopper() checkout.ShopperID { return checkout.ShopperOf(v.cartID) }

// bought reports whether the viewer is the buyer of an order, and may be led to it.
func (v viewer) bought(p checkout.Purchased) bool {
	known := p.Buyer != checkout.ShopperID{}
	return p.Order == v.lastOrder || known && (p.Buyer == v.shopper() || p.Buyer == checkout.ShopperOf(v.before))
}

// viewCheckout returns the view of a cart that is to be bought. Each line is looked up: it may have
// been bought by this very shopper, who went back in the browser or has lost the answer. Then it
// leads to its order.
func (co *Checkout) viewCheckout(
	ctx context.Context, catalog *inventory.Catalog, cart checkout.Cart, v viewer,
) checkoutPage {
	page := checkoutPage{Layout: co.pages.Frame("Check out", "What is about to be yours.")}
	page.AllGone = allGone(catalog)
	lines := viewCart(cart, catalog, co.pages.imageURL)
	bought := co.boughtOf(ctx, lines)
	form := cart
	for _, l := range lines {
		purchased, has := bought[l.line.ID]
		if !v.bought(purchased) {
			purchased.Order = ""
		}
		page.Lines = append(page.Lines, checkoutLine{l, has, purchased.Order})
		if has {
			form = form.RemoveBought(l.line.ID)
			continue
		}
		page.Buys = true
		page.TotalCents += int64(l.Price)
		if l.buyable() {
			page.Total += l.Price
		}
		page.Blocked = page.Blocked || !l.buyable()
		page.Paused = page.Paused || l.Paused
	}
	page.Missing = missing(cart, catalog)
	page.Serialized = co.pages.carts.tokens.Sign(form, v.cartID)
	return page
}

// allGone tells whether there is nothing to pick.
func allGone(catalog *inventory.Catalog) bool {
	for p := range catalog.Products() {
		if p.Released && slices.ContainsFunc(p.Items, func(it inventory.Item) bool {
			return it.Level != inventory.LevelOut
		}) {
			return false
		}
	}
	return true
}

// boughtOf returns which of the lines were bought, as far as the teller can tell now.
func (co *Checkout) boughtOf(ctx context.Context, lines []cartLine) map[checkout.LineID]checkout.Purchased {
	if len(lines) == 0 {
		return nil
	}
	ids := make([]checkout.LineID, len(lines))
	for i, l := range lines {
		ids[i] = l.line.ID
	}
	bought, _ := co.bought(ctx, ids)
	return bought
}

type orderPage struct {
	Layout
	Order  orderView
	Bought string // a token that takes the bought lines out of the tab's cart, "" where the session has done it
}

// orderView is an order as a page shows it.
type orderView struct {
	checkout.Order
	Made      string
	Cancelled bool
	Gone      int // lines whose item was deleted: a cancellation puts nothing back
}

// renderOrder renders an order. bought is the token of a receipt, "" for none.
func (co *Checkout) renderOrder(template, title string, order checkout.Order, o own, bought string) ([]byte, error) {
	lines := make([]checkout.OrderLine, len(order.Lines))
	catalog, gone := co.pages.shelf.Catalog(), 0
	for i, l := range order.Lines {
		if catalog.Gone(l.Item) {
			gone++
		}
		l.MainImageURL = co.pages.imageURL(l.MainImageURL)
		lines[i] = l
	}
	order.Lines = lines
	return co.pages.render(template, orderPage{
		Layout: co.pages.frameFor(o, title, "An order of sneakers."),
		Order: orderView{
			Order:     order,
			Made:      order.CreatedAt.In(co.pages.front.Look().Location()).Format("2 January 2006, 15:04 MST"),
			Cancelled: order.Status == checkout.Cancelled,
			Gone:      gone,
		},
		Bought: bought,
	})
}
