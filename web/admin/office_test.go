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
		ShopTime: time.Now,
		Catalog:  o.shelf.Catalog, Orders: o.orders, Topics: topics, Log: slog.New(slog.DiscardHandler),
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
