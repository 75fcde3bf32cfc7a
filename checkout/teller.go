package checkout

import (
	"context"
	"fmt"
	"log/slog"
	"net/netip"
	"runtime"
	"slices"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"sneakers23/inventory"
)

// shelf is all that the teller and the orders need of the inventory: what this node knows, and the door for what it has
// committed.
type shelf interface {
	Catalog() *inventory.Catalog
	Committed(ctx context.Context, changes ...inventory.Change) error
}

// TellerConfig says how a teller works. Zero values become the defaults.
type TellerConfig struct {
	Pool  *pgxpool.Pool // the teller uses one connection at a time; a new one after each failure
	Stock shelf
	Log   *slog.Logger

	// Fresh tells whether what Stock knows is compared with the database now and then. While it is not, nothing is
	// refused from memory. Default: always.
	Fresh func() bool

	// Attempted is told of each attempt to sell that has committed orders, or failed. It must not wait. Default: nobody is.
	Attempted func(committed bool)

	MaxLines   int           // of one cart; default 10
	MaxWaiting int           // buyers who wait for the next batch, and for held rows; more are told ErrBusy. Default 8192
	Places     Quota         // bounds how many of those places each Purchase.From holds; more are told ErrBusy. Default: all
	MaxBatch   int           // carts that are sold in one transaction; default 512
	Patience   time.Duration // how long a batch that fails is tried again; default 10 s
	LockWithin time.Duration // how long a transaction waits for a row, and may be silent; default 3 s
}

// Quota counts the purchases of each network that wait for an answer. Its methods are called from any goroutine, and must
// not wait. [sneakers23/web/quota.PerClient] is one.
type Quota interface {
	// Acquire counts one more, until Release. It reports false, and counts nothing, if the network has as many as it may.
	Acquire(network netip.Prefix) bool
	Release(network netip.Prefix)
}

// Teller sells carts. It is a service: see Serve. Buy may be called from any goroutine, also before Serve and while it is
// starting again.
type Teller struct {
	cfg     TellerConfig
	log     *slog.Logger
	waiting chan *ticket // buffer MaxWaiting: the bound of the queue
	aside   aside        // carts that wait for a row
	failing bool         // the last batch failed; Serve's alone
}

// ticket is a buyer's place in the queue.
type ticket struct {
	Purchase
	order  orderKey // the order's id if it becomes one, the same however often it is tried
	answer chan answer

	leave func() // gives its place back when it is answered, whether or not the buyer waits so long; nil if it has none

	// Serve's alone:
	until time.Time // how long it is tried; zero before the first attempt
	aside bool      // waits for a row, and is in no batch
	done  bool      // answered
}

// answer is what a buyer is told.
type answer struct {
	order Order
	err   error
}

