package rehearsal

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/gorilla/websocket"
)

// tab is an open page of the shop: a socket with its channels. It connects again when the socket is closed, joins its topics
// with what it shows, and sends again the question that was not answered. One goroutine uses it, the shopper's; another one,
// its own, connects and reads.
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
		pause(ctx, tries.end())
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

// connect opens a connection, joins the topics, and reads until the connection or ctx ends. It reports whether the topics
// were joined.
func (t *tab) connect(ctx context.Context, tries *attempts) (joined bool, err error) {
	ws, err := t.dial(ctx)
	if err != nil {
		return false, err
	}
	defer ws.Close()
	stop := context.AfterFunc(ctx, func() { ws.Close() })
	defer stop()
	l := &link{ws: ws, ended: make(chan struct{})}
	defer func() {
		t.change(func() { t.link = nil })
		close(l.ended)
		if joined && ctx.Err() == nil {
			t.of.lost.Add(1)
		}
	}()
	if err := t.join(l); err != nil {
		return false, err
	}
	for waits := len(t.ids) + 1; ; {
		_, data, err := ws.ReadMessage()
		if err != nil {
			return joined, err
		}
		tries.heard()
		joins, err := t.receive(data)
		if err != nil {
			return joined, err
		}
		if waits -= joins; waits > 0 || joined {
			continue
		}
		if err := ws.SetReadDeadline(time.Time{}); err != nil {
			return false, err
		}
		joined = true
		t.open(l)
	}
}

// dial opens a connection where the route leads.
func (t *tab) dial(ctx context.Context) (*websocket.Conn, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, t.patience, errPatient)
	defer cancel()
	header := make(http.Header)
	for _, c := range t.cookies() {
		header.Add("Cookie", c.Name+"="+c.Value)
	}
	dialer := websocket.Dialer{ReadBufferSize: 1024, WriteBufferSize: 1024, WriteBufferPool: &buffers}
	address := "ws" + strings.TrimPrefix(t.route.url().String(), "http") + "/product_socket/websocket?vsn=2.0.0"
	ws, resp, err := dialer.DialContext(ctx, address, header)
	switch {
	case resp != nil && resp.StatusCode == http.StatusTooManyRequests:
		return nil, errShare
	case err != nil && resp != nil:
		return nil, fmt.Errorf("the socket is refused: %s", resp.Status)
	case err != nil:
		return nil, err
	}
	resp.Body.Close()
	return ws, nil
}

// join sends the joins of all topics, as phoenix.js does: with what the tab shows, and without waiting for a reply. The ref
// of a join is its topic.
func (t *tab) join(l *link) error {
	t.mu.Lock()
	t.links++ // before the token is read: see buy
	token, released := t.token, make([]bool, len(t.ids))
	for i, id := range t.ids {
		released[i] = t.products[id].joined && t.products[id].released
	}
	t.mu.Unlock()
	until := time.Now().Add(t.patience)
	if err := errors.Join(l.ws.SetReadDeadline(until), l.ws.SetWriteDeadline(until)); err != nil {
		return err
	}
	for i, id := range t.ids {
		if err := l.send(productTopics+id, productTopics+id, "phx_join", map[string]bool{"released": released[i]}); err != nil {
			return err
		}
	}
	return l.send(t.cart, t.cart, "phx_join", map[string]any{"serialized": token, "page": t.page})
}

// productTopics begins the topic of each product.
const productTopics = "product:"

func (l *link) send(ref, topic, event string, payload any) error {
	return l.ws.WriteJSON([]any{"1", ref, topic, event, payload})
}

// open lets the shopper use a connection whose topics are joined.
func (t *tab) open(l *link) {
	t.change(func() {
		t.link, t.err = l, nil
		if t.links > 1 {
			t.of.reconnects.Add(1)
		}
	})
}

// receive takes a message, and returns how many joins it answers. The error says why the connection is of no more use.
func (t *tab) receive(data []byte) (joins int, err error) {
	var (
		frame [5]json.RawMessage
		topic string
		event string
	)
	if json.Unmarshal(data, &frame) != nil || json.Unmarshal(frame[2], &topic) != nil || json.Unmarshal(frame[3], &event) != nil {
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

// answer keeps a reply for who asked. One that nobody waits for any more gives way.
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

// joined waits until the topics are joined.
func (t *tab) joined(ctx context.Context) (*link, error) {
	for {
		t.mu.Lock()
		l, err, news := t.link, t.err, t.news
		t.mu.Unlock()
		if l != nil {
			return l, nil
		}
		if errors.Is(err, errShare) {
			return nil, err
		}
		select {
		case <-news:
		case <-ctx.Done():
			if cause := context.Cause(ctx); cause != errPatient || err == nil {
				return nil, cause
			}
			return nil, fmt.Errorf("%w: %w", errPatient, err)
		}
	}
}

// ask sends an event and waits for its answer. It sends the event again over the next connection when one ends before the
// answer: each event of a cart has the same effect sent twice.
func (t *tab) ask(ctx context.Context, topic, event string, payload any) (reply, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, t.patience, errPatient)
	defer cancel()
	for again := false; ; again = true {
		l, err := t.joined(ctx)
		if err != nil {
			return reply{}, err
		}
		if again {
			t.of.retried.Add(1)
		}
		t.refs++
		r, err := t.askOver(ctx, l, strconv.Itoa(t.refs), topic, event, payload)
		if !errors.Is(err, errRejoin) {
			return r, err
		}
	}
}

// askOver is ask over one connection. The error is errRejoin after its end.
func (t *tab) askOver(ctx context.Context, l *link, ref, topic, event string, payload any) (reply, error) {
	if l.ws.SetWriteDeadline(time.Now().Add(t.patience)) != nil || l.send(ref, topic, event, payload) != nil {
		l.ws.Close() // as phoenix.js sees it: a socket that is closing is closed
		<-l.ended
		return reply{}, errRejoin
	}
	for {
		select {
		case r := <-t.replies:
			if r.ref == ref {
				return r, nil
			}
		case <-l.ended:
			return reply{}, errRejoin
		case <-ctx.Done():
			return reply{}, context.Cause(ctx)
		}
	}
}

// inCart is what the tab shows, and the token of that.
func (t *tab) inCart() (items []int64, token any) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return slices.Clone(t.items), t.token
}

// connections is how many there were. Joins that begin after the call are counted later.
func (t *tab) connections() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.links
}

// shows waits until the tab shows just these items, and returns since when it does. The error is errRejoin when the tab has
// had another number of connections meanwhile, unless that is 0.
func (t *tab) shows(ctx context.Context, items []int64, links int) (time.Time, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, t.patience, errPatient)
	defer cancel()
	for {
		t.mu.Lock()
		same, at, now, news := slices.Equal(t.items, items), t.at, t.links, t.news
		t.mu.Unlock()
		switch {
		case same:
			return at, nil
		case links != 0 && links != now:
			return time.Time{}, errRejoin
		}
		select {
		case <-news:
		case <-ctx.Done():
			return time.Time{}, context.Cause(ctx)
		}
	}
}
