package inventory_test

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"

	"sneakers23/app/waittest"
	"sneakers23/inventory"
	"sneakers23/inventory/stocktest"
)

// runner runs services until the test ends, and waits for them.
type runner struct {
	t      testing.TB
	ctx    context.Context
	cancel context.CancelFunc
	wg     sync.WaitGroup
}

func newRunner(t testing.TB) *runner {
	r := &runner{t: t}
	r.ctx, r.cancel = context.WithCancel(context.Background())
	t.Cleanup(func() {
		r.cancel()
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			r.wg.Wait()
		}()
		waittest.Done(t, "the end of the services", ended)
	})
	return r
}

func (r *runner) run(serve func(context.Context) error) {
	r.wg.Go(func() {
		if err := serve(r.ctx); !errors.Is(err, context.Canceled) {
			r.t.Errorf("service ended: %v", err)
		}
	})
}

// notices is a watcher that passes on what it is told.
func notices(d *inventory.Dispatcher) <-chan inventory.Notice {
	c := make(chan inventory.Notice, 100) // more than any test here causes
	d.Add(func(_ context.Context, n inventory.Notice) { c <- n })
	return c
}

func startServer(t testing.TB) (*inventory.Server, *inventory.Store, *pgxpool.Pool, <-chan inventory.Notice) {
	t.Helper()
	store, pool := newStore(t)
	d := inventory.NewDispatcher()
	told := notices(d)
	s := inventory.NewServer(store, inventory.DefaultThresholds, d, slog.New(slog.DiscardHandler))
	r := newRunner(t)
	r.run(s.Serve)
	r.run(d.Serve)
	waittest.Receive(t, "the notice of the loaded catalog", told)
	return s, store, pool, told
}

// restock adds a pair to an item as package ledger does, in the name of an operator.
func restock(
	t testing.TB, s *inventory.Server, store *inventory.Store, pool *pgxpool.Pool, id inventory.ItemID, by ...string,
) {
	t.Helper()
	stocktest.Put(t, pool, 1, id)
	rows := readRows(t, store).Items
	at := slices.IndexFunc(rows, func(it inventory.ItemRow) bool { return it.ID == id })
	if err := s.Committed(t.Context(), inventory.Change{Item: &rows[at], By: strings.Join(by, "")}); err != nil {
		t.Fatal(err)
	}
}

func TestServerShowsWhatItCommitted(t *testing.T) {
	t.Parallel()
	s, store, pool, told := startServer(t)
	if !s.Catalog().Loaded() || s.Catalog().Len() != 2 {
		t.Fatalf("loaded %v, %d products, want 2", s.Catalog().Loaded(), s.Catalog().Len())
	}
	p, _ := s.Catalog().ProductBySKU("SHU6000")
	if err := s.Release(t.Context(), p.ID); err != nil {
		t.Fatal(err)
	}
	if p, _ := s.Catalog().Product(p.ID); !p.Released {
		t.Error("the catalog does not show a release that has returned")
	}
	if n := waittest.Receive(t, "the notice of the release", told); !slices.Equal(n.Products,
		[]inventory.ProductID{p.ID}) || len(n.Items) != 0 {
		t.Errorf("watchers were told of %v and %v, want product %d", n.Products, n.Items, p.ID)
	}
	item := p.Items[0].ID
	restock(t, s, store, pool, item)
	if missed := s.Catalog().Missed(readRows(t, store)); len(missed) != 0 {
		t.Errorf("the catalog lacks %+v", missed)
	}
}

func TestCommittedIsShownToACallerWhoLeft(t *testing.T) {
	t.Parallel()
	store, _ := newStore(t)
	d := inventory.NewDispatcher()
	told := notices(d)
	s := inventory.NewServer(store, inventory.DefaultThresholds, d, slog.New(slog.DiscardHandler))
	ctx, leave := context.WithCancel(t.Context())
	done := make(chan error, 1)
	product := readRows(t, store).Products[0]
	go func() { done <- s.Release(ctx, product.ID) }() // committed, but no Serve runs yet: it waits to be applied
	waittest.Until(t, "the commit of the release", func() bool { return readProduct(t, store, product.ID).Released })
	leave()
	r := newRunner(t)
	r.run(s.Serve)
	r.run(d.Serve)
	waittest.Receive(t, "the notice of the loaded catalog", told)
	if err := waittest.Receive(t, "the end of the release", done); err != nil {
		t.Errorf("got %v, want the change applied", err)
	}
}

