package checkout

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"sneakers23/app/postgres/pgtest"
	"sneakers23/app/waittest"
	"sneakers23/inventory"
	"sneakers23/migrations"
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

func migrate(ctx context.Context, url string) error {
	_, err := migrations.Up(ctx, url)
	return err
}

// store is a released store of a test's own: what several nodes share.
type store struct {
	t     testing.TB
	pool  *pgxpool.Pool
	inv   *inventory.Store
	items []inventory.ItemID // by product, then size
	of    map[inventory.ItemID]inventory.ProductID
	price map[inventory.ProductID]inventory.Cents
}

func newStore(t testing.TB, products, sizes, pairs int) *store {
	t.Helper()
	return fillStore(t, pgtest.Pool(t, migrate), products, sizes, pairs)
}

// fillStore puts so many released products with so many sizes with so many pairs each into an empty store.
func fillStore(t testing.TB, pool *pgxpool.Pool, products, sizes, pairs int) *store {
	t.Helper()
	s := &store{
		t: t, pool: pool, inv: inventory.NewStore(pool),
		of: make(map[inventory.ItemID]inventory.ProductID), price: make(map[inventory.ProductID]inventory.Cents),
	}
	s.exec(`INSERT INTO products (sku, "order", brand, name, color, price_cents, main_image_url, released)
		SELECT 'P' || n, n, 'Snks 23', 'Hop Man ' || n, 'yellow', 10000 + n, '/p.svg', true FROM generate_series(1, $1::int) n`, products)
	s.exec(`INSERT INTO items (product_id, sku, size)
		SELECT p.id, p.sku || '-' || n, n FROM products p, generate_series(1, $1::int) n ORDER BY p.id, n`, sizes)
	s.exec(`WITH stocked AS (UPDATE item_availabilities SET available_count = $1 WHERE $1 > 0 RETURNING item_id)
		INSERT INTO stock_movements (item_id, reason, available_delta) SELECT item_id, 'restock', $1 FROM stocked`, pairs)
	rows, err := s.inv.Rows(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range rows.Products {
		s.price[p.ID] = p.Price
	}
	for _, it := range rows.Items {
		s.items = append(s.items, it.ID)
		s.of[it.ID] = it.ProductID
	}
	slices.Sort(s.items)
	return s
}

// cart asks for one pair of each item, with new lines.
func (s *store) cart(items ...inventory.ItemID) Purchase {
	var p Purchase
	for _, id := range items {
		p.Lines = append(p.Lines, Line{ID: NewLineID(), Item: id, Product: s.of[id]})
	}
	p.Total = s.total(p.Lines)
	return p
}

// total is what the lines cost.
func (s *store) total(lines []Line) (total inventory.Cents) {
	for _, l := range lines {
		total += s.price[s.of[l.Item]]
	}
	return total
}

// item reads an item from the database.
func (s *store) item(id inventory.ItemID) inventory.ItemRow {
	s.t.Helper()
	rows, err := s.inv.Rows(context.WithoutCancel(s.t.Context()))
	if err != nil {
		s.t.Fatal(err)
	}
	for _, it := range rows.Items {
		if it.ID == id {
			return it
		}
	}
	s.t.Fatalf("no item %d", id)
	panic("unreachable")
}

// restock adds pairs behind the nodes' backs.
func (s *store) restock(id inventory.ItemID, pairs int) {
	s.t.Helper()
	if _, err := s.inv.Restock(context.WithoutCancel(s.t.Context()), id, pairs); err != nil {
		s.t.Fatal(err)
	}
}

// exec changes the database by hand.
func (s *store) exec(sql string, args ...any) {
	s.t.Helper()
	if _, err := s.pool.Exec(context.WithoutCancel(s.t.Context()), sql, args...); err != nil {
		s.t.Fatal(err)
	}
}

// clock is the time on the clock of the database.
func (s *store) clock() (now time.Time) {
	s.t.Helper()
	if err := s.pool.QueryRow(s.t.Context(), `SELECT clock_timestamp()`).Scan(&now); err != nil {
		s.t.Fatal(err)
	}
	return now
}

// checkBooks holds the truth together: for every item the movements add up to what is available and sold, and every
// order's lines are booked as sold, and as returned when it is cancelled.
func (s *store) checkBooks() {
	s.t.Helper()
	for what, sql := range map[string]string{
		"items whose movements do not add up": `
			SELECT count(*) FROM item_availabilities a LEFT JOIN (
				SELECT item_id, sum(available_delta) AS available, sum(sold_delta) AS sold
				FROM stock_movements GROUP BY item_id
			) m USING (item_id)
			WHERE a.available_count <> coalesce(m.available, 0) OR a.sold_count <> coalesce(m.sold, 0) OR a.available_count < 0`,
		"lines that are not booked as sold once": `
			SELECT count(*) FROM (
				SELECT FROM order_lines l LEFT JOIN stock_movements m ON (m.order_id, m.item_id, m.reason) = (l.order_id, l.item_id, 'sale')
				GROUP BY l.line_id HAVING count(m.id) <> 1 OR sum(m.sold_delta) <> 1
			) wrong`,
		"lines whose return is not booked as their order says": `
			SELECT count(*) FROM (
				SELECT FROM order_lines l JOIN orders o ON o.id = l.order_id
				LEFT JOIN stock_movements m ON (m.order_id, m.item_id, m.reason) = (l.order_id, l.item_id, 'return')
				GROUP BY l.line_id, o.status HAVING count(m.id) <> CASE o.status WHEN 'cancelled' THEN 1 ELSE 0 END
			) wrong`,
		"orders whose total is not that of their lines": `
			SELECT count(*) FROM (
				SELECT FROM orders o LEFT JOIN order_lines l ON l.order_id = o.id
				GROUP BY o.id HAVING coalesce(sum(l.price_cents), 0) <> o.total_cents
			) wrong`,
	} {
		var wrong int
		if err := s.pool.QueryRow(context.WithoutCancel(s.t.Context()), sql).Scan(&wrong); err != nil {
			s.t.Fatal(err)
		}
		if wrong != 0 {
			s.t.Errorf("%d %s", wrong, what)
		}
	}
}

// node is what sells in one process: several of them share a store.
type node struct {
	*store
	stock  *inventory.Server
	teller *Teller
	orders *Orders
}

// node starts services as the program does, with a teller that uses pool. They end with the test. Unless configured
// otherwise, the teller's patience is that of a test.
func (s *store) node(pool *pgxpool.Pool, configure ...func(*TellerConfig)) *node {
	s.t.Helper()
	quiet := slog.New(slog.DiscardHandler)
	d := inventory.NewDispatcher()
	loaded := make(chan struct{})
	var once sync.Once
	d.Add(func(context.Context, inventory.Notice) { once.Do(func() { close(loaded) }) })
	n := &node{store: s, stock: inventory.NewServer(s.inv, inventory.DefaultThresholds, d, quiet)}
	cfg := TellerConfig{Pool: pool, Stock: n.stock, Log: quiet, Patience: waittest.Limit()}
	for _, c := range configure {
		c(&cfg)
	}
	n.teller = NewTeller(cfg)
	n.orders = NewOrders(s.pool, n.stock)
	run(s.t, n.stock.Serve)
	run(s.t, d.Serve)
	run(s.t, n.teller.Serve)
	waittest.Done(s.t, "the catalog is loaded", loaded)
	return n
}

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
	n.t.Helper()
	o, err := n.teller.Buy(n.t.Context(), p)
	if err != nil {
		n.t.Fatal(err)
	}
	return o
}
