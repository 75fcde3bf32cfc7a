package e2e

import (
	"context"
	"encoding/json"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"sneakers23/checkout"
	"sneakers23/checkout/ledger"
	"sneakers23/inventory"
)

// order is what the command line says of an order.
type order struct {
	ID        string      `json:"id"`
	Number    string      `json:"number"`
	CreatedAt time.Time   `json:"created_at"`
	Total     int64       `json:"total_cents"`
	Status    string      `json:"status"`
	Lines     []orderLine `json:"lines"`
}

type orderLine struct {
	Item  int    `json:"item_id"`
	SKU   string `json:"sku"`
	Size  string `json:"size"`
	Price int64  `json:"price_cents"`
}

// orders lists all orders, the newest first.
func (s *shop) orders() (all []order) {
	s.t.Helper()
	if err := json.Unmarshal([]byte(s.run("orders", "list", "--json", "--limit", "500")), &all); err != nil {
		s.t.Fatal(err)
	}
	return all
}

// besides sells a cart at a teller of the test's own, beside the node.
func besides(t *testing.T, database string, p checkout.Purchase) checkout.Order {
	t.Helper()
	pool, err := pgxpool.New(t.Context(), database)
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	quiet := slog.New(slog.DiscardHandler)
	stock := inventory.NewServer(inventory.NewStore(pool), inventory.DefaultThresholds, inventory.NewDispatcher(),
		quiet)
	committer := ledger.New(ledger.Config{Pool: pool, Inventory: stock})
	teller := checkout.NewTeller(checkout.TellerConfig{Ledger: committer, Inventory: stock})
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	defer wg.Wait()
	defer cancel()
	wg.Go(func() { _ = stock.Serve(ctx) })
	wg.Go(func() { _ = committer.Serve(ctx) })
	wg.Go(func() { _ = teller.Serve(ctx) })
	o, err := teller.Buy(t.Context(), p)
	if err != nil {
		t.Fatal(err)
	}
	return o
}

func TestOrdersOnTheCommandLine(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	s.run("release", "SHU6000")
	s.run("release", "SHU6100")
	out := "" // a size that has nothing
	for sku, it := range s.stock() {
		if strings.HasPrefix(sku, "SHU60") && it.Available == 0 {
			out = sku
		}
	}
	s.run("restock", out, "1")
	var products []struct {
		ID    inventory.ProductID `json:"id"`
		Price inventory.Cents     `json:"price_usd"`
		Items []struct {
			ID        inventory.ItemID `json:"id"`
			SKU       string           `json:"sku"`
			Available int              `json:"available_count"`
		} `json:"items"`
	}
	if err := json.Unmarshal([]byte(s.run("products", "--json")), &products); err != nil {
		t.Fatal(err)
	}
	var p checkout.Purchase
	for i, product := range products {
		for _, it := range product.Items {
			if it.SKU == out || i == 1 && it.Available > 0 {
				p.Lines = append(p.Lines, checkout.Line{ID: checkout.NewLineID(), Product: product.ID, Item: it.ID})
				p.Total += product.Price
				break
			}
		}
	}
	v := newVisitor(t, s.URL)
	v.wait(sizeAt(int(p.Lines[0].Item), "low"))
	id := string(besides(t, s.database, p).ID)
	v.wait(sizeAt(int(p.Lines[0].Item), "out"))

	list := s.orders()
	if len(list) != 1 || list[0].ID != id || list[0].Status != "confirmed" || list[0].Total != int64(p.Total) ||
		list[0].CreatedAt.IsZero() ||
		len(list[0].Lines) != 2 || list[0].Lines[0].SKU != out || list[0].Lines[0].Price != 120_00 ||
		list[0].Lines[0].Size == "" {
		t.Errorf("got %+v", list)
	}
	for _, tt := range []struct{ args, says string }{
		{"orders", out},
		{"orders list --limit 1", "--before " + id},
		{"orders list --before " + id, "No older orders"},
		{"orders show " + id, "Hop Man 3 by Snks 23"},
		{"orders", list[0].Number},
		{"orders show " + strings.ToLower(list[0].Number), id},
		{"orders show --json " + list[0].Number, `"number": "` + list[0].Number},
		{"orders show --json " + id, `"color"`},
		{"orders cancel --yes " + list[0].Number, "is cancelled"},
		{"orders list --status cancelled", id},
		{"orders list --status confirmed", "No order is confirmed"},
	} {
		if said := s.run(strings.Fields(tt.args)...); !strings.Contains(said, tt.says) {
			t.Errorf("sneakers23 %s: %q is not in:\n%s", tt.args, tt.says, said)
		}
	}
	v.wait(sizeAt(int(p.Lines[0].Item), "low")) // live again, on the page
	if _, says, code := s.try("orders", "show", "0000-0000"); code != 1 ||
		!strings.Contains(says, "has the number 0000-0000") {
		t.Errorf("a number that no order has: exit code %d: %s", code, says)
	}
	if _, says, code := s.try("orders", "cancel", "--yes", id); code != 1 ||
		!strings.Contains(says, "was cancelled before") {
		t.Errorf("cancelled again: exit code %d: %s", code, says)
	}
	if strings.Contains(s.log.String(), id) {
		t.Error("the id of the order is in the log")
	}
	truth(t, s.database)
}
