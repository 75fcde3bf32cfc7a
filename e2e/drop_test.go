package e2e

import (
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/playwright-community/playwright-go"

	"sneakers23/app/waittest"
)

// dropView is a drop as the command line prints it.
type dropView struct {
	ID       int        `json:"id"`
	At       time.Time  `json:"at"`
	State    string     `json:"state"`
	OpenedAt *time.Time `json:"opened_at"`
	Problems []string   `json:"problems"`
}

// drop runs a command about a drop.
func (s *shop) drop(args ...string) (d dropView) {
	s.t.Helper()
	out := s.run(append(append([]string{"drops"}, args...), "--json")...)
	if err := json.Unmarshal([]byte(out), &d); err != nil {
		s.t.Fatalf("drops %s: %v in %s", strings.Join(args, " "), err, out)
	}
	return d
}

// clock is the clock of the shop, by the database.
func (s *shop) clock() (now time.Time) {
	s.t.Helper()
	s.row(`SELECT shop_time()`, nil, &now)
	return now
}

// shopTime is the time that a node tells to pages.
func (s *shop) shopTime() time.Time {
	s.t.Helper()
	var told struct{ Now time.Time }
	if err := json.Unmarshal([]byte(newCustomer(s.t, s.URL).get("/session").html), &told); err != nil {
		s.t.Fatal(err)
	}
	return told.Now
}

// TestDrop plans a drop at a node that is killed five seconds before, while the clock of the
// database is three minutes ahead of those of all nodes. A crowd sends its forms all the time from
// some seconds before. Pages count down by the clock of the database. The drop opens once, at none
// of the three nodes that are left before its time, and no order was made before it.
func TestDrop(t *testing.T) {
	t.Parallel()
	const (
		crowd = 200
		pairs = 30
	)
	nodes := newCluster(t, 4)
	s, planner := nodes[0], nodes[3]
	s.sql(`CREATE OR REPLACE FUNCTION shop_time() RETURNS timestamptz LANGUAGE sql VOLATILE
		AS 'SELECT clock_timestamp() + interval ''3 minutes'''`)
	s.sql(`UPDATE item_availabilities SET available_count = 0, stocked_count = sold_count`)
	visitors := make([]*visitor, 3)
	for i := range visitors {
		waittest.Until(t, "the node tells the time of the database", func() bool {
			return time.Until(nodes[i].shopTime()) > 2*time.Minute
		})
		visitors[i] = newVisitor(t, nodes[i].URL+"/products/SHU6000")
		visitors[i].wait(".product-soon-1")
		if _, err := visitors[i].Evaluate(watchDOM, `[data-product-id="1"] form.size-container`); err != nil {
			t.Fatal(err)
		}
	}
	var (
		wg      sync.WaitGroup
		opened  = make(chan struct{})
		buyers  = make([]*customer, crowd)
		forms   = make([]url.Values, crowd)
		refused sync.Map
	)
	for i := range crowd {
		buyers[i] = newCustomer(t, nodes[i%3].URL)
		buyers[i].add(1)
		forms[i] = buyers[i].purchase()
	}
	at := s.clock().Add(10 * time.Second).Truncate(time.Second)
	d := planner.drop("plan", "--at", at.Format(time.RFC3339), "--release", "SHU6000",
		"--restock", fmt.Sprintf("SHU6001=%d", pairs))
	if d.State != "planned" || !d.At.Equal(at) || len(d.Problems) == 0 ||
		!strings.Contains(d.Problems[len(d.Problems)-1], "3m0s apart") {
		t.Errorf("planned: %+v", d)
	}
	for _, v := range visitors {
		v.wait(`[data-countdown]:has-text("00:00:")`) // ten seconds, not three minutes more
	}
	waittest.Until(t, "it is five seconds before the time", func() bool {
		return s.clock().After(at.Add(-5 * time.Second))
	})
	planner.kill()
	for i := range crowd {
		wg.Go(func() {
			last := false
			for { // once more after it has opened
				p, err := buyers[i].send("/checkout", forms[i])
				if err != nil {
					t.Error(err)
					return
				}
				if p.order() != "" || last {
					return
				}
				refused.Store(p.flash(), true)
				select {
				case <-opened:
					last = true
				case <-time.After(200 * time.Millisecond): // a shopper who presses the button again and again
				}
			}
		})
	}
	for i, v := range visitors {
		v.wait(`[data-product-id="1"] form.size-container`)
		// the page's clock is that of this machine, which is three minutes behind
		after := seenAfter(v, at.Add(-3*time.Minute))
		t.Logf("node %d shows the sizes %v after the time", i+1, after)
		if after < 0 {
			t.Errorf("node %d shows the sizes too early", i+1)
		}
	}
	close(opened)
	wg.Wait()

	var (
		first time.Time
		sold  int
	)
	s.row(`SELECT min(created_at), count(*) FROM orders`, nil, &first, &sold)
	if first.Before(at) || sold != pairs {
		t.Errorf("%d orders, the first at %v; want %d from %v on", sold, first, pairs, at)
	}
	if d = s.drop("show", fmt.Sprint(d.ID)); d.State != "open" || d.OpenedAt.Before(at) {
		t.Errorf("the drop: %+v", d)
	}
	t.Logf("opened %v after its time, the first order %v after it", d.OpenedAt.Sub(at), first.Sub(at))
	if n := s.count(`SELECT count(*) FROM stock_movements WHERE reason = 'restock' AND item_id = 1
		AND available_delta = $1 AND operation IS NOT NULL`, pairs); n != 1 { // the seed may have brought as many
		t.Errorf("the pairs came %d times", n)
	}
	if log := s.log.String() + nodes[1].log.String() + nodes[2].log.String(); strings.Count(log,
		`msg="a drop opens"`) != 1 {
		t.Errorf("the drop was opened %d times", strings.Count(log, `msg="a drop opens"`))
	}
}

