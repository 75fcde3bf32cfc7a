package rehearsal

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/gorilla/websocket"

	"sneakers23/app/sleep"
)

// tab is an open page of the shop: a socket with its channels. It connects again when the socket is
// closed, joins its topics with what it shows, and sends again the question that was not answered.
// One goroutine uses it, the shopper's; another one, its own, connects and reads.
type tab struct {
	tabConfig

	refs    int        // of questions
	replies chan reply // buffer 1: one question at a time
	end     context.CancelFunc
	ended   chan struct{} // closed when run has returned

	mu       sync.Mutex
	link     *link // nil while the topics are not joined
	links    int   // how many connections there were
	err      error // why the latest attempt to connect failed
	products map[string]*product
	items    []int64 // of the cart that was seen last
	token    any     // of that cart, nil if there never was one
	at       time.Time
	news     chan struct{} // closed and replaced when link, err or the cart has changed, and when there is more to buy
}

// tabConfig is what a tab is opened with.
type tabConfig struct {
	of       *measures
	route    route
	cookies  func() []*http.Cookie
	ids      []string // of products
	cart     string   // topic
	page     string   // path
	patience time.Duration
}

// link is one connection. After its topics are joined only the shopper's goroutine writes to it.
type link struct {
	ws    *websocket.Conn
	ended chan struct{} // closed after the last message was read
}

type reply struct {
	ref      string
	Status   string          `json:"status"`
	Response json.RawMessage `json:"response"`
}

// cart is one as the channel pushes it.
type cart struct {
	Items []struct {
		ID int64 `json:"id"`
	} `json:"items"`
	Serialized string `json:"serialized"`
}

var (
	errPatient = errors.New("no answer in time")
	errRejoin  = errors.New("the tab has connected again")
	errCrashed = errors.New("a channel crashed")
	errShare   = errors.New("the shop opens no more sockets for one address: start its nodes with --no-limits, or with --address-share 1")
)

// buffers are shared by all sockets for as long as a frame is written.
var buffers sync.Pool

// openTab returns when the topics are joined. token is the cart that the tab brings along.
func openTab(ctx context.Context, c tabConfig, token any) (*tab, error) {
	running, end := context.WithCancel(ctx)
	t := &tab{
		tabConfig: c, token: token, replies: make(chan reply, 1), end: end, ended: make(chan struct{}),
		products: make(map[string]*product), news: make(chan struct{}),
	}
	for _, id := range c.ids {
		t.products[id] = new(product)
	}
	go t.run(running)
	waits, cancel := context.WithTimeoutCause(ctx, t.patience, errPatient)
	defer cancel()
	if _, err := t.joined(waits); err != nil {
		t.close()
		return nil, err
	}
	return t, nil
}

// close returns when run has.
func (t *tab) close() {
	t.end()
	<-t.ended
}

// run connects, again and again, until ctx ends.
func (t *tab) run(ctx context.Context) {
	defer close(t.ended)
	var tries attempts
	for ctx.Err() == nil {
		tries.begin()
		joined, err := t.connect(ctx, &tries)
		t.change(func() { t.err = err })
		if !joined {
			t.route.next()
		}
		_ = sleep.For(ctx, tries.end())
	}
}

// change changes what the mutex protects, and tells the shopper's goroutine.
func (t *tab) change(how func()) {
	t.mu.Lock()
	defer t.mu.Unlock()
	how()
	t.ring()
}

// ring says that something has changed. The mutex is held.
func (t *tab) ring() {
	close(t.news)
	t.news = make(chan struct{})
}

// receive takes a message, and returns how many joins it answers. The error says why the connection
// is of no more use.
func (t *tab) receive(data []byte) (joins int, err error) {
	var (
		frame [5]json.RawMessage
		topic string
		event string
	)
	if json.Unmarshal(data, &frame) != nil || json.Unmarshal(frame[2], &topic) != nil ||
		json.Unmarshal(frame[3], &event) != nil {
		return 0, nil
	}
	switch event {
	case "phx_reply":
		r := reply{ref: strings.Trim(string(frame[1]), `"`)}
		if json.Unmarshal(frame[4], &r) != nil {
			return 0, nil
		}
		if r.ref == topic {
			return 1, t.joins(topic, r)
		}
		t.answer(r)
	case "phx_error":
		return 0, errCrashed
	case "cart":
		t.of.pushes.Add(1)
		t.see(frame[4])
	default:
		t.of.pushes.Add(1)
		t.showPush(topic, event, frame[4])
	}
	return 0, nil
}

// joins takes the reply to a join.
func (t *tab) joins(topic string, r reply) error {
	if r.Status != "ok" {
		return fmt.Errorf("the join was refused: %s", r.Response)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if p := t.products[strings.TrimPrefix(topic, productTopics)]; p != nil && p.reply(r.Response) {
		t.ring()
	}
	return nil
}

func (t *tab) showPush(topic, event string, payload json.RawMessage) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if p := t.products[strings.TrimPrefix(topic, productTopics)]; p != nil && p.push(event, payload) {
		t.ring()
	}
}

// answer keeps a reply for the caller of ask. It replaces one that was never received.
func (t *tab) answer(r reply) {
	select {
	case <-t.replies:
	default:
	}
	t.replies <- r
}

// see keeps what is in the cart.
func (t *tab) see(payload json.RawMessage) {
	var c cart
	if json.Unmarshal(payload, &c) != nil {
		return
	}
	t.change(func() {
		t.items = t.items[:0]
		for _, it := range c.Items {
			t.items = append(t.items, it.ID)
		}
		t.token, t.at = c.Serialized, time.Now()
	})
}
