package e2e

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"github.com/playwright-community/playwright-go"

	"sneakers23/app/waittest"
	"sneakers23/checkout"
	roundrobin "sneakers23/cmd/cluster/proxy"
	"sneakers23/inventory"
)

// newBalancer puts the proxy before the nodes. It ends with the test.
func newBalancer(t *testing.T, cluster []*shop) (url string) {
	t.Helper()
	var cfg roundrobin.Config
	for _, s := range cluster {
		cfg.Nodes = append(cfg.Nodes, roundrobin.Node{Name: s.name, URL: s.URL})
	}
	p, err := roundrobin.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() { served <- p.Serve(ctx, l) }()
	t.Cleanup(func() {
		cancel()
		<-served
	})
	return "http://" + l.Addr().String()
}

// rollingSize is how large TestRollingRestart is.
type rollingSize struct {
	sockets int
	rate    int // buyers a second
	slice   int // of sockets that a node closes in a second, see --drain-least
}

func rolling() rollingSize {
	if *full {
		return rollingSize{sockets: 1000, rate: 200, slice: 50}
	}
	return rollingSize{sockets: 90, rate: 20, slice: 10}
}

// TestRollingRestart restarts all nodes, one after the other, while shoppers buy and look on. Each
// purchase succeeds at the second try at the latest, every socket comes back and is up to date, and
// a node closes its sockets in slices.
func TestRollingRestart(t *testing.T) {
	t.Parallel()
	size := rolling()
	cluster := newScarceCluster(t, map[int]int{1: 1_000_000, 2: 1},
		"--drain-delay", "2s", // the balancer asks every second
		"--drain-least", strconv.Itoa(size.slice),
		"--address-share", "1", // all come from the balancer, which was not named
		"--socket-timeout", "10m") // watchers do not say anything
	balancer := newBalancer(t, cluster)
	v := newVisitor(t, balancer)
	var openSockets atomic.Int64 // of the browser
	v.OnWebSocket(func(s playwright.WebSocket) {
		openSockets.Add(1)
		s.OnClose(func(playwright.WebSocket) { openSockets.Add(-1) })
	})

	soldBefore := truth(t, cluster[0].direct)[skuOf(1)].Sold
	watchers := newWatchers(t, balancer, size.sockets)
	buyers := newBuyers(t, balancer, size.rate, 2)
	for _, s := range cluster {
		began := time.Now()
		s.stop()
		checkSlices(t, s.log.String(), size.slice)
		s.start()
		t.Logf("%s is back %v after it was told to stop", s.name, time.Since(began).Round(time.Millisecond))
		for _, other := range cluster {
			other.sees(3)
		}
	}
	buyers.stop()
	watchers.allConnected()
	t.Logf("within 0.9 s at most %d came back", mostWithin(900*time.Millisecond, watchers.returns))
	if why := buyers.send(buyers.form(2)); why != "" { // the last pair: every page must show it
		t.Errorf("the last pair: %s", why)
	}
	watchers.allShow("2", "out")
	v.wait(`button[value="2"].size-container__entry--level-out`)
	if openSockets.Load() < 1 {
		t.Error("the browser has no WebSocket any more")
	}
	bought := buyers.bought.Load()
	if sold := truth(t, cluster[0].direct)[skuOf(1)].Sold - soldBefore; int64(sold) != bought {
		t.Errorf("%d pairs are sold, %d buyers were told so", sold, bought)
	}
	t.Logf("%d bought, %d after a second try; %d sockets came back %d times",
		bought, buyers.again.Load(), size.sockets, len(watchers.returns))
}

// buyers send a form each, so many a second.
type buyers struct {
	tries  int // how often a form is sent at the most
	t      *testing.T
	tokens *checkout.Tokens
	client *http.Client
	url    string
	again  atomic.Int64 // who tried more than once
	bought atomic.Int64
	stop   func()
}

