package admin

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"sneakers23/replication/pubsub"
	"sneakers23/web/webtest"
)

// welcomed is what a dashboard that comes now is shown.
func (o *office) welcomed() (s state) {
	o.t.Helper()
	err := o.board.welcome(o.t.Context(), func(shown json.RawMessage) error { return json.Unmarshal(shown, &s) })
	if err != nil {
		o.t.Fatal(err)
	}
	return s
}

// TestFirstDashboard opens a dashboard after hours without one: it shows the present orders, and
// their time.
func TestFirstDashboard(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := openOffice(t)
		for before := range 3 {
			o.orders.add()
			s := o.welcomed()
			if s.Orders.Count != before+1 || s.Orders.PerMinute[minutes-1].Orders != 1 ||
				s.Orders.Minute != time.Now().Truncate(time.Minute).UnixMilli() {
				t.Errorf("%d orders, of which one is new: %+v", before+1, s.Orders)
			}
			time.Sleep((minutes + 10) * time.Minute)
		}
		o.orders.fail(errors.New("away"))
		if s := o.welcomed(); s.Orders.Count != 3 {
			t.Errorf("without the database %d orders are known", s.Orders.Count)
		}
	})
}

// TestSilentDatabase keeps no dashboard waiting for long, however many come at once.
func TestSilentDatabase(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := openOffice(t)
		o.orders.hangs.Store(true)
		began := time.Now()
		var all sync.WaitGroup
		for range 10 {
			all.Go(func() { o.welcomed() })
		}
		all.Wait()
		if took := time.Since(began); took > 2*firstLook {
			t.Errorf("they waited for %v", took)
		}
	})
}

// TestIdleDashboard is open while nothing happens: the database is asked each minute.
func TestIdleDashboard(t *testing.T) {
	for _, late := range []time.Duration{time.Second, 30 * time.Second, 57 * time.Second} {
		synctest.Test(t, func(t *testing.T) {
			o := openOffice(t)
			time.Sleep(late)
			o.dashboard()
			asked := o.orders.times()
			time.Sleep(10 * time.Minute)
			if n := o.orders.times() - asked; n > 20 { // by two questions
				t.Errorf("it was opened at second %v of a minute, and has asked %d times in ten", late.Seconds(), n)
			}
		})
	}
}

// full is what make test-long asks for.
var full = flag.Bool("full", false, "run at full size what proves something by mass")

// TestWelcomeMissesNothing has something happen while dashboards come.
func TestWelcomeMissesNothing(t *testing.T) {
	t.Parallel()
	topics := pubsub.New()
	b := NewBoard(BoardConfig{
		ShopTime: time.Now,
		Catalog:  webtest.NewShelf(webtest.Rows()).Catalog, Orders: new(orderList), Topics: topics,
		Log:   slog.New(slog.DiscardHandler),
		Nodes: func() []NodeState { return nil }, Journal: &pages{},
	})
	rounds := 500
	if *full {
		rounds = 2000
	}
	for round := range rounds {
		d := new(shown)
		sub := topics.Subscribe(Dashboard, d)
		var told sync.WaitGroup
		told.Go(func() {
			b.mu.Lock()
			b.nodes, b.dirty = []NodeState{{Name: fmt.Sprint(round)}}, true
			b.mu.Unlock()
			b.broadcastChanges()
		})
		if err := b.welcome(t.Context(), d.begin); err != nil {
			t.Fatal(err)
		}
		told.Wait()
		if nodes := d.get("nodes"); !strings.Contains(nodes, fmt.Sprintf("name:%d ", round)) {
			t.Fatalf("round %d: the dashboard shows %s", round, nodes)
		}
		sub.Unsubscribe()
	}
}

// shown is a dashboard without a socket.
type shown struct {
	mu  sync.Mutex
	all map[string]any
}

func (d *shown) begin(state json.RawMessage) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	return json.Unmarshal(state, &d.all)
}

