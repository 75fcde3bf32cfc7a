package ledger

import (
	"context"
	"errors"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"

	"sneakers23/app/postgres/pgtest"
	"sneakers23/app/waittest"
	"sneakers23/inventory"
	"sneakers23/inventory/stocktest"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

// node is what changes stock in one process.
type node struct {
	*Committer
	stock *inventory.Server
}

// newNode starts services as the program does. They end with the test. Unless configured otherwise,
// the committer's patience is that of a test.
func newNode(s *stocktest.Store, pool *pgxpool.Pool, configure ...func(*Config)) *node {
	s.T.Helper()
	var log waittest.Log
	d := inventory.NewDispatcher()
	loaded := make(chan struct{})
	var once sync.Once
	d.Add(func(context.Context, inventory.Notice) { once.Do(func() { close(loaded) }) })
	n := &node{stock: inventory.NewServer(s.Inv, inventory.DefaultThresholds, d, log.Logger())}
	cfg := testConfig(pool, configure...)
	cfg.Inventory = n.stock
	n.Committer = New(cfg)
	run(s.T, n.stock.Serve)
	run(s.T, d.Serve)
	run(s.T, n.Serve)
	waittest.Done(s.T, "the catalog is loaded", loaded)
	return n
}

// testConfig has the patience of a test, and an inventory that knows nothing.
func testConfig(pool *pgxpool.Pool, configure ...func(*Config)) Config {
	cfg := Config{Pool: pool, Inventory: emptyInventory{}, Patience: waittest.Limit(), MaxWait: waittest.Limit()}
	for _, c := range configure {
		c(&cfg)
	}
	return cfg
}

// emptyInventory knows nothing and remembers nothing.
type emptyInventory struct{}

func (emptyInventory) Catalog() *inventory.Catalog {
	return inventory.NewCatalog(inventory.Rows{}, inventory.DefaultThresholds)
}
func (emptyInventory) Committed(context.Context, ...inventory.Change) error { return nil }

func (emptyInventory) Reread(context.Context, ...inventory.ProductID) error { return nil }

// run runs a service until the test ends or stop is called, and waits for its end.
func run(t testing.TB, serve func(context.Context) error) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		if err := serve(ctx); !errors.Is(err, context.Canceled) {
			t.Errorf("service ended: %v", err)
		}
	}()
	stop = func() { cancel(); <-ended }
	t.Cleanup(stop)
	return stop
}

// sellOne is the sale of a pair of each of the items.
func sellOne(items ...inventory.ItemID) *bulkSale {
	s := &bulkSale{id: newOperationID(), items: items, wanted: make(map[inventory.ItemID]int), scope: AlsoUnreleased}
	for _, id := range items {
		s.wanted[id] = 1
	}
	return s
}