func newBuyers(t *testing.T, url string, perSecond, tries int) *buyers {
	t.Helper()
	tokens, err := checkout.NewTokens([]string{sharedSecret})
	if err != nil {
		t.Fatal(err)
	}
	b := &buyers{tries: tries, t: t, tokens: tokens, url: url, client: &http.Client{
		Timeout:       waittest.Limit(),
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
	done := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		tick := time.NewTicker(time.Second / time.Duration(perSecond))
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				wg.Go(b.buy)
			case <-done:
				return
			}
		}
	})
	b.stop = sync.OnceFunc(func() { close(done); wg.Wait() })
	t.Cleanup(b.stop)
	return b
}

// buy sends a form for one pair, and again when it is not told that it bought.
func (b *buyers) buy() {
	form := b.form(1)
	var why []string
	for range b.tries {
		if w := b.send(form); w != "" {
			why = append(why, w)
			continue
		}
		b.bought.Add(1)
		if len(why) > 0 {
			b.again.Add(1)
		}
		return
	}
	b.t.Errorf("a purchase failed each time: %s", strings.Join(why, "; "))
}

// form buys one pair of a size of Hop Man 3.
func (b *buyers) form(item inventory.ItemID) url.Values {
	line := checkout.Line{ID: checkout.NewLineID(), Product: 1, Item: item}
	cart, err := checkout.Cart{}.Add(line, checkout.NewActor(), 10)
	if err != nil {
		b.t.Error(err)
	}
	buyer := strings.Repeat("A", 32) + rand.Text() + "ABCDEF" // unique: an id of a cart
	return url.Values{"serialized_cart": {b.tokens.Sign(cart, buyer)}, "cart_id": {buyer}, "total_cents": {"12000"}}
}

