package admin

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"sneakers23/checkout"
	"sneakers23/inventory"
	"sneakers23/replication/presence"
	"sneakers23/replication/pubsub"
	"sneakers23/web/channel"
	"sneakers23/web/channel/channeltest"
	"sneakers23/web/webtest"
)

// office is a node with a board, and a shelf to change.
type office struct {
	*channeltest.Server
	t       *testing.T
	shelf   *webtest.Shelf
	board   *Board
	orders  *orderList
	past    *pages
	fault   atomic.Value // Fault
	nodes   atomic.Pointer[[]NodeState]
	desk    *scribe
	token   string
	tracker *presence.Tracker
}

// pages are a journal without a database.
type pages struct {
	away atomic.Bool

	mu      sync.Mutex
	records []Record // the oldest first
}

var errAway = errors.New("the database is away")

func (p *pages) Note(_ context.Context, r Record) error {
	if p.away.Load() {
		return errAway
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.records = append(p.records, r)
	return nil
}

func (p *pages) Recent(context.Context, int) ([]Record, error) {
	if p.away.Load() {
		return nil, errAway
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	newest := slices.Clone(p.records)
	slices.Reverse(newest)
	return newest, nil
}

func (p *pages) kinds() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	var kinds []string
	for _, r := range p.records {
		kinds = append(kinds, r.Kind)
	}
	return strings.Join(kinds, " ")
}

// orderList is a book of orders without a database.
type orderList struct {
	mu    sync.Mutex
	made  []time.Time // each for $120
	asked int
	err   error
	hangs atomic.Bool // until who asks gives up
}

func (l *orderList) SalesBefore(ctx context.Context, before time.Time) (s checkout.Sales, err error) {
	if l.hangs.Load() {
		<-ctx.Done()
		return s, ctx.Err()
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, at := range l.made {
		if at.Before(before) {
			s.Orders++
			s.Revenue += 12_000
		}
	}
	return s, l.err
}

func (l *orderList) SalesByMinute(_ context.Context, since time.Time) (map[time.Time]checkout.Sales, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.asked++
	minutes := make(map[time.Time]checkout.Sales)
	for _, at := range l.made {
		if m := at.UTC().Truncate(time.Minute); !at.Before(since) {
			minutes[m] = checkout.Sales{Orders: minutes[m].Orders + 1, Revenue: minutes[m].Revenue + 12_000}
		}
	}
	return minutes, l.err
}

// times is how often it was asked.
func (l *orderList) times() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.asked
}

func (l *orderList) fail(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.err = err
}

func (l *orderList) add() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.made = append(l.made, time.Now())
}

// scribe writes down what is asked of the desk.
type scribe struct {
	mu   sync.Mutex
	did  []string
	hold chan struct{} // nil: nothing takes time
	err  error
}

