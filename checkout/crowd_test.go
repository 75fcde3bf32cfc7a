package checkout

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"sneakers23/app/postgres/pgtest"
	"sneakers23/app/waittest"
	"sneakers23/inventory"
)

// crowd is all who take part in TestNeverOversold, and what they were told.
type crowd struct {
	*store
	nodes    []*node
	lines    []*pgtest.Cutter
	troubles []trouble

	// Each attempt takes one of these and calls it: a buyer leaves without an answer. The buffer is
	// the number of buyers. They never wait here, since each of them makes an attempt after every
	// value that they send.
	impatient chan context.CancelFunc

	asked, unknown, crashes atomic.Int64
	commits                 atomic.Int64 // that were on their way over a line

	mu      sync.Mutex
	orders  []Order        // as told, each once or more
	refused map[LineID]int // lines of those who were told that they have nothing
}

// shop is one buyer, who goes on until the attempts are used up.
func (c *crowd) shop() {
	for c.asked.Load() < *attempts && !c.T.Failed() {
		from := rand.IntN(len(c.nodes))
		form := c.form()
		switch n := rand.IntN(20); {
		case n < 2:
			c.twoTabs(form)
		case n == 2:
			c.leave(form, from)
			c.buy(form, true, from) // behind the form that was not waited for
		default:
			if c.buy(form, true, rand.IntN(len(c.nodes))) && n < 8 {
				c.buy(form, true, rand.IntN(len(c.nodes))) // once more
			}
		}
	}
}

// form is a cart of one to three shoes.
func (c *crowd) form() Purchase {
	perShoe := len(c.Items) / len(c.Price)
	var items []inventory.ItemID
	for _, shoe := range rand.Perm(len(c.Price))[:1+rand.IntN(3)] {
		items = append(items, c.Items[shoe*perShoe+rand.IntN(perShoe)])
	}
	return c.cart(items...)
}

// leave sends a form, and does not wait for the answer after the next attempt of anybody.
func (c *crowd) leave(p Purchase, at int) {
	ctx, leave := context.WithCancel(context.Background())
	defer leave()
	c.attempt()
	c.impatient <- leave
	_, _ = c.nodes[at].teller.Buy(ctx, p)
}

// twoTabs sends the same lines twice at once, once with a line more.
func (c *crowd) twoTabs(p Purchase) {
	more := c.form()
	more.Lines = append(more.Lines[:1:1], p.Lines[0])
	more.Total = c.Price[more.Lines[0].Product] + c.Price[more.Lines[1].Product]
	if more.Lines[0].Product == more.Lines[1].Product {
		more = p
	}
	var tabs sync.WaitGroup
	tabs.Go(func() { c.buy(p, false, rand.IntN(len(c.nodes))) })
	tabs.Go(func() { c.buy(more, false, rand.IntN(len(c.nodes))) })
	tabs.Wait()
}

// buy sends a form until its outcome is known, first to one node and then to any. alone means that
// no other form has its lines. It returns whether there is an order.
func (c *crowd) buy(p Purchase, alone bool, at int) bool {
	for began := time.Now(); ; {
		c.attempt()
		o, err := c.nodes[at].teller.Buy(context.Background(), p)
		switch {
		case err == nil:
			c.told(o)
			return true
		case errors.Is(err, ErrSoldOut):
			if alone {
				c.turnedAway(p)
			}
			return false
		case errors.Is(err, ErrUnknown), errors.Is(err, ErrFailed):
			c.unknown.Add(1)
			if alone && errors.Is(err, ErrFailed) {
				c.hasNothing(p)
			}
			at = rand.IntN(len(c.nodes))
		default:
			c.T.Errorf("a buyer was told %v", err)
			return false
		}
		if time.Since(began) > waittest.Limit() {
			c.T.Errorf("nobody could tell a buyer within %v what became of his form: %v", waittest.Limit(), err)
			return false
		}
	}
}

func (c *crowd) told(o Order) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.orders = append(c.orders, o)
}

// hasNothing sees that a buyer who was told "could not", and has sent his form once at a time, has
// no order.
func (c *crowd) hasNothing(p Purchase) {
	ids := make([]LineID, len(p.Lines))
	for i, l := range p.Lines {
		ids[i] = l.ID
	}
	if bought, err := c.nodes[0].teller.Bought(context.Background(), ids); err == nil && len(bought) > 0 {
		c.T.Errorf("a buyer was told that he has nothing, and has %v", bought)
	}
}

func (c *crowd) turnedAway(p Purchase) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.refused == nil {
		c.refused = make(map[LineID]int)
	}
	for _, l := range p.Lines {
		c.refused[l.ID]++
	}
}

// check compares all answers with what is in the database.
func (c *crowd) check() {
	rows, _ := c.Pool.Query(context.Background(), selectOrders)
	orders, err := collectOrders(rows)
	if err != nil {
		c.T.Fatal(err)
	}
	there := make(map[OrderID]*Order, len(orders))
	for _, o := range orders {
		there[o.ID] = o
		for _, l := range o.Lines {
			if c.refused[l.LineID] > 0 {
				c.T.Errorf("a buyer was told that he has nothing, and has order %+v", o)
			}
		}
	}
	known := make(map[OrderID]bool)
	for _, told := range c.orders {
		o := there[told.ID]
		if o == nil {
			c.T.Errorf("a buyer was told of an order that is not there: %+v", told)
			continue
		}
		known[o.ID] = true
		if o.Total != told.Total || len(o.Lines) != len(told.Lines) || o.Lines[0] != told.Lines[0] {
			c.T.Errorf("a buyer was told of %+v, there is %+v", told, o)
		}
	}
	if len(known) != len(there) {
		c.T.Errorf("%d orders are there, buyers were told of %d", len(there), len(known))
	}
}
