package checkout

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"sneakers23/app/postgres"
	"sneakers23/app/postgres/pgtest"
	"sneakers23/inventory"
)

// `make soak` asks for a million.
var attempts = flag.Int64("attempts", 21_000, "how many times the buyers of TestNeverOversold ask a teller")

// TestNeverOversold lets a crowd buy at several tellers of one database while everything goes wrong that can: lines are
// cut at COMMIT and fall silent, backends are killed, the database crashes, pairs are put in, sold by the operator and
// come back from cancelled orders. In the end everybody was told the truth, and the books balance.
func TestNeverOversold(t *testing.T) {
	t.Parallel()
	const (
		tellers = 3
		buyers  = 64
	)
	server := ownServer(t)
	s := fillStore(t, serverPool(t, server), 6, 3, 20)
	c := &crowd{store: s, done: make(chan struct{})}
	for range tellers {
		line, pool := newCutter(t, s.pool, c.badLuck)
		n := s.node(pool, func(cfg *TellerConfig) { cfg.Patience, cfg.LockWithin = 20*time.Second, 300*time.Millisecond })
		n.orders = NewOrders(pool, n.stock)
		c.nodes = append(c.nodes, n)
		c.lines = append(c.lines, line)
	}
	var trouble sync.WaitGroup
	trouble.Go(func() { c.every(5*time.Millisecond, c.moveStock) })
	trouble.Go(func() { c.every(7*time.Millisecond, c.cancelOne) })
	trouble.Go(func() { c.every(60*time.Millisecond, c.killBackend) })
	trouble.Go(func() { c.crashTwice(server) })
	trouble.Go(func() { c.every(10*time.Second, c.progress) })
	var crowd sync.WaitGroup
	for range buyers {
		crowd.Go(c.shop)
	}
	crowd.Wait()
	close(c.done)
	trouble.Wait()
	c.progress()
	c.check()
	s.checkBooks()
}

// ownServer is a database that may crash without harm to other tests.
func ownServer(t testing.TB) *postgres.Server {
	t.Helper()
	server, err := postgres.Start(t.Context(), postgres.Config{
		Dir: pgtest.DataDir(t), Root: "..", BinDir: os.Getenv("PG_BINDIR"), DieWithParent: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Stop(context.Background()); err != nil {
			t.Error(err)
		}
	})
	if err := migrate(t.Context(), server.URL()); err != nil {
		t.Fatal(err)
	}
	return server
}

func serverPool(t testing.TB, server *postgres.Server) *pgxpool.Pool {
	t.Helper()
	pool, err := pgxpool.New(t.Context(), server.URL())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	return pool
}

// crowd is everybody in TestNeverOversold, and what they were told.
type crowd struct {
	*store
	nodes []*node
	lines []*cutter
	done  chan struct{} // closed when the last buyer has left

	asked, unknown, crashes atomic.Int64

	mu      sync.Mutex
	orders  []Order        // as told, each once or more
	refused map[LineID]int // lines of those who were told that they have nothing
}

// badLuck strikes one transaction in thirty.
func (c *crowd) badLuck() fault {
	switch n := rand.IntN(3000); {
	case n < 50:
		return losesCommit
	case n < 100:
		return losesAnswer
	case n < 101:
		return swallowsMore
	case n < 102:
		return holdsAnswer
	}
	return passes
}

// every does something again and again until the last buyer has left.
func (c *crowd) every(d time.Duration, do func()) {
	tick := time.NewTicker(d)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			do()
		case <-c.done:
			return
		}
	}
}

func (c *crowd) progress() {
	c.mu.Lock()
	defer c.mu.Unlock()
	var faults [swallowsMore + 1]int64
	for _, l := range c.lines {
		for f := range faults {
			faults[f] += l.faults[f].Load()
		}
	}
	c.t.Logf("asked %d times: %d orders told, %d lines refused, %d answers unknown; commits lost %d, answers lost %d, silent %d and %d; %d crashes",
		c.asked.Load(), len(c.orders), len(c.refused), c.unknown.Load(),
		faults[losesCommit], faults[losesAnswer], faults[swallowsMore], faults[holdsAnswer], c.crashes.Load())
}

// moveStock puts in or sells as an operator does. What happened is in the books, whatever the database answers.
func (c *crowd) moveStock() {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	id := c.items[rand.IntN(len(c.items))]
	if rand.IntN(4) == 0 {
		_, _ = c.inv.Sell(ctx, id)
		return
	}
	_ = c.nodes[rand.IntN(len(c.nodes))].stock.Restock(ctx, id, 1+rand.IntN(12))
}

// cancelOne cancels an order that somebody was told of, until it is certain.
func (c *crowd) cancelOne() {
	c.mu.Lock()
	if len(c.orders) == 0 {
		c.mu.Unlock()
		return
	}
	id := c.orders[rand.IntN(len(c.orders))].ID
	c.mu.Unlock()
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); {
		_, err := c.nodes[rand.IntN(len(c.nodes))].orders.Cancel(context.Background(), id)
		switch {
		case err == nil, errors.Is(err, ErrCancelled):
			return
		case errors.Is(err, ErrNoOrder):
			c.t.Error("an order that was told of is not there")
			return
		}
	}
	c.t.Error("an order could not be cancelled")
}

// killBackend ends the connection of a teller in whatever it is doing.
func (c *crowd) killBackend() {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	_, _ = c.pool.Exec(ctx, `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
		WHERE application_name = 'cut' AND state <> 'idle' ORDER BY random() LIMIT 1`)
}

// crashTwice kills the database when a third and two thirds of the attempts are made, and starts it again.
func (c *crowd) crashTwice(server *postgres.Server) {
	for i := range int64(2) {
		for c.asked.Load() < (i+1)**attempts/3 {
			select {
			case <-time.After(time.Millisecond):
			case <-c.done:
				return
			}
		}
		b, err := os.ReadFile(filepath.Join(server.Dir(), "postmaster.pid"))
		if err != nil {
			c.t.Error(err)
			return
		}
		first, _, _ := bytes.Cut(b, []byte("\n"))
		pid, err := strconv.Atoi(string(first))
		if err != nil {
			c.t.Error(err)
			return
		}
		if err := syscall.Kill(pid, syscall.SIGQUIT); err != nil { // as after a loss of power: it must recover
			c.t.Error(err)
			return
		}
		for syscall.Kill(pid, 0) == nil {
			if err := syscall.Kill(pid, syscall.SIGQUIT); err != nil {
				break
			}
		}
		if err := server.Ensure(context.Background()); err != nil {
			c.t.Error(err)
			return
		}
		c.crashes.Add(1)
	}
}

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
		case errors.Is(err, ErrUnknown), errors.Is(err, ErrFailed), errors.Is(err, ErrBusy):
			c.unknown.Add(1)
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