func (s *scribe) note(ctx context.Context, text string) (Done, error) {
	if s.hold != nil {
		<-s.hold
	}
	if ctx.Err() != nil {
		return Done{}, ctx.Err()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.did = append(s.did, text)
	return Done{Missing: []string{"node3"}}, s.err
}

func (s *scribe) Release(ctx context.Context, id inventory.ProductID) (Done, error) {
	return s.note(ctx, fmt.Sprint("release ", id))
}

func (s *scribe) Restock(ctx context.Context, id inventory.ItemID, n int) (Done, error) {
	return s.note(ctx, fmt.Sprint("restock ", id, " ", n))
}

// openOffice must be called within synctest.Test.
func openOffice(t *testing.T) *office {
	t.Helper()
	return openOfficeOf(t, newTokens(t, password, "secret"))
}

func openOfficeOf(t *testing.T, tokens *Tokens) *office {
	t.Helper()
	o := &office{t: t, shelf: webtest.NewShelf(webtest.Rows()), orders: &orderList{}, desk: &scribe{}, past: &pages{}}
	o.nodes.Store(&[]NodeState{{Name: "node1", Run: "1", Sockets: 7, Ready: true}})
	o.fault.Store(Fault(""))
	topics := pubsub.New()
	o.token = sign(t, tokens)
	o.board = NewBoard(BoardConfig{
		Catalog: o.shelf.Catalog, Orders: o.orders, Topics: topics, Log: slog.New(slog.DiscardHandler),
		Nodes: func() []NodeState {
			nodes := slices.Clone(*o.nodes.Load())
			nodes[0].Fault = o.board.Fault()
			return nodes
		},
		Journal: o.past, Fault: func(context.Context) Fault { return o.fault.Load().(Fault) },
	})
	var err error
	o.tracker, err = presence.New(presence.Options{Name: "node1", OnDiff: func(diffs map[string]presence.Diff) {
		o.board.Diff(diffs[CartTracker])
		channel.BroadcastPresences(topics, diffs)
	}})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	var served sync.WaitGroup
	served.Go(func() { _ = o.board.Serve(ctx) })
	served.Go(func() { _ = o.tracker.Serve(ctx) })
	o.Server = channeltest.Start(t, channel.Config{
		PubSub: topics, Connect: tokens.Connect, Routes: Routes(tokens, o.tracker, o.board, o.desk),
	})
	t.Cleanup(func() {
		cancel()
		served.Wait()
	})
	return o
}

// shopper has a tab until its context ends.
func (o *office) shopper(ctx context.Context, key, page string, items ...inventory.ItemID) {
	o.t.Helper()
	if _, err := o.tracker.NewOwner(ctx).Track(CartTracker, key, tab{page, items}); err != nil {
		o.t.Fatal(err)
	}
}

// dashboard is what one shows.
type dashboard struct {
	*channeltest.Client
	o     *office
	shows map[string]any
}

func (o *office) dashboard() *dashboard {
	d := &dashboard{o.Connect(param(o.token)).Join(Dashboard, nil), o, nil}
	d.decode(d.Receive(stateEvent), &d.shows)
	return d
}

func (d *dashboard) decode(data json.RawMessage, to any) {
	d.o.t.Helper()
	if err := json.Unmarshal(data, to); err != nil {
		d.o.t.Fatal(err)
	}
}

// change takes one change, and returns how long it took to come.
func (d *dashboard) change() time.Duration {
	d.o.t.Helper()
	began := time.Now()
	var c map[string]any
	d.decode(d.Receive(changeEvent), &c)
	merge(d.shows, c)
	return time.Since(began)
}

// says is what it shows of a key.
func (d *dashboard) says(key string) string { return fmt.Sprint(d.shows[key]) }

func (d *dashboard) number(path ...string) float64 {
	d.o.t.Helper()
	at := any(d.shows)
	for _, key := range path {
		at = at.(map[string]any)[key]
	}
	n, _ := at.(float64)
	return n
}

// TestDashboard follows shoppers, stock and orders.
func TestDashboard(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := openOffice(t)
		o.orders.add()
		tabs, leave := context.WithCancel(t.Context())
		o.shopper(t.Context(), "ann", "/", 1, 99)
		o.shopper(tabs, "ann", "/checkout", 1)
		time.Sleep(tellEvery)
		d := o.dashboard()
		if d.number("shoppers") != 1 || d.number("tabs") != 2 || d.number("items", "1", "in_carts") != 1 || d.number("pages", "/") != 1 ||
			d.number("orders", "revenue_cents") != 12_000 || d.shows["nodes"].([]any)[0].(map[string]any)["sockets"] != 7.0 {
			t.Errorf("at first it shows %v", d.shows)
		}
		o.shopper(t.Context(), "bob", "/", 1)
		leave()
		d.change()
		if d.number("shoppers") != 2 || d.number("tabs") != 2 || d.number("items", "1", "in_carts") != 2 ||
			d.number("pages", "/") != 2 || d.number("pages", "/checkout") != 0 {
			t.Errorf("then it shows %v", d.shows)
		}
		o.sell(1)
		d.change()
		if d.number("items", "1", "sold") != 1 {
			t.Errorf("after a sale it shows %v", d.shows["items"])
		}
	})
}

// sell changes the shelf, and tells the board.
func (o *office) sell(n int) {
	rows := webtest.Rows()
	for i := range rows.Items {
		if rows.Items[i].ID == 1 {
			rows.Items[i].Sold += n
			rows.Items[i].Revision += inventory.Revision(n)
		}
	}
	o.shelf.Put(rows)
	o.board.Watch(o.t.Context(), inventory.Notice{Catalog: o.shelf.Catalog(), Items: []inventory.ItemID{1}})
}