// TestBegunIsDoneForACallerWhoLeft lets a caller leave while the database is at work over the call:
// another transaction holds the row.
func TestBegunIsDoneForACallerWhoLeft(t *testing.T) {
	t.Parallel()
	store, pool := newStore(t)
	d := inventory.NewDispatcher()
	told := notices(d)
	s := inventory.NewServer(store, inventory.DefaultThresholds, d, slog.New(slog.DiscardHandler))
	r := newRunner(t)
	r.run(s.Serve)
	r.run(d.Serve)
	waittest.Receive(t, "the notice of the loaded catalog", told)
	product := readRows(t, store).Products[0]
	holder, err := pool.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = holder.Rollback(context.Background()) }()
	var pid int
	lock := `SELECT pg_backend_pid() FROM products WHERE id = $1 FOR UPDATE`
	if err := holder.QueryRow(t.Context(), lock, product.ID).Scan(&pid); err != nil {
		t.Fatal(err)
	}
	ctx, leave := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- s.Release(ctx, product.ID) }()
	waittest.Until(t, "the release to wait for the row", func() (waits bool) {
		blocked := `SELECT EXISTS (SELECT FROM pg_stat_activity WHERE $1 = ANY (pg_blocking_pids(pid)))`
		if err := pool.QueryRow(t.Context(), blocked, pid).Scan(&waits); err != nil {
			t.Fatal(err)
		}
		return waits
	})
	leave()
	if err := holder.Rollback(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := waittest.Receive(t, "the end of the release", done); err != nil {
		t.Errorf("got %v, want the product released", err)
	}
	if is, _ := s.Catalog().Product(product.ID); !is.Released {
		t.Error("the catalog does not show the release")
	}
}

func TestServeAgainStartsFromTheDatabase(t *testing.T) {
	t.Parallel()
	store, _ := newStore(t)
	d := inventory.NewDispatcher()
	told := notices(d)
	s := inventory.NewServer(store, inventory.DefaultThresholds, d, slog.New(slog.DiscardHandler))
	newRunner(t).run(d.Serve)
	first, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- s.Serve(first) }()
	waittest.Receive(t, "the notice of the loaded catalog", told)
	shown := s.Catalog().Shown()
	cancel()
	_ = waittest.Receive(t, "the end of the first Serve", ended)
	p, _ := s.Catalog().ProductBySKU("SHU6000")
	if _, err := store.Release(t.Context(), p.ID); err != nil { // the server is not told
		t.Fatal(err)
	}
	newRunner(t).run(s.Serve)
	waittest.Receive(t, "the notice of the loaded catalog", told)
	if p, _ := s.Catalog().Product(p.ID); !p.Released {
		t.Error("a server that serves again does not know the database")
	}
	if s.Catalog().Shown() == shown {
		t.Error("Shown did not change with what is shown")
	}
}

func TestApplyEndsWithItsContext(t *testing.T) {
	t.Parallel()
	s := inventory.NewServer(nil, inventory.DefaultThresholds, inventory.NewDispatcher(), slog.New(slog.DiscardHandler))
	ctx, cancel := context.WithCancelCause(t.Context())
	why := errors.New("enough")
	cancel(why)
	if err := s.Apply(ctx); !errors.Is(err, why) {
		t.Errorf("got %v, want %v", err, why)
	}
}

// TestCommittedIsAnnouncedAnyway commits something that this node can't apply: the others are told
// all the same.
func TestCommittedIsAnnouncedAnyway(t *testing.T) {
	t.Parallel()
	s := inventory.NewServer(nil, inventory.DefaultThresholds, inventory.NewDispatcher(), slog.New(slog.DiscardHandler))
	var announced []inventory.Change
	s.OnCommitted(func(changes []inventory.Change) { announced = append(announced, changes...) })
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	change := inventory.Change{Item: &inventory.ItemRow{ID: 1, Revision: 7}}
	if err := s.Committed(ctx, change); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want the end of the context", err)
	}
	if !slices.Equal(announced, []inventory.Change{change}) {
		t.Errorf("announced %+v, want %+v", announced, change)
	}
}

// TestWatchersLearnWhoDidIt follows the name of an operator to the watchers, of this node and of
// another.
func TestWatchersLearnWhoDidIt(t *testing.T) {
	t.Parallel()
	s, store, pool, told := startServer(t)
	item := readRows(t, store).Items[0]
	var sent []inventory.Change
	other, _, _, toldThere := startServer(t)
	s.OnCommitted(func(changes []inventory.Change) { sent = append(sent, changes...) })
	alice := inventory.ActingAs(t.Context(), "alice")
	if err := s.Release(alice, item.ProductID); err != nil {
		t.Fatal(err)
	}
	n := waittest.Receive(t, "the notice of the release", told)
	if got := n.Actors.Product(item.ProductID); got != "alice" {
		t.Errorf("the release was made by %q", got)
	}
	restock(t, s, store, pool, item.ID, "alice")
	n = waittest.Receive(t, "the notice of the restock", told)
	if got := n.Actors.Item(item.ID); got != "alice" {
		t.Errorf("the restock was made by %q", got)
	}
	restock(t, s, store, pool, item.ID)
	n = waittest.Receive(t, "the notice of the shop's own restock", told)
	if got := n.Actors.Item(item.ID); got != "" {
		t.Errorf("what nobody did was made by %q", got)
	}
	sent[0].Product.Revision += 1000 // the other store has given its own
	if err := other.Apply(t.Context(), sent[0]); err != nil {
		t.Fatal(err)
	}
	n = waittest.Receive(t, "the notice at the other node", toldThere)
	if got := n.Actors.Product(item.ProductID); got != "alice" {
		t.Errorf("at the other node, the release was made by %q", got)
	}
}
