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
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"sneakers23/app/postgres"
	"sneakers23/app/postgres/pgtest"
	"sneakers23/app/waittest"
	"sneakers23/checkout/ledger"
	"sneakers23/inventory"
	"sneakers23/inventory/stocktest"
)

// `make test-long` asks for 21,000 and `make soak-teller` for a million.
var attempts = flag.Int64("attempts", 3_000, "how many times the buyers of TestNeverOversold ask a teller")

// buyers of TestNeverOversold.
const buyers = 64

// TestNeverOversold lets a crowd buy at several tellers of one database while everything goes wrong
// that can: lines are cut at COMMIT and fall silent, backends are killed, the database crashes,
// pairs are put in, sold by the operator and come back from cancelled orders. In the end all
// answers were true, and the books balance. All that goes wrong comes by count, so the mixture is
// the same on a fast machine and on a slow one.
func TestNeverOversold(t *testing.T) {
	t.Parallel()
	const tellers = 3
	server := ownServer(t)
	s := &store{stocktest.Fill(t, serverPool(t, server), 6, 3, 20)}
	c := &crowd{store: s, impatient: make(chan context.CancelFunc, buyers)}
	for range tellers {
		line, pool := pgtest.NewCutter(t, s.Pool, c.nextFault)
		close(line.Silence) // ends when the client has given up
		n := s.node(pool, func(c *config) {
			c.ledger.Patience, c.ledger.LockWithin = 20*time.Second, 300*time.Millisecond
		})
		c.nodes = append(c.nodes, n)
		c.lines = append(c.lines, line)
	}
	injected := c.inject(
		trouble{every: 6, do: c.moveStock},
		trouble{every: 8, do: c.cancelOne},
		trouble{every: 66, do: c.killBackend},
		trouble{every: max(*attempts/3, 1), do: func() { c.crashTwice(server) }},
		trouble{every: max(*attempts/10, 1), do: c.progress},
	)
	var crowd sync.WaitGroup
	for range buyers {
		crowd.Go(c.shop)
	}
	crowd.Wait()
	injected()
	c.progress()
	c.check()
	c.checkFaults()
	s.CheckBooks()
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
	if err := stocktest.Migrate(t.Context(), server.URL()); err != nil {
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

// trouble is what goes wrong every so many attempts, on a goroutine of its own.
type trouble struct {
	every int64
	do    func()

	// Each value is one time. The buffer is the number of buyers: a trouble that waits for a locked
	// row delays no buyer until it is that far behind. Then the buyers wait, so its share of the
	// attempts does not depend on the machine.
	due chan struct{}
}

// inject starts the troubles. The function that it returns ends them, after the last attempt.
func (c *crowd) inject(troubles ...trouble) (end func()) {
	var running sync.WaitGroup
	for _, tr := range troubles {
		tr.due = make(chan struct{}, buyers)
		c.troubles = append(c.troubles, tr)
		running.Go(func() {
			for range tr.due {
				tr.do()
			}
		})
	}
	return func() {
		for _, tr := range c.troubles {
			close(tr.due)
		}
		running.Wait()
	}
}

// attempt counts one question of a buyer, and calls for what goes wrong at that number. An
// impatient buyer leaves then.
func (c *crowd) attempt() {
	n := c.asked.Add(1)
	for _, tr := range c.troubles {
		if n%tr.every == 0 {
			tr.due <- struct{}{}
		}
	}
	select {
	case leave := <-c.impatient:
		leave()
	default:
	}
}

// nextFault strikes one transaction in fifteen on its line. A line seldom falls silent, since its
// teller then waits for more than two seconds.
func (c *crowd) nextFault() pgtest.Fault {
	switch n := c.commits.Add(1); {
	case n%500 == 60:
		return pgtest.SwallowsMore
	case n%500 == 150:
		return pgtest.HoldsAnswer
	case n%30 == 10:
		return pgtest.LosesCommit
	case n%30 == 20:
		return pgtest.LosesAnswer
	}
	return pgtest.Passes
}

// suffered counts the faults on all lines.
func (c *crowd) suffered() (faults [pgtest.SwallowsMore + 1]int64) {
	for _, l := range c.lines {
		for f := range faults {
			faults[f] += l.Faults[f].Load()
		}
	}
	return faults
}

func (c *crowd) progress() {
	c.mu.Lock()
	defer c.mu.Unlock()
	faults := c.suffered()
	c.T.Logf("asked %d times, %d commits: %d orders told, %d lines refused, %d answers unknown; "+
		"commits lost %d, answers lost %d, silent %d and %d; %d crashes",
		c.asked.Load(), c.commits.Load(), len(c.orders), len(c.refused), c.unknown.Load(),
		faults[pgtest.LosesCommit], faults[pgtest.LosesAnswer], faults[pgtest.SwallowsMore],
		faults[pgtest.HoldsAnswer], c.crashes.Load())
}

// checkFaults sees that everything went wrong that was meant to.
func (c *crowd) checkFaults() {
	faults := c.suffered()
	commits := c.commits.Load()
	for f, want := range map[pgtest.Fault]int64{
		pgtest.LosesCommit: commits / 40, pgtest.LosesAnswer: commits / 100, pgtest.SwallowsMore: commits / 500,
	} {
		if faults[f] < want {
			c.T.Errorf("fault %d struck %d of %d commits, want at least %d", f, faults[f], commits, want)
		}
	}
	if crashes := c.crashes.Load(); crashes != 2 && !c.T.Failed() {
		c.T.Errorf("the database crashed %d times, want twice", crashes)
	}
}

// within bounds what a trouble waits for.
func within(what string) (context.Context, context.CancelFunc) {
	return context.WithTimeoutCause(context.Background(), waittest.Limit(), errors.New("not within the limit: "+what))
}

// pause is what a trouble waits before it tries again.
func pause(ctx context.Context) {
	select {
	case <-time.After(5 * time.Millisecond):
	case <-ctx.Done():
	}
}

// moveStock puts in or sells as an operator does. The books show the movement, whatever the
// database answers.
func (c *crowd) moveStock() {
	ctx, cancel := within("a movement of stock")
	defer cancel()
	id := c.Items[rand.IntN(len(c.Items))]
	l := c.nodes[rand.IntN(len(c.nodes))].ledger
	switch rand.IntN(8) {
	case 0, 1:
		_, _ = l.SellUpTo(ctx, map[inventory.ItemID]int{id: 1}, ledger.AlsoUnreleased)
	case 2:
		_ = l.Correct(ctx, id, -1, "lost")
	default:
		_ = l.Restock(ctx, id, 1+rand.IntN(12))
	}
}

// cancelOne cancels an order that a buyer was told of, until it is certain.
func (c *crowd) cancelOne() {
	c.mu.Lock()
	if len(c.orders) == 0 {
		c.mu.Unlock()
		return
	}
	id := c.orders[rand.IntN(len(c.orders))].ID
	c.mu.Unlock()
	ctx, cancel := within("a cancellation")
	defer cancel()
	for ctx.Err() == nil {
		_, err := c.nodes[rand.IntN(len(c.nodes))].orders.Cancel(ctx, id)
		switch {
		case err == nil, errors.Is(err, ErrCancelled):
			return
		case errors.Is(err, ErrNoOrder):
			c.T.Error("an order that was told of is not there")
			return
		}
		pause(ctx) // the database may have crashed
	}
	c.T.Error(context.Cause(ctx))
}

// killBackend ends the connection of a teller in whatever it is doing.
func (c *crowd) killBackend() {
	ctx, cancel := within("the end of a backend")
	defer cancel()
	_, _ = c.Pool.Exec(ctx, `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
		WHERE application_name = 'cut' AND state <> 'idle' ORDER BY random() LIMIT 1`)
}

// crashTwice kills the database as a loss of power does, and starts it again: after a third and two
// thirds of the attempts.
func (c *crowd) crashTwice(server *postgres.Server) {
	if c.crashes.Load() == 2 {
		return // these were all attempts
	}
	b, err := os.ReadFile(filepath.Join(server.Dir(), "postmaster.pid"))
	if err != nil {
		c.T.Error(err)
		return
	}
	first, _, _ := bytes.Cut(b, []byte("\n"))
	pid, err := strconv.Atoi(string(first))
	if err != nil {
		c.T.Error(err)
		return
	}
	ctx, cancel := within("a crash and the start after it")
	defer cancel()
	for syscall.Kill(pid, syscall.SIGQUIT) == nil && ctx.Err() == nil {
		pause(ctx)
	}
	if err := server.Ensure(ctx); err != nil {
		c.T.Error(err)
		return
	}
	c.crashes.Add(1)
}