// TestFourTimesASecond changes something all the time, with two dashboards open, and then nothing.
func TestFourTimesASecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := openOffice(t)
		d, other := o.dashboard(), o.dashboard()
		time.Sleep(time.Minute + 10*time.Second)
		asked := o.orders.times()
		began, changes := time.Now(), 0
		done := make(chan struct{})
		go func() {
			defer close(done)
			for i := range 1000 {
				o.sell(i + 1)
				time.Sleep(10 * time.Millisecond)
			}
		}()
		for d.number("items", "1", "sold") < 1000 {
			d.change()
			changes++
		}
		<-done
		const before = 3 // that were told, and are received now
		if took := time.Since(began); float64(changes) > 4*took.Seconds()+1+before {
			t.Errorf("%d changes in %v", changes, took)
		}
		for other.number("items", "1", "sold") < 1000 {
			other.change()
		}
		if n := o.orders.times() - asked; n > 25 {
			t.Errorf("the database was asked %d times in ten seconds", n)
		}
	})
}

// TestNobodyLooks asks the database for nobody.
func TestNobodyLooks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := openOffice(t)
		for i := range 10 {
			o.sell(i)
			time.Sleep(time.Minute)
		}
		if n := o.orders.times(); n != 0 {
			t.Errorf("asked %d times", n)
		}
	})
}

// TestByTheMinute has an order each half minute for two hours: the last hour is shown by the minute, all are counted.
func TestByTheMinute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := openOffice(t)
		book := ledger{orders: o.orders}
		for range 4 * minutes {
			o.orders.add()
			time.Sleep(30 * time.Second)
			s, err := book.look(t.Context(), time.Now())
			if err != nil || s.Count != len(o.orders.made) || s.Revenue != int64(12_000*s.Count) {
				t.Fatalf("%d orders of %d, %d cents, %v", s.Count, len(o.orders.made), s.Revenue, err)
			}
		}
		s, _ := book.look(t.Context(), time.Now())
		for i, m := range s.PerMinute[:minutes-1] {
			if m != (minute{2, 24_000}) {
				t.Errorf("minute %d: %v", i, m)
			}
		}
	})
}

// TestOrdersNotSummed goes on when the database does not answer, and counts when it does.
func TestOrdersNotSummed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := openOffice(t)
		o.orders.add()
		d := o.dashboard()
		o.orders.fail(errors.New("away"))
		o.orders.add()
		o.sell(1)
		time.Sleep(5 * lookEvery)
		o.orders.fail(nil)
		began := time.Now()
		for d.number("orders", "count") != 2 {
			d.change()
		}
		if took := time.Since(began); took > 3*lookEvery {
			t.Errorf("it took %v", took)
		}
	})
}

// TestDesk presses the buttons.
func TestDesk(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := openOffice(t)
		d := o.dashboard()
		d.Push("release", map[string]any{"product_id": 2}).AssertOK(map[string]any{"not_shown_by": []string{"node3"}})
		d.Push("restock", map[string]any{"item_id": 1, "count": 50}).AssertOK(map[string]any{"not_shown_by": []string{"node3"}})
		if want := []string{"release 2", "restock 1 50"}; !slices.Equal(o.desk.did, want) {
			t.Errorf("it did %v, want %v", o.desk.did, want)
		}
		if status, answer := d.Push("restock", map[string]any{"item_id": "x"}).Receive(); status != "error" {
			t.Errorf("nonsense: %s %s", status, answer)
		}
		o.desk.err = errors.New("no such item")
		d.Push("restock", map[string]any{"item_id": 8, "count": 1}).AssertError(map[string]any{"reason": "no such item"})
		o.desk.hold = make(chan struct{})
		d.Push("release", map[string]any{"product_id": 1})
		synctest.Wait()
		d.Leave() // what was confirmed is done
		close(o.desk.hold)
		synctest.Wait()
		if last := o.desk.did[len(o.desk.did)-1]; last != "release 1" {
			t.Errorf("after the page was closed it has done %v", o.desk.did)
		}
	})
}

// TestCartTracker pushes the presences themselves.
func TestCartTracker(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := openOffice(t)
		o.shopper(t.Context(), "ann", "/<b>", 1)
		synctest.Wait()
		c := o.Connect(param(o.token)).Join(CartTracker, nil)
		var state map[string]struct{ Metas []map[string]any }
		if err := json.Unmarshal(c.Receive("presence_state"), &state); err != nil || state["ann"].Metas[0]["page"] != "/<b>" ||
			state["ann"].Metas[0]["phx_ref"] == "" {
			t.Errorf("state %v, %v", state, err)
		}
		o.shopper(t.Context(), "bob", "/")
		c.Receive("presence_diff")
	})
}
