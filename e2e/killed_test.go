package e2e

import (
	"strings"
	"testing"
	"time"

	"sneakers23/app/postgres/pgtest"
	"sneakers23/app/waittest"
)

// TestKilledBetweenCommitAndAnswer kills a node that has sold the last pair and was not told so by
// its database. The same form sent to another node gets the order.
func TestKilledBetweenCommitAndAnswer(t *testing.T) {
	t.Parallel()
	const item = 5
	direct := pgtest.URL(t)
	line := newHolder(t, direct)
	first := &shop{t: t, dataDir: t.TempDir(), database: line.DSN, secret: sharedSecret}
	first.start("--seed")
	first.run("release", "SHU6000")
	first.onlyPairs(map[int]int{item: 1})
	second := &shop{t: t, dataDir: t.TempDir(), database: direct, secret: sharedSecret}
	second.start()

	buyer, other := newCustomer(t, first.URL), newCustomer(t, first.URL)
	buyer.add(item)
	other.add(item)
	form, othersForm := buyer.purchase(), other.purchase()
	type result struct {
		page page
		err  error
	}
	answered := make(chan result, 1)
	line.hold.Store(true)
	go func() {
		p, err := buyer.send("/checkout", form)
		answered <- result{p, err}
	}()
	select {
	case <-line.held:
	case r := <-answered:
		t.Fatalf("answered with %s, %v, before the database was", r.page.path, r.err)
	case <-time.After(waittest.Limit()):
		t.Fatal("nothing was committed")
	}
	first.kill()
	if r := <-answered; r.err == nil {
		t.Errorf("the killed node answered with %s, %q", r.page.path, r.page.flash())
	}
	if sold := truth(t, direct)[skuOf(item)]; sold.Available != 0 {
		t.Fatalf("%d pairs are left, want the last one sold", sold.Available)
	}

	p := buyer.at(second.URL).post("/checkout", form)
	id := p.order()
	if main, cart := p.listed(); id == "" || strings.Join(main, " ") != "5" || len(cart) != 0 {
		t.Fatalf("the buyer is at %s and is told %q, of the lines %v; his cart has %v", p.path, p.flash(), main, cart)
	}
	p = other.at(second.URL).post("/checkout", othersForm)
	if !strings.HasPrefix(p.flash(), "Your cart has out-of-stock shoes") ||
		!strings.Contains(p.html, "Sorry, this shoe is sold out") {
		t.Errorf("another shopper is at %s and is told %q", p.path, p.flash())
	}
	second.ordered("5")

	first.start()
	if p := buyer.at(first.URL).post("/checkout", form); p.order() != id {
		t.Errorf("the node that is back leads to %s and says %q", p.path, p.flash())
	}
	if p := other.at(first.URL).post("/checkout", othersForm); !strings.HasPrefix(p.flash(),
		"Your cart has out-of-stock shoes") {
		t.Errorf("the node that is back tells another shopper %q", p.flash())
	}
	second.ordered("5")
}
