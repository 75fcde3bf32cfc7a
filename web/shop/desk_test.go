package shop

import (
	"context"
	"html"
	"log/slog"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"sneakers23/checkout"
	"sneakers23/inventory"
)

// fakeTeller sells all that it is asked for, once, or refuses.
type fakeTeller struct {
	orders  []checkout.Order
	refuses error
	asked   []checkout.Purchase
	lookups int

	down   error // what the database answers
	silent bool  // it does not even
}

// answer is what the database says before anything else.
func (f *fakeTeller) answer(ctx context.Context) error {
	if f.silent {
		<-ctx.Done()
		return context.Cause(ctx)
	}
	return f.down
}

func (f *fakeTeller) Buy(ctx context.Context, p checkout.Purchase) (checkout.Order, error) {
	f.asked = append(f.asked, p)
	if f.refuses != nil {
		return checkout.Order{}, f.refuses
	}
	for _, l := range p.Lines {
		bought, _ := f.Bought(ctx, []checkout.LineID{l.ID})
		if purchased, ok := bought[l.ID]; ok {
			return f.Order(ctx, purchased.Order)
		}
	}
	if p.Total < 0 { // no shoe is so cheap
		return checkout.Order{}, checkout.ErrPriceChanged
	}
	order := checkout.Order{
		ID: checkout.OrderID("ORDER-" + strconv.Itoa(len(f.orders)+1)), Status: checkout.Confirmed,
		Total: p.Total, Buyer: p.Buyer,
		CreatedAt: time.Date(2031, 5, 2, 20, 0, 0, 0, time.UTC),
	}
	for _, l := range p.Lines {
		order.Lines = append(order.Lines, checkout.OrderLine{
			LineID: l.ID, Item: l.Item, Product: l.Product, SKU: "SKU", Size: "9.5", Brand: "Snks 23",
			Name:  "Hop Man 3",
			Color: "yellow/blue", MainImageURL: "/assets/images/hop-man-3.svg", Price: 12000,
		})
	}
	f.orders = append(f.orders, order)
	return order, nil
}

func (f *fakeTeller) Order(ctx context.Context, id checkout.OrderID) (checkout.Order, error) {
	if err := f.answer(ctx); err != nil {
		return checkout.Order{}, err
	}
	for _, o := range f.orders {
		if o.ID == id {
			return o, nil
		}
	}
	return checkout.Order{}, checkout.ErrNoOrder
}

func (f *fakeTeller) Bought(
	ctx context.Context, lines []checkout.LineID,
) (map[checkout.LineID]checkout.Purchased, error) {
	f.lookups++
	if err := f.answer(ctx); err != nil {
		return nil, err
	}
	bought := map[checkout.LineID]checkout.Purchased{}
	for _, o := range f.orders {
		for _, l := range o.Lines {
			for _, id := range lines {
				if l.LineID == id {
					bought[id] = checkout.Purchased{Order: o.ID, Buyer: o.Buyer}
				}
			}
		}
	}
	return bought, nil
}

// desk is a shop in which things can be bought. Both products are released.
type desk struct {
	*counter
	*Checkout
	fake *fakeTeller
}

func newDesk(t *testing.T) *desk {
	d := &desk{counter: newCounter(t), fake: new(fakeTeller)}
	d.rows.Products[1].Released = true
	d.notice([]inventory.ProductID{2})
	d.Checkout = NewCheckout(d.counter.pages, d.fake, d.fake, slog.New(slog.DiscardHandler))
	return d
}

// link is the address of another shopper's cart with these items.
func (d *desk) link(items ...inventory.ItemID) string {
	d.t.Helper()
	token := d.carts.tokens.Sign(cartWith(d.t, d.shelf.Catalog(), items...), newCartID())
	return "/checkout?serialized_cart=" + url.QueryEscape(token)
}

// buys is the cart that a form buys.
func (d *desk) buys(form url.Values) checkout.Cart {
	return d.carts.tokens.OpenForm(form.Get("serialized_cart"))
}

// form reads the form that buys.
func form(t testing.TB, page string) url.Values {
	t.Helper()
	_, page, ok := strings.Cut(page, `action="/checkout" method="post">`)
	if !ok {
		t.Fatalf("no form to buy:\n%s", page)
	}
	values := url.Values{}
	for _, m := range regexp.MustCompile(`<input type="hidden" name="(\w+)" value="([^"]*)">`).FindAllStringSubmatch(
		page, -1,
	) {
		values.Set(m[1], html.UnescapeString(m[2]))
	}
	return values
}

func formAt(s *shopper, d *desk) url.Values {
	s.t.Helper()
	_, page := s.get(d.Show, "/checkout")
	return form(s.t, page)
}
