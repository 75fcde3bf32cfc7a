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
