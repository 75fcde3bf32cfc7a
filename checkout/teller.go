package checkout

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"sync"

	"sneakers23/checkout/ledger"
	"sneakers23/inventory"
)

// TellerConfig says how a teller works. Zero values become the defaults.
type TellerConfig struct {
	Ledger    *ledger.Committer
	Inventory ledger.Publisher
	Log       *slog.Logger

	MaxLines   int   // of a cart; one with more is none, and is not looked up. Default 10
	OrderLines int   // of an order; default MaxLines
	MaxWaiting int   // look-ups that wait for the next query; more get ErrBusy. Default 8192
	Places     Quota // bounds how many purchases of each Purchase.From wait; more get ErrBusy. Default: all
}

// Quota counts the purchases of each network that wait for an answer. Its methods are called from
// any goroutine, and must not wait. [sneakers23/web/quota.PerClient] is one.
type Quota interface {
	// Acquire counts one more, until Release. It reports false, and counts nothing, if the network
	// has as many as it may.
	Acquire(network netip.Prefix) bool
	Release(network netip.Prefix)
}

// Teller sells carts. It is a service: see Serve. Its other methods may be called from any
// goroutine, also before Serve and while it is starting again.
type Teller struct {
	cfg   TellerConfig
	sales *sales
	looks chan *look // buffer MaxWaiting: the bound of the queue

	inFlight inFlight
}

// NewTeller makes a teller that sells through a ledger.
func NewTeller(cfg TellerConfig) *Teller {
	cfg.MaxLines = cmp.Or(cfg.MaxLines, 10)
	cfg.OrderLines = cmp.Or(cfg.OrderLines, cfg.MaxLines)
	cfg.MaxWaiting = cmp.Or(cfg.MaxWaiting, 8192)
	cfg.Log = cmp.Or(cfg.Log, slog.New(slog.DiscardHandler))
	return &Teller{cfg: cfg, sales: &sales{cfg.Log, cfg.OrderLines}, looks: make(chan *look, cfg.MaxWaiting)}
}

// String names the service in logs.
func (t *Teller) String() string { return "checkout.Teller" }

// Buy sells the whole cart or nothing, and returns when that is committed and this node's catalog
// shows it. Lines that were bought before are not bought again: the earlier order is returned,
// whatever else is in the cart. When they are in several earlier orders, it is one of them; Bought
// returns all.
//
// A [Refusal], ErrOrderFull, ErrPriceChanged and ErrFailed say that nothing was sold. ErrEmptyCart,
// ErrBadCart and ErrTooManyLines say that this is no cart that could be sold; its lines are not
// looked up. Every other error says that the outcome is unknown, and is ErrUnknown, also ErrBusy.
// The buyer can safely send the same purchase again, to any teller of the database, and learns the
// outcome. A buyer whose ctx ends stops waiting.
func (t *Teller) Buy(ctx context.Context, p Purchase) (Order, error) {
	if err := t.check(p.Lines); err != nil {
		return Order{}, err
	}
	release, ok := t.acquire(p.From)
	if !ok {
		return Order{}, ErrBusy
	}
	landed, ok := t.inFlight.enter(p.Lines, func() bool {
		return len(p.Lines) <= t.cfg.OrderLines && promising(t.cfg.Inventory.Catalog(), p)
	})
	if !ok {
		order, err := t.lookUp(ctx, p, release)
		if !errors.Is(err, errBuyable) {
			return order, err
		}
		landed, _ = t.inFlight.enter(p.Lines, func() bool { return true })
	}
	s := newSale(t.sales, p)
	s.counted = mayMeetLimit(t.cfg.Inventory.Catalog(), p)
	err := t.cfg.Ledger.Submit(ctx, s, func() { landed(); release() })
	if errors.Is(err, errNotCounted) { // the limit is newer than the catalog
		if release, ok = t.acquire(p.From); !ok {
			return Order{}, ErrBusy
		}
		landed, _ = t.inFlight.enter(p.Lines, func() bool { return true })
		s.counted = true
		err = t.cfg.Ledger.Submit(ctx, s, func() { landed(); release() })
	}
	if err != nil {
		return Order{}, err
	}
	return s.order, nil
}

// acquire takes a place of the network. The function that it returns gives it back, once.
func (t *Teller) acquire(from netip.Prefix) (release func(), ok bool) {
	if t.cfg.Places == nil {
		return func() {}, true
	}
	if !t.cfg.Places.Acquire(from) {
		return nil, false
	}
	return sync.OnceFunc(func() { t.cfg.Places.Release(from) }), true
}

// check returns why the lines are no cart.
func (t *Teller) check(lines []Line) error {
	switch n := len(lines); {
	case n == 0:
		return ErrEmptyCart
	case n > t.cfg.MaxLines:
		return fmt.Errorf("%w: %d, at most %d", ErrTooManyLines, n, t.cfg.MaxLines)
	}
	for i, l := range lines {
		if l.ID == (LineID{}) {
			return fmt.Errorf("%w: a line has no id", ErrBadCart)
		}
		for _, before := range lines[:i] { // few: no map
			if l.ID == before.ID || l.Product == before.Product || l.Item == before.Item {
				return ErrBadCart
			}
		}
	}
	return nil
}

// promising reports whether a cart will be sold, as far as this node knows. A cart that will not is
// looked up first, without locks: after a sell-out nearly all are such.
func promising(c *inventory.Catalog, p Purchase) bool {
	var total inventory.Cents
	for _, l := range p.Lines {
		it, product, ok := c.Item(l.Item)
		if !ok || product.ID != l.Product || !product.Released || product.Paused != inventory.NotPaused ||
			it.Level == inventory.LevelOut {
			return false
		}
		total += product.Price
	}
	return total == p.Total
}

// errBuyable says that a cart that was looked up can be sold.
var errBuyable = errors.New("checkout: the cart can be sold")

// lookUp returns the order that holds a line of the cart, or why the cart can't be sold; errBuyable
// if it can. The answer is right although nothing is locked: stock and prices are read first, the
// lines after them. A cart that can't be sold at the first read, and was not bought by the second,
// was not bought at the first. release is called unless the error is errBuyable.
func (t *Teller) lookUp(ctx context.Context, p Purchase, release func()) (Order, error) {
	items, ids := make([]inventory.ItemID, len(p.Lines)), make([]LineID, len(p.Lines))
	for i, l := range p.Lines {
		items[i], ids[i] = l.Item, l.ID
	}
	found, err := t.look(ctx, items, ids, release)
	if err != nil {
		return Order{}, err
	}
	err = errBuyable
	var order Order
	if earlier := earlierOrder(found.bought, p.Lines); earlier != nil {
		order, err = *earlier, nil
	} else if why := t.sales.refusal(p, found.stock); why != nil {
		err = why
	}
	if !errors.Is(err, errBuyable) {
		release()
	}
	return order, err
}

// Bought reports which of the lines were bought, with which orders and by whom. It waits in the
// same queue as Buy's look-ups. The error is ErrUnknown.
func (t *Teller) Bought(ctx context.Context, lines []LineID) (map[LineID]Purchased, error) {
	found, err := t.look(ctx, nil, lines, func() {})
	if err != nil {
		return nil, err
	}
	bought := make(map[LineID]Purchased)
	for _, id := range lines {
		if o, ok := found.bought[id]; ok {
			bought[id] = Purchased{Order: o.ID, Buyer: o.Buyer}
		}
	}
	return bought, nil
}
