package shop

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"sneakers23/checkout"
)

// ErrNoDatabase says that the database does not answer now. It may in a moment.
var ErrNoDatabase = errors.New("shop: the database does not answer")

// lookWithin is how long a page waits for the database: a silent one must not hold all who ask.
const lookWithin = 2 * time.Second

// order asks for an order. The error is checkout.ErrNoOrder or ErrNoDatabase.
func (co *Checkout) order(c echo.Context, id checkout.OrderID) (checkout.Order, error) {
	ctx, cancel := context.WithTimeout(c.Request().Context(), lookWithin)
	defer cancel()
	order, err := co.orders.Order(ctx, id)
	if err != nil && !errors.Is(err, checkout.ErrNoOrder) {
		return checkout.Order{}, fmt.Errorf("%w: %w", ErrNoDatabase, err)
	}
	return order, err
}

// bought asks which of the lines were bought. It reports whether the database has answered.
func (co *Checkout) bought(
	ctx context.Context, lines []checkout.LineID,
) (map[checkout.LineID]checkout.Purchased, bool) {
	ctx, cancel := context.WithTimeout(ctx, lookWithin)
	defer cancel()
	bought, err := co.teller.Bought(ctx, lines)
	if err != nil {
		co.log.Debug("the lines were not looked up", "err", err) // a purchase looks again
		return nil, false
	}
	return bought, true
}

// boughtUnseen finds the order of a cart of which this node sees nothing: its shoes left the shop
// after they were bought, or another node knows them already. The error is checkout.ErrEmptyCart
// when there is none, checkout.ErrUnknown when the database does not answer.
func (co *Checkout) boughtUnseen(c echo.Context, cart checkout.Cart) (checkout.Order, error) {
	if cart.Empty() {
		return checkout.Order{}, checkout.ErrEmptyCart
	}
	var ids []checkout.LineID
	for _, l := range cart.Lines() {
		ids = append(ids, l.ID)
	}
	had, asked := co.bought(c.Request().Context(), ids)
	if !asked {
		return checkout.Order{}, checkout.ErrUnknown
	}
	for _, line := range ids {
		purchased, ok := had[line]
		if !ok {
			continue
		}
		order, err := co.order(c, purchased.Order)
		if err != nil {
			return checkout.Order{}, fmt.Errorf("%w: %w", checkout.ErrUnknown, err)
		}
		return order, nil
	}
	return checkout.Order{}, checkout.ErrEmptyCart
}

// boughtLines are the lines of a cart that were bought, now or before.
type boughtLines struct {
	lines  []checkout.LineID
	orders []checkout.OrderID // of the viewer, besides the one that is shown
	all    bool               // the database has told of all of them
}

// boughtBefore finds what else of a cart was bought, when the order does not have all of it: a cart
// that was bought in part buys nothing more. Most carts are bought at once, and cost no question.
func (co *Checkout) boughtBefore(
	c echo.Context, cart checkout.Cart, order checkout.Order, v viewer,
) boughtLines {
	had := boughtLines{lines: linesOf(order), all: true}
	var rest []checkout.LineID
	for _, l := range visible(cart, co.pages.shelf.Catalog()) {
		if !slices.Contains(had.lines, l.ID) {
			rest = append(rest, l.ID)
		}
	}
	if len(rest) == 0 {
		return had
	}
	var others map[checkout.LineID]checkout.Purchased
	others, had.all = co.bought(c.Request().Context(), rest)
	for line, other := range others {
		had.lines = append(had.lines, line)
		if v.bought(other) && !slices.Contains(had.orders, other.Order) {
			had.orders = append(had.orders, other.Order)
		}
	}
	slices.Sort(had.orders)
	return had
}

// words say what became of the posted lines. There is nothing to say of what was bought as it was
// sent.
func (had boughtLines) words(posted []checkout.Line) *Flash {
	rest := slices.ContainsFunc(posted, func(l checkout.Line) bool { return !slices.Contains(had.lines, l.ID) })
	what, order := "this", "with several orders before, and here is one of them. See also"
	for _, id := range had.orders {
		order += " /orders/" + string(id) + ","
	}
	order = strings.TrimSuffix(order, ",")
	if len(had.orders) == 0 {
		order = "before, and here is that order"
	}
	if rest {
		what = "a part of this"
	}
	switch {
	case rest && !had.all:
		return info("You bought " + what + " " + order + ". Nothing else was bought now. " +
			"What is still in your cart may have been bought too: look at it first.")
	case rest:
		return info("You bought " + what + " " + order + ". Nothing else was bought: the rest is still in your cart.")
	case len(had.orders) > 0:
		return info("You bought " + what + " " + order + ". Nothing was bought now.")
	}
	return nil
}

func linesOf(order checkout.Order) []checkout.LineID {
	ids := make([]checkout.LineID, len(order.Lines))
	for i, l := range order.Lines {
		ids[i] = l.LineID
	}
	return ids
}
