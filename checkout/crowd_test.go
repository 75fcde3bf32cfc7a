package checkout

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"time"

	"sneakers23/inventory"
)

// shop is one buyer, who goes on until the attempts are used up.
func (c *crowd) shop() {
	for c.asked.Load() < *attempts && !c.t.Failed() {
		from := rand.IntN(len(c.nodes))
		form, fromMemory := c.form(c.nodes[from])
		switch n := rand.IntN(20); {
		case fromMemory:
			c.buy(form, true, from) // another node may not know yet what this one does
		case n < 2:
			c.twoTabs(form)
		case n == 2:
			ctx, leave := context.WithTimeout(context.Background(), time.Duration(rand.IntN(20))*time.Millisecond)
			c.asked.Add(1)
			_, _ = c.nodes[from].teller.Buy(ctx, form)
			leave()
			c.buy(form, true, from) // behind the form that he did not wait for
		default:
			if c.buy(form, true, rand.IntN(len(c.nodes))) && n < 8 {
				c.buy(form, true, rand.IntN(len(c.nodes))) // once more
			}
		}
	}
}

// form is a cart of one to three shoes, made at a node, and whether the node may refuse it from memory.
func (c *crowd) form(n *node) (p Purchase, fromMemory bool) {
	perShoe := len(c.items) / len(c.price)
	var items []inventory.ItemID
	for _, shoe := range rand.Perm(len(c.price))[:1+rand.IntN(3)] {
		items = append(items, c.items[shoe*perShoe+rand.IntN(perShoe)])
	}
	p = c.cart(items...)
	for i, l := range p.Lines {
		if it, _, ok := n.stock.Catalog().Item(l.Item); ok && it.Available == 0 {
			p.Lines[i].OutAt = it.Revision
			fromMemory = true
		}
	}
	return p, fromMemory
}

// twoTabs sends the same lines twice at once, once with a line more.
func (c *crowd) twoTabs(p Purchase) {
	more, _ := c.form(c.nodes[0])
	for i := range more.Lines {
		more.Lines[i].OutAt = 0
	}
	more.Lines = append(more.Lines[:1:1], p.Lines[0])
	more.Total = c.price[more.Lines[0].Product] + c.price[more.Lines[1].Product]
	if more.Lines[0].Product == more.Lines[1].Product {
		more = p
	}
	var tabs sync.WaitGroup
	tabs.Go(func() { c.buy(p, false, rand.IntN(len(c.nodes))) })
	tabs.Go(func() { c.buy(more, false, rand.IntN(len(c.nodes))) })
	tabs.Wait()
}

// buy sends a form again and again until somebody knows, first to one node and then to any; alone tells that nobody
// else has a form with its lines. It returns whether there is an order.
func (c *crowd) buy(p Purchase, alone bool, at int) bool {
	for deadline := time.Now().Add(patience); ; {
		c.asked.Add(1)
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
			if p.Lines[0].OutAt == 0 {
				at = rand.IntN(len(c.nodes))
			}
		default:
			c.t.Errorf("a buyer was told %v", err)
			return false
		}
		if time.Now().After(deadline) {
			c.t.Errorf("nobody could tell a buyer what became of his form: %v", err)
			return false
		}
	}
}

func (c *crowd) told(o Order) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.orders = append(c.orders, o)
}

// hasNothing sees that a buyer who was told "could not", and has sent his form once at a time, has no order.
func (c *crowd) hasNothing(p Purchase) {
	ids := make([]LineID, len(p.Lines))
	for i, l := range p.Lines {
		ids[i] = l.ID
	}
	if bought, err := c.nodes[0].orders.Bought(context.Background(), ids); err == nil && len(bought) > 0 {
		c.t.Errorf("a buyer was told that he has nothing, and has %v", bought)
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

// check compares what everybody was told with what is in the database.
func (c *crowd) check() {
	rows, _ := c.pool.Query(context.Background(), selectOrders)
	orders, err := collectOrders(rows)
	if err != nil {
		c.t.Fatal(err)
	}
	there := make(map[OrderID]*Order, len(orders))
	for _, o := range orders {
		there[o.ID] = o
		for _, l := range o.Lines {
			if c.refused[l.LineID] > 0 {
				c.t.Errorf("a buyer was told that he has nothing, and has order %+v", o)
			}
		}
	}
	known := make(map[OrderID]bool)
	for _, told := range c.orders {
		o := there[told.ID]
		if o == nil {
			c.t.Errorf("a buyer was told of an order that is not there: %+v", told)
			continue
		}
		known[o.ID] = true
		if o.Total != told.Total || len(o.Lines) != len(told.Lines) || o.Lines[0] != told.Lines[0] {
			c.t.Errorf("a buyer was told of %+v, there is %+v", told, o)
		}
	}
	if len(known) != len(there) {
		c.t.Errorf("%d orders are there, buyers were told of %d", len(there), len(known))
	}
}
