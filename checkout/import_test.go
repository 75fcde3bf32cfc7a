package checkout

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"sneakers23/app/waittest"
	"sneakers23/checkout/ledger"
	"sneakers23/inventory"
)

// The events of TestImportsWhileACrowdBuys.
const (
	importedShoes  = 3
	importAttempts = 600 // of the buyers
	importEvery    = 20  // attempts
	pairsOfNew     = 10  // of each size that an import adds
)

// importCrowd buys while files are imported one after the other. The price of each shoe tells by
// which import it was set, see priceAt.
type importCrowd struct {
	crowd
	begun, done atomic.Int64 // the last imports
	due         chan struct{}

	soldBefore map[int64]int      // lines at older prices that were committed when an import was done
	late       []inventory.Change // of the last import

	mu    sync.Mutex
	tally map[string]int // of answers
}

// priceAt is the price of all shoes after an import.
func priceAt(n int64) inventory.Cents { return inventory.Cents(100_00 + 100*n) }

// importOf returns the import that has set a price.
func importOf(price inventory.Cents) int64 { return int64(price-100_00) / 100 }

// archivedAt reports whether a shoe is archived after an import: one is after most, and each comes
// back by the next import.
func archivedAt(n int64, sku string) bool { return sku == fmt.Sprint("P", n%(importedShoes+1)) }

// file is the file of an import: other prices, one shoe out of the shop and another one back, a
// size that is new and a stock that is not that of the sizes that are there.
func (c *importCrowd) file(n int64) string {
	b := new(strings.Builder)
	b.WriteString("products:\n")
	for shoe := range importedShoes {
		sku, state := fmt.Sprint("P", shoe+1), inventory.Live
		if archivedAt(n, sku) {
			state = inventory.Archived
		}
		fmt.Fprintf(b, "- sku: %s\n  price: %d\n  state: %s\n  sizes:\n", sku, priceAt(n)/100, state)
		fmt.Fprintf(b, "  - {sku: %s-1, us: 1, stock: 999}\n", sku)
		fmt.Fprintf(b, "  - {sku: %s-i%d, us: i%d, stock: %d}\n", sku, n, n, pairsOfNew)
	}
	return b.String()
}

// importNext imports the next file. The first node learns of it, and the second one of the import
// before.
func (c *importCrowd) importNext() {
	n := c.begun.Add(1)
	_, changes, err := c.Inv.Save(context.Background(), edits(c.T, c.file(n)))
	if err != nil {
		c.T.Errorf("import %d: %v", n, err)
		return
	}
	c.done.Store(n)
	c.soldBefore[n] = c.linesBelow(n)
	for i, node := range c.nodes {
		learns := [][]inventory.Change{changes, c.late}[i]
		if err := node.stock.Committed(context.Background(), learns...); err != nil {
			c.T.Error(err)
		}
	}
	c.late = changes
}

// linesBelow counts the lines of orders at prices from before an import.
func (c *importCrowd) linesBelow(n int64) (lines int) {
	err := c.Pool.QueryRow(context.Background(), `SELECT count(*) FROM order_lines WHERE price_cents < $1`,
		priceAt(n)).Scan(&lines)
	if err != nil {
		c.T.Error(err)
	}
	return lines
}

// shop is one buyer, who reads the prices at a node and buys there, until the attempts are used up.
func (c *importCrowd) shop() {
	for !c.T.Failed() {
		n := c.asked.Add(1)
		if n > importAttempts {
			return
		}
		if n%importEvery == 0 {
			c.due <- struct{}{}
		}
		at := c.nodes[rand.IntN(len(c.nodes))]
		if p := c.choose(at.stock.Catalog()); len(p.Lines) > 0 {
			c.submit(at, p)
		}
	}
}

// choose puts one or two shoes into a cart, in any of their sizes.
func (c *importCrowd) choose(catalog *inventory.Catalog) (p Purchase) {
	shoes := slices.Collect(catalog.Products())
	rand.Shuffle(len(shoes), func(i, j int) { shoes[i], shoes[j] = shoes[j], shoes[i] })
	for _, shoe := range shoes[:min(len(shoes), 1+rand.IntN(2))] {
		size := shoe.Items[rand.IntN(len(shoe.Items))]
		p.Lines = append(p.Lines, Line{ID: NewLineID(), Item: size.ID, Product: shoe.ID})
		p.Total += shoe.Price
	}
	return p
}