// send returns why the form was not bought, as far as this answer tells.
func (b *buyers) send(form url.Values) (why string) {
	req, err := http.NewRequest(http.MethodPost, b.url+"/checkout", strings.NewReader(form.Encode()))
	if err != nil {
		return err.Error()
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	resp, err := b.client.Do(req)
	if err != nil {
		return err.Error()
	}
	defer resp.Body.Close()
	to := resp.Header.Get("Location")
	if resp.StatusCode != http.StatusSeeOther || !strings.HasPrefix(to, "/checkout/complete?order=") {
		return fmt.Sprintf("%d, %s, from %s", resp.StatusCode, to, resp.Header.Get("X-Served-By"))
	}
	return ""
}

// aSlice is what a node says when it closes one.
var aSlice = regexp.MustCompile(`time=(\S+) level=INFO msg="closing sockets" closed=(\d+) left=(\d+)`)

// checkSlices compares what a node logs of its drain with its setting: a slice has so many sockets
// at most, and there is more than one. The pause between two is printed and not judged: a busy
// machine delays one slice and not the next. Its length of a second is tested in virtual time, in
// web/channel.
func checkSlices(t *testing.T, log string, most int) {
	t.Helper()
	all := aSlice.FindAllStringSubmatch(log, -1)
	if len(all) < 2 {
		t.Fatalf("the node logs %d slices:\n%s", len(all), log)
	}
	for _, m := range all {
		if closed, err := strconv.Atoi(m[2]); err != nil || closed > most {
			t.Errorf("a slice of %s sockets at %s, want at most %d (%v)", m[2], m[1], most, err)
		}
	}
	t.Logf("%d slices, the first at %s, the last at %s", len(all), all[0][1], all[len(all)-1][1])
}

// watchers are sockets that follow a product, and come back as phoenix.js does when they are
// closed.
type watchers struct {
	t   *testing.T
	all []*watcher

	mu      sync.Mutex
	returns []time.Time // when a socket was back that its node had closed
}

type watcher struct {
	of *watchers

	mu     sync.Mutex
	ws     *websocket.Conn
	joined bool
	levels map[string]string // by item, as the page would show them
	closed bool
}

func newWatchers(t *testing.T, base string, n int) *watchers {
	t.Helper()
	ws := &watchers{t: t}
	address := strings.Replace(base, "http", "ws", 1) + "/product_socket/websocket?vsn=2.0.0"
	var wg sync.WaitGroup
	for range n {
		w := &watcher{of: ws, levels: make(map[string]string)}
		ws.all = append(ws.all, w)
		wg.Go(func() { w.follow(address) })
	}
	t.Cleanup(func() {
		for _, w := range ws.all {
			w.close()
		}
		wg.Wait()
	})
	ws.allConnected()
	return ws
}

// follow connects, again and again, until close.
func (w *watcher) follow(address string) {
	for first := true; ; first = false {
		ws, resp, err := websocket.DefaultDialer.Dial(address, nil)
		if resp != nil && resp.Body != nil {
			resp.Body.Close()
		}
		w.mu.Lock()
		if w.closed {
			w.mu.Unlock()
			if err == nil {
				ws.Close()
			}
			return
		}
		w.ws = ws
		w.mu.Unlock()
		if err == nil {
			if !first {
				w.of.note()
			}
			w.read(ws)
		}
		<-time.After(10 * time.Millisecond) // as phoenix.js does
	}
}

func (w *watcher) read(ws *websocket.Conn) {
	defer ws.Close()
	if ws.WriteMessage(websocket.TextMessage, []byte(`["1","1","product:1","phx_join",{"released":true}]`)) != nil {
		return
	}
	for {
		_, data, err := ws.ReadMessage()
		if err != nil {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.joined = false
			if !w.closed && !websocket.IsCloseError(err, websocket.CloseServiceRestart) {
				w.of.t.Errorf("a socket was closed with %v, want 1012", err)
			}
			return
		}
		w.noteFrame(data)
	}
}

// noteFrame keeps what a frame tells of the sizes.
func (w *watcher) noteFrame(data []byte) {
	var frame [5]json.RawMessage
	if json.Unmarshal(data, &frame) != nil {
		return
	}
	var payload struct {
		Response struct {
			Levels map[string]string `json:"levels"`
		} `json:"response"`
		ItemID json.Number `json:"item_id"`
		Level  string      `json:"level"`
	}
	if json.Unmarshal(frame[4], &payload) != nil {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if payload.Response.Levels != nil {
		w.levels, w.joined = payload.Response.Levels, true
	}
	if payload.Level != "" {
		w.levels[payload.ItemID.String()] = payload.Level
	}
}

func (w *watcher) close() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.closed = true
	if w.ws != nil {
		w.ws.Close()
	}
}

// note adds this moment to the returns.
func (ws *watchers) note() {
	ws.mu.Lock()
	defer ws.mu.Unlock()
	ws.returns = append(ws.returns, time.Now())
}

// mostWithin is the most of the moments that lie within so long a time.
func mostWithin(d time.Duration, moments []time.Time) (most int) {
	first := 0
	for i, at := range moments {
		for at.Sub(moments[first]) > d {
			first++
		}
		most = max(most, i-first+1)
	}
	return most
}

func (ws *watchers) allConnected() {
	ws.t.Helper()
	waittest.Until(ws.t, "all sockets follow the product", func() bool {
		return ws.count(func(w *watcher) bool { return w.joined }) == len(ws.all)
	})
}

// allShow waits until every socket knows this level of an item.
func (ws *watchers) allShow(item, level string) {
	ws.t.Helper()
	waittest.Until(ws.t, "all sockets know that item "+item+" is "+level, func() bool {
		return ws.count(func(w *watcher) bool { return w.levels[item] == level }) == len(ws.all)
	})
}

func (ws *watchers) count(which func(*watcher) bool) (n int) {
	for _, w := range ws.all {
		w.mu.Lock()
		if which(w) {
			n++
		}
		w.mu.Unlock()
	}
	return n
}