func (d *shown) Deliver(m *pubsub.Message) {
	var c map[string]any
	_ = json.Unmarshal(m.Payload.(json.RawMessage), &c)
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.all != nil {
		merge(d.all, c)
	}
}

func (d *shown) get(key string) string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return fmt.Sprint(d.all[key])
}

// TestWhatHappened is told by the events of a state and of its changes, and the journal hears of
// nodes.
func TestWhatHappened(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := openOffice(t)
		_ = o.past.Note(t.Context(), Record{At: time.Now(), Kind: eventReleased, Subject: "Hop Man 3", Who: "ann"})
		d := o.dashboard()
		if !strings.Contains(d.says("events"), "is released") {
			t.Errorf("what was before: %s", d.says("events"))
		}
		_ = o.past.Note(t.Context(), Record{At: time.Now(), Kind: eventSoldOut, Subject: "Hop Man 3, size 9"})
		for !strings.Contains(d.says("events"), "is sold out") {
			d.change()
		}
		o.nodes.Store(&[]NodeState{{Name: "node1", Run: "1", Ready: true}, {Name: "node2", Run: "2", Ready: true}})
		for !strings.Contains(d.says("events"), "Node node2 is here") {
			d.change()
		}
		o.nodes.Store(&[]NodeState{{Name: "node1", Run: "1", Ready: true}})
		for !strings.Contains(d.says("events"), "Node node2 is gone") {
			d.change()
		}
		time.Sleep(2 * lookEvery) // until it is written
		if kinds := o.past.kinds(); !strings.HasSuffix(kinds, "node_here node_gone") ||
			strings.Count(kinds, "node_here") != 2 {
			t.Errorf("the journal says %s", kinds)
		}
		if !strings.Contains(fmt.Sprint(o.welcomed().Events), "is released") {
			t.Error("who comes later is not told")
		}
	})
}

// TestQuartersOfOrders tells each quarter of an hour in sum, once it is over.
func TestQuartersOfOrders(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := openOffice(t)
		d := o.dashboard()
		o.orders.mu.Lock()
		o.orders.made = append(o.orders.made, time.Now(), time.Now())
		o.orders.mu.Unlock()
		time.Sleep(quarter + settled + lookEvery)
		for !strings.Contains(d.says("events"), "2 orders for $240 in the quarter of an hour from") {
			d.change()
		}
	})
}

// TestTokensOfTopics renews the token on each topic. A board looks after its nodes every second, so
// it opens when the token is old already.
func TestTokensOfTopics(t *testing.T) {
	for _, topic := range []string{Dashboard, CartTracker} {
		synctest.Test(t, func(t *testing.T) {
			tokens := newTokens(t, password, "secret")
			old := sign(t, tokens)
			time.Sleep(renewedAfter - time.Minute)
			c := openOfficeOf(t, tokens).Connect(param(old)).Join(topic, nil)
			time.Sleep(time.Minute - time.Second)
			c.RefutePush(newToken)
			time.Sleep(time.Second)
			c.Receive(newToken)
		})
	}
}

// TestProxiesInTheJournal has very many addresses look like proxies: that pushes nothing else out.
func TestProxiesInTheJournal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := openOffice(t)
		o.past.away.Store(true)
		time.Sleep(lookEvery) // at the node alone
		for i := range 10 * mostUnwritten {
			o.board.LooksLikeProxy(fmt.Sprint("address ", i))
		}
		o.nodes.Store(&[]NodeState{{Name: "node1", Run: "1", Ready: true}, {Name: "node2", Run: "2", Ready: true}})
		time.Sleep(2 * lookEvery)
		o.past.away.Store(false)
		time.Sleep(2 * lookEvery)
		kinds := o.past.kinds()
		if strings.Count(kinds, eventProxy) != mostProxies || strings.Count(kinds, eventNodeHere) != 2 {
			t.Errorf("the journal says %s", kinds)
		}
	})
}