// submit sends a form until its outcome is known, and compares the outcome with the imports that
// were done before and begun meanwhile.
func (c *importCrowd) submit(at *node, p Purchase) {
	done := c.done.Load()
	ctx, cancel := within("an answer")
	defer cancel()
	var (
		o   Order
		err error
	)
	for errors.Is(err, ErrUnknown) && ctx.Err() == nil || err == nil && o.ID == "" {
		if o, err = at.teller.Buy(ctx, p); errors.Is(err, ErrUnknown) {
			c.unknown.Add(1)
		}
	}
	c.count(err)
	if err != nil {
		c.turnedAway(p)
		return
	}
	c.told(o)
	begun := c.begun.Load()
	by := importOf(o.Lines[0].Price)
	if by < done || by > begun {
		c.T.Errorf("sold at the price of import %d, when %d was done before and %d begun meanwhile", by, done, begun)
	}
	for _, l := range o.Lines {
		sku, _, _ := strings.Cut(l.SKU, "-")
		if importOf(l.Price) != by || archivedAt(by, sku) {
			c.T.Errorf("half of import %d: sold %+v", by, o)
		}
	}
}

// count counts an answer. Each has its reason.
func (c *importCrowd) count(err error) {
	word := "unexpected"
	switch {
	case err == nil:
		word = "sold"
	case errors.Is(err, ErrPriceChanged):
		word = "price"
	case errors.Is(err, ErrNoItem):
		word = "gone"
	case errors.Is(err, ErrSoldOut):
		word = "sold out"
	default:
		c.T.Errorf("a buyer was told %v", err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.tally[word]++
}

// TestImportsWhileACrowdBuys imports a file after every few attempts of a crowd, which buys at two
// nodes. Each sale is made as one import left the shop, none is lost, and no sale that commits
// after an import has returned is made at an older price.
func TestImportsWhileACrowdBuys(t *testing.T) {
	t.Parallel()
	const pairs = 40 // of each size that is there before
	s := newStore(t, importedShoes, 2, pairs)
	c := &importCrowd{
		crowd: crowd{store: s}, due: make(chan struct{}), soldBefore: make(map[int64]int), tally: make(map[string]int),
	}
	c.importNext()
	var tracers []*tripTracer
	for range 2 {
		pool, tracer := traced(t, s.Pool)
		c.nodes = append(c.nodes, s.node(pool, func(c *config) {
			c.ledger = ledger.Config{Patience: waittest.Limit(), LockWithin: waittest.Limit()}
		}))
		tracers = append(tracers, tracer)
	}
	var imports, buyers sync.WaitGroup
	imports.Go(func() {
		for range c.due {
			c.importNext()
		}
	})
	for range 16 {
		buyers.Go(c.shop)
	}
	buyers.Wait()
	close(c.due)
	imports.Wait()

	c.check()
	s.CheckBooks()
	t.Logf("%d imports; answers: %v, %d unknown", c.done.Load(), c.tally, c.unknown.Load())
	for _, word := range []string{"sold", "price", "gone"} {
		if c.tally[word] == 0 {
			t.Errorf("no answer was %q: the test proves less than it says", word)
		}
	}
	for _, n := range slices.Sorted(maps.Keys(c.soldBefore)) {
		if late := c.linesBelow(n) - c.soldBefore[n]; late != 0 {
			t.Errorf("%d lines were committed at older prices after import %d had returned", late, n)
		}
	}
	for _, tracer := range tracers {
		if met := tracer.rolledBack.Load(); met != 0 {
			t.Errorf("%d batches were rolled back, since they met another transaction", met)
		}
	}
	rows, err := s.Inv.Rows(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, it := range rows.Items {
		want := pairs
		if strings.Contains(it.SKU, "-i") {
			want = pairsOfNew
		}
		if it.Available+it.Sold != want || it.Frozen {
			t.Errorf("%s has %d pairs and %d sold, want %d in all", it.SKU, it.Available, it.Sold, want)
		}
	}
}
