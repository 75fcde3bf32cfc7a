package e2e

import (
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"sneakers23/app/waittest"
)

// TestCommittedAndNotTold cuts a node off from its peers, lets it commit the sale of a last pair,
// and kills it before it can tell anybody. The database has told the others soon.
func TestCommittedAndNotTold(t *testing.T) {
	t.Parallel()
	cluster := newScarceCluster(t, map[int]int{1: 1})
	lonely, others := cluster[0], cluster[1:]
	var visitors []*visitor
	for _, s := range others {
		visitors = append(visitors, newVisitor(t, s.URL))
	}
	lonely.host.cut(others[0].host, others[1].host)
	sold := make(chan string, 1)
	go func() {
		_, errOut, _ := lonely.try("sell", "--yes") // waits for the other nodes
		sold <- errOut
	}()
	waittest.Until(t, "the last pair is sold", func() bool { return truth(t, lonely.direct)[skuOf(1)].Available == 0 })
	lonely.kill()
	killed := time.Now()
	for _, v := range visitors {
		v.wait(`button[value="1"].size-container__entry--level-out`)
	}
	t.Logf("shown everywhere %v after the node was killed; its operator reads: %s", time.Since(killed), <-sold)
}

// newScarceCluster is a cluster of three with both products released, and these pairs of each item.
func newScarceCluster(t *testing.T, pairs map[int]int, args ...string) []*shop {
	t.Helper()
	return fill(newCluster(t, 3, args...), pairs)
}

// fill releases both products of a cluster, and leaves it these pairs of each item.
func fill(cluster []*shop, pairs map[int]int) []*shop {
	cluster[0].sql(shelf{released: true, empty: true, pairs: pairs}.sql())
	for _, s := range cluster {
		s.look()
	}
	return cluster
}

// crowd are buyers with a form each, who send it until they know what became of it.
type crowd struct {
	mu     sync.Mutex
	orders map[string]string // by buyer
	out    int
}

// buy sends forms for one pair of an item, all at once.
func (c *crowd) buy(t *testing.T, s *shop, buyers, item int) (wait func()) {
	t.Helper()
	var wg sync.WaitGroup
	for i := range buyers {
		buyer := newCustomer(t, s.URL)
		buyer.add(item)
		form := buyer.purchase()
		wg.Go(func() { c.send(buyer, fmt.Sprintf("%s buyer %d", s.name, i), form) })
	}
	return wg.Wait
}

// send sends a form until it is bought or refused for good.
func (c *crowd) send(buyer *customer, name string, form url.Values) {
	for began := time.Now(); time.Since(began) < waittest.Limit(); {
		p, err := buyer.send("/checkout", form)
		c.mu.Lock()
		switch {
		case err != nil:
		case p.order() != "":
			c.orders[name] = p.order()
			c.mu.Unlock()
			return
		case strings.HasPrefix(p.flash(), "Your cart has out-of-stock shoes"):
			c.out++
			c.mu.Unlock()
			return
		}
		c.mu.Unlock()
	}
	buyer.t.Errorf("%s never learned what became of his form", name)
}

// check holds what the buyers were told against the orders that there are.
func (c *crowd) check(t *testing.T, s *shop, pairs, buyers int) {
	t.Helper()
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.orders) != pairs || c.out != buyers-pairs {
		t.Errorf("%d were told that they bought, %d that it is gone; want %d of %d",
			len(c.orders), c.out, pairs, buyers)
	}
	there := make(map[string]bool)
	for _, o := range s.orders() {
		there[o.ID] = true
	}
	for buyer, id := range c.orders {
		if !there[id] {
			t.Errorf("the order of %s is not there", buyer)
		}
	}
	if len(there) != len(c.orders) {
		t.Errorf("there are %d orders, %d buyers were told of one", len(there), len(c.orders))
	}
}

// agree waits until all nodes show what the database says.
func agree(t *testing.T, cluster []*shop) {
	t.Helper()
	want := truth(t, cluster[0].direct)
	for _, s := range cluster {
		waittest.Until(t, s.name+" shows what the database says", func() bool { return sameStock(s.stock(), want) })
	}
}

func sameStock(a, b map[string]item) bool {
	return maps.EqualFunc(a, b, func(x, y item) bool { return x.Available == y.Available && x.Sold == y.Sold })
}

// TestPartition parts one node from the two others while all of them sell one size. None of them
// sells a pair that is sold, and when they hear each other again they agree.
func TestPartition(t *testing.T) {
	t.Parallel()
	const item, pairs, each = 1, 60, 30
	cluster := newScarceCluster(t, map[int]int{item: pairs})
	lonely, others := cluster[0], cluster[1:]
	lonely.host.cut(others[0].host, others[1].host)
	for _, s := range others {
		waittest.Until(t, s.name+" misses the lonely node", func() bool { return len(s.nodes()) == 2 })
	}
	buyers := crowd{orders: make(map[string]string)}
	var waits []func()
	for _, s := range cluster {
		waits = append(waits, buyers.buy(t, s, each, item))
	}
	for _, wait := range waits {
		wait()
	}
	buyers.check(t, others[0], pairs, 3*each)
	lonely.host.mend(others[0].host, others[1].host)
	mended := time.Now()
	agree(t, cluster)
	t.Logf("all agree %v after the line was mended", time.Since(mended))
	for _, s := range cluster {
		s.sees(3)
	}
}

// readiness is the status of /readyz.
func (s *shop) readiness() int {
	s.t.Helper()
	status, _ := s.get("/readyz")
	return status
}

// TestCutFromDatabase cuts one node off from the database while two sell one size. It says that it
// is not ready, shows its pages, and tells buyers the truth; the other goes on selling. When the
// line is mended it sells again, by itself.
func TestCutFromDatabase(t *testing.T) {
	t.Parallel()
	const item, pairs, each = 1, 1000, 40
	cluster := newScarceCluster(t, map[int]int{item: pairs})
	lonely, other := cluster[0], cluster[1]
	buyers := crowd{orders: make(map[string]string)}
	lonelyWait := buyers.buy(t, lonely, each, item)
	lonely.host.cutDatabase()
	cut := time.Now()
	buyers.buy(t, other, each, item)()
	t.Logf("%d buyers were served by the other node within %v", each, time.Since(cut))
	waittest.Until(t, "the node says that it is not ready", func() bool {
		return lonely.readiness() == http.StatusServiceUnavailable
	})
	if status, body := lonely.get("/"); status != http.StatusOK || !strings.Contains(body, "Hop Man 3") {
		t.Errorf("its page: %d", status)
	}
	late := newCustomer(t, lonely.URL)
	late.add(item)
	p, err := late.send("/checkout", late.purchase())
	if err != nil || p.order() != "" || !strings.Contains(p.flash(), "don't know") {
		t.Errorf("a buyer is told %q at %s, %v", p.flash(), p.path, err)
	}
	lonely.host.mendDatabase()
	mended := time.Now()
	waittest.Until(t, "the node is ready again", func() bool { return lonely.readiness() == http.StatusOK })
	lonelyWait()
	t.Logf("everybody knows %v after the line was mended", time.Since(mended))
	buyers.check(t, other, 2*each, 2*each)
	agree(t, cluster)
}
