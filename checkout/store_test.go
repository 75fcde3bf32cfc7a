package checkout

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"

	"sneakers23/app/postgres/pgtest"
	"sneakers23/app/waittest"
	"sneakers23/checkout/ledger"
	"sneakers23/inventory"
	"sneakers23/inventory/stocktest"
)

// TestMain is also the process that TestKilledNode kills.
func TestMain(m *testing.M) {
	url, ok := os.LookupEnv(tellerProcess)
	if !ok {
		pgtest.Main(m)
	}
	if err := runTellerProcess(url); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}

// store is a released store of a test's own: what several nodes share.
type store struct{ *stocktest.Store }

func newStore(t testing.TB, products, sizes, pairs int) *store {
	t.Helper()
	return &store{stocktest.New(t, products, sizes, pairs)}
}

// cart asks for one pair of each item, with new lines.
func (s *store) cart(items ...inventory.ItemID) Purchase {
	var p Purchase
	for _, id := range items {
		p.Lines = append(p.Lines, Line{ID: NewLineID(), Item: id, Product: s.Of[id]})
	}
	p.Total = s.total(p.Lines)
	return p
}

// total is what the lines cost.
func (s *store) total(lines []Line) (total inventory.Cents) {
	for _, l := range lines {
		total += s.Price[s.Of[l.Item]]
	}
	return total
}

// node is what sells in one process: several of them share a store.
type node struct {
	*store
	stock  *inventory.Server
	ledger *ledger.Committer
	teller *Teller
	orders *Orders
}

// config is how a node of a test works.
type config struct {
	ledger ledger.Config
	teller TellerConfig
}

// node starts services as the program does, which sell over the pool. They end with the test.
// Unless configured otherwise, the committer's patience is that of a test.
func (s *store) node(pool *pgxpool.Pool, configure ...func(*config)) *node {
	s.T.Helper()
	quiet := slog.New(slog.DiscardHandler)
	d := inventory.NewDispatcher()
	loaded := make(chan struct{})
	var once sync.Once
	d.Add(func(context.Context, inventory.Notice) { once.Do(func() { close(loaded) }) })
	n := &node{store: s, stock: inventory.NewServer(s.Inv, inventory.DefaultThresholds, d, quiet)}
	n.serve(pool, n.stock, configure...)
	run(s.T, n.stock.Serve)
	run(s.T, d.Serve)
	waittest.Done(s.T, "the catalog is loaded", loaded)
	return n
}

// blindNode starts a node that knows nothing and remembers nothing: it looks each cart up.
func (s *store) blindNode(pool *pgxpool.Pool, configure ...func(*config)) *node {
	n := &node{store: s}
	n.serve(pool, emptyCatalog{}, configure...)
	return n
}

func (n *node) serve(pool *pgxpool.Pool, stock ledger.Publisher, configure ...func(*config)) {
	var cfg config
	cfg.ledger.Patience, cfg.ledger.MaxWait = waittest.Limit(), waittest.Limit()
	for _, c := range configure {
		c(&cfg)
	}
	cfg.ledger.Pool, cfg.ledger.Inventory = pool, stock
	n.ledger = ledger.New(cfg.ledger)
	cfg.teller.Ledger, cfg.teller.Inventory = n.ledger, stock
	n.teller = NewTeller(cfg.teller)
	n.orders = NewOrders(pool, n.ledger)
	run(n.T, n.ledger.Serve)
	run(n.T, n.teller.Serve)
}

// emptyCatalog knows nothing and remembers nothing.
type emptyCatalog struct{}

func (emptyCatalog) Catalog() *inventory.Catalog {
	return inventory.NewCatalog(inventory.Rows{}, inventory.DefaultThresholds)
}
func (emptyCatalog) Committed(context.Context, ...inventory.Change) error { return nil }

func (emptyCatalog) Reread(context.Context, ...inventory.ProductID) error { return nil }

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

// buy sells a cart that must be sold.
func (n *node) buy(p Purchase) Order {
	n.T.Helper()
	o, err := n.teller.Buy(n.T.Context(), p)
	if err != nil {
		n.T.Fatal(err)
	}
	return o
}

// parked is logged when a committer has waited for a row in vain, and nothing was parked yet.
const parked = "operations wait for rows that another transaction holds for too long"

// answer is what a buyer is told.
type answer struct {
	order Order
	err   error
}

// answer asks for a cart, and waits as long as it takes.
func (n *node) answer(p Purchase) answer {
	o, err := n.teller.Buy(context.WithoutCancel(n.T.Context()), p)
	return answer{o, err}
}