// setClock lets the clock of the shop stand at a time.
func (s *shop) setClock(at time.Time) {
	s.t.Helper()
	s.sql(fmt.Sprintf(`CREATE OR REPLACE FUNCTION shop_time() RETURNS timestamptz LANGUAGE sql VOLATILE
		AS 'SELECT timestamptz ''%s'''`, at.UTC().Format(time.RFC3339)))
}

// TestDropAtTheLastSecond moves one drop and cancels another in the last second before they open.
// The clock of the shop stands still meanwhile.
func TestDropAtTheLastSecond(t *testing.T) {
	t.Parallel()
	nodes := newCluster(t, 2)
	s, other := nodes[0], nodes[1]
	v := newVisitor(t, other.URL)
	v.wait(".product-soon-1")
	now := s.clock().Truncate(time.Second)
	at := now.Add(time.Hour)
	s.setClock(now)
	moved := s.drop("plan", "--at", at.Format(time.RFC3339), "--release", "SHU6000")
	cancelled := s.drop("plan", "--at", at.Format(time.RFC3339), "--release", "SHU6100", "--restock", "SHU6101=5")
	v.wait(`[data-product-id="2"] [data-countdown]:not([hidden])`)
	s.setClock(at.Add(-time.Second))
	later := at.Add(time.Minute)
	s.drop("move", fmt.Sprint(moved.ID), "--at", later.Format(time.RFC3339))
	other.drop("cancel", fmt.Sprint(cancelled.ID))
	s.setClock(at) // when both should have opened
	v.gone(`[data-product-id="2"] [data-countdown]:not([hidden])`)
	third := s.drop("plan", "--at", at.Add(time.Second).Format(time.RFC3339), "--restock", "SHU6102=1")
	s.setClock(at.Add(time.Second))
	waittest.Until(t, "a drop that was planned for a second later is open", func() bool {
		return s.drop("show", fmt.Sprint(third.ID)).State == "open"
	})
	if d := s.drop("show", fmt.Sprint(moved.ID)); d.State != "planned" {
		t.Errorf("the moved drop, at its first time: %+v", d)
	}
	s.setClock(later)
	v.wait(`[data-product-id="1"] form.size-container`)
	if d := s.drop("show", fmt.Sprint(moved.ID)); d.State != "open" || !d.OpenedAt.Equal(later) {
		t.Errorf("the moved drop: %+v", d)
	}
	if d := other.drop("show", fmt.Sprint(cancelled.ID)); d.State != "cancelled" {
		t.Errorf("the cancelled drop: %+v", d)
	}
	if v.count(`[data-product-id="2"] form.size-container`) != 0 {
		t.Error("the product of the cancelled drop is released")
	}
	if out := s.run("products"); !strings.Contains(out,
		"Breezy Boost 600 by Asler, momentum, $140 (id 2): not released") {
		t.Errorf("products: %s", out)
	}
	const came = `SELECT count(*) FROM stock_movements WHERE item_id IN (SELECT id FROM items WHERE sku = 'SHU6101')
		AND reason = 'restock' AND available_delta = 5 AND operation IS NOT NULL`
	if n := s.count(came); n != 0 {
		t.Error("the pairs of the cancelled drop have come")
	}
}