// NewTeller makes a teller of the tables in this database.
func NewTeller(cfg TellerConfig) *Teller {
	defaultTo(&cfg.MaxLines, 10)
	defaultTo(&cfg.MaxWaiting, 8192)
	defaultTo(&cfg.MaxBatch, 512)
	defaultTo(&cfg.Patience, 10*time.Second)
	defaultTo(&cfg.LockWithin, 3*time.Second)
	if cfg.Fresh == nil {
		cfg.Fresh = func() bool { return true }
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	if cfg.Attempted == nil {
		cfg.Attempted = func(bool) {}
	}
	return &Teller{cfg: cfg, log: cfg.Log, waiting: make(chan *ticket, cfg.MaxWaiting)}
}

func defaultTo[T comparable](v *T, value T) {
	var zero T
	if *v == zero {
		*v = value
	}
}

// String names the service in logs.
func (t *Teller) String() string { return "checkout.Teller" }

// Buy sells the whole cart or nothing, and returns when that is committed and this node's catalog was told of it. Lines
// that were bought before are not bought again: the earlier order is returned, whatever else is in the cart. When they are
// in several earlier orders, it is one of them; [Orders.Bought] tells all.
//
// A [Refusal], ErrPriceChanged and ErrFailed say that nothing was sold. ErrEmptyCart, ErrBadCart and ErrTooManyLines say
// that this is no cart that could be sold; its lines are not looked up. Every other error says that nobody knows, and is
// ErrUnknown, also ErrBusy: a buyer whose ctx ends only stops waiting. The same purchase tells, sent again to any teller
// of the database.
func (t *Teller) Buy(ctx context.Context, p Purchase) (Order, error) {
	if err := t.check(p.Lines); err != nil {
		return Order{}, err
	}
	if t.cfg.Fresh() {
		if err := refuse(t.cfg.Stock.Catalog(), p.Lines); err != nil {
			return Order{}, err
		}
	}
	waits := &ticket{Purchase: p, order: newOrderKey(), answer: make(chan answer, 1)} // buffer 1: Serve never waits for a buyer
	if places := t.cfg.Places; places != nil {
		if !places.Acquire(p.From) {
			return Order{}, ErrBusy
		}
		waits.leave = func() { places.Release(p.From) }
	}
	select {
	case t.waiting <- waits:
	default:
		waits.tell(answer{err: ErrBusy})
		return Order{}, ErrBusy
	}
	select {
	case a := <-waits.answer:
		return a.order, a.err
	case <-ctx.Done():
		return Order{}, fmt.Errorf("%w: %w", ErrUnknown, context.Cause(ctx))
	}
}

// check tells what no cart may be.
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

// refuse turns away from memory, without a question to the database, a cart that can't have an order: each of its lines
// was certainly not bought when its item was out, and the item has not changed since. One line that may have been bought
// is enough to look it up. What this node has not heard of yet has not changed for it: a form that another node sold in
// the moment after a restock can be refused here until that restock is known, which takes seconds at most: a node that
// can't compare its catalog with the database looks everything up.
func refuse(c *inventory.Catalog, lines []Line) error {
	items := make([]inventory.ItemID, 0, 10)
	for _, l := range lines {
		it, _, ok := c.Item(l.Item)
		if !ok || l.OutAt == 0 || it.Revision != l.OutAt || it.Available > 0 {
			return nil
		}
		items = append(items, l.Item)
	}
	return refused(ErrSoldOut, items)
}

// Serve sells to those who wait until ctx ends, then to those who waited at that moment, for as long as Patience. It may
// be called again after it has returned or panicked; who was being served then is told ErrUnknown.
func (t *Teller) Serve(ctx context.Context) error {
	lasting := context.WithoutCancel(ctx)
	for {
		select {
		case first := <-t.waiting:
			t.serve(lasting, t.gather(first))
		case <-t.aside.due():
			t.serve(lasting, nil)
		case <-ctx.Done():
			t.finish(lasting)
			return context.Cause(ctx)
		}
	}
}

// finish serves those who wait already. Who is not served in time goes on waiting, for a Serve to come or the end of
// his own context.
func (t *Teller) finish(ctx context.Context) {
	for deadline := time.Now().Add(t.cfg.Patience); time.Now().Before(deadline); {
		select {
		case first := <-t.waiting:
			t.serve(ctx, t.gather(first))
			continue
		default:
		}
		due := t.aside.due()
		if due == nil {
			return
		}
		<-due
		t.serve(ctx, nil)
	}
}

// Drain returns when everybody who waits at this moment has been answered, and nobody waits for a row, or ctx ends. Serve
// must be running.
func (t *Teller) Drain(ctx context.Context) error {
	last := &ticket{answer: make(chan answer, 1)}
	select {
	case t.waiting <- last:
	case <-ctx.Done():
		return fmt.Errorf("drain teller: %w", context.Cause(ctx))
	}
	select {
	case <-last.answer:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("drain teller: %w", context.Cause(ctx))
	}
}

// serve sells to the batch, and to those aside whose rows are free again.
func (t *Teller) serve(ctx context.Context, batch []*ticket) {
	defer func() {
		for _, waits := range batch { // all who were not told because this panics
			if !waits.aside {
				waits.tell(answer{err: ErrUnknown})
			}
		}
	}()
	batch = append(t.comeBack(ctx), batch...)
	var carts, drains []*ticket
	for _, waits := range batch {
		if len(waits.Lines) > 0 {
			carts = append(carts, waits)
		} else {
			drains = append(drains, waits)
		}
	}
	for some := range slices.Chunk(carts, t.cfg.MaxBatch) {
		t.sell(ctx, some)
	}
	t.drain(drains)
}

// drain answers those of Drain, or lets them wait with those aside.
func (t *Teller) drain(drains []*ticket) {
	t.aside.drains = append(t.aside.drains, drains...)
	if len(t.aside.carts) == 0 {
		for _, waits := range t.aside.drains {
			waits.tell(answer{})
		}
		t.aside.drains, t.aside.rows = nil, nil
		return
	}
	for _, waits := range drains {
		waits.aside = true
	}
}

// gather takes as many as came while the last batch was committing. It waits for nobody, but lets those run who were
// answered by the last batch and are about to ask again.
func (t *Teller) gather(first *ticket) []*ticket {
	runtime.Gosched()
	batch := []*ticket{first}
	for len(batch) < t.cfg.MaxBatch {
		select {
		case next := <-t.waiting:
			batch = append(batch, next)
		default:
			return batch
		}
	}
	return batch
}

// tell answers the buyer, once.
func (w *ticket) tell(a answer) {
	if !w.done {
		w.done = true
		if w.leave != nil {
			w.leave()
		}
		w.answer <- a
	}
}