// TestDropAsksForNothing counts what open pages ask for from some seconds before a drop until they
// show its sizes: all that they need comes over their sockets.
func TestDropAsksForNothing(t *testing.T) {
	t.Parallel()
	s := freshShop(t)
	visitors := []*visitor{newVisitor(t, s.URL), newVisitor(t, s.URL+"/products/SHU6000")}
	for _, v := range visitors {
		v.cartLive()
	}
	at := s.clock().Add(6 * time.Second).Truncate(time.Second)
	s.drop("plan", "--at", at.Format(time.RFC3339), "--release", "SHU6000", "--restock", "SHU6001=900",
		"--announce", "Hop Man is here.")
	asked := make([]askedFor, len(visitors))
	for i, v := range visitors {
		v.wait(`.product-soon-1 [data-countdown]:not([hidden])`)
		asked[i].follow(v)
		if _, err := v.Evaluate("window.sameDocument = true"); err != nil {
			t.Fatal(err)
		}
	}
	if now := s.clock(); !now.Before(at) {
		t.Fatalf("the pages are watched from %v on, which is after the drop", now)
	}
	for i, v := range visitors {
		v.wait(`[data-product-id="1"] form.size-container`)
		v.wait(sizeAt(1, "high"))
		v.says(".toast__card", "Hop Man is here.")
		if !evaluate[bool](v, "window.sameDocument === true") {
			t.Errorf("page %d was loaded anew", i)
		}
	}
	s.run("stock", "correct", "SHU6001", "--by", "-"+fmt.Sprint(s.stock()["SHU6001"].Available), "--why", "gone")
	for i, v := range visitors {
		v.wait(sizeAt(1, "out")) // so what followed the drop at once is counted too
		if all := asked[i].list(); len(all) > 0 {
			t.Errorf("page %d asked for %q, want nothing", i, all)
		}
	}
}

// askedFor lists the navigations and requests of a page. Frames of its WebSocket are none.
type askedFor struct {
	mu  sync.Mutex
	all []string
}

func (a *askedFor) add(what, url string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.all = append(a.all, what+" "+url)
}

func (a *askedFor) follow(v *visitor) {
	v.OnRequest(func(r playwright.Request) { a.add(r.Method(), r.URL()) })
	v.OnFrameNavigated(func(f playwright.Frame) { a.add("navigation to", f.URL()) })
	v.OnWebSocket(func(socket playwright.WebSocket) { a.add("another socket", socket.URL()) })
}

func (a *askedFor) list() []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.Clone(a.all)
}
