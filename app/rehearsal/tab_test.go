package rehearsal

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"sneakers23/app/waittest"
)

// line is one connection of a tab, as its node sees it.
type line struct {
	t  *testing.T
	ws *websocket.Conn
}

// message is a frame of the tab.
type message struct {
	Ref, Topic, Event string
	Payload           struct {
		Released   bool
		Serialized *string
		Item       int64 `json:"item_id"`
	}
}

// next is the tab's next message; ok is false at the end of the connection.
func (l line) next() (m message, ok bool) {
	var joinRef string
	_, data, err := l.ws.ReadMessage()
	if err != nil {
		return m, false
	}
	if err := json.Unmarshal(data, &[]any{&joinRef, &m.Ref, &m.Topic, &m.Event, &m.Payload}); err != nil {
		l.t.Errorf("%s: %v", data, err)
	}
	return m, true
}

func (l line) push(topic, event string, payload any) {
	// at the end of the connection the test sees it elsewhere
	_ = l.ws.WriteJSON([]any{nil, nil, topic, event, payload})
}

func (l line) reply(m message, status string, response any) {
	_ = l.ws.WriteJSON([]any{"1", m.Ref, m.Topic, "phx_reply", map[string]any{"status": status, "response": response}})
}

// joins answers the joins of product 1, not released, and of the cart, and returns what the tab
// brought.
func (l line) joins() (product, cart message) {
	product, _ = l.next()
	l.reply(product, "ok", map[string]any{
		"released": product.Payload.Released, "levels": map[string]string{"1": "high"},
	})
	cart, _ = l.next()
	l.push(cart.Topic, "cart", cartOf(7))
	l.reply(cart, "ok", map[string]any{})
	return product, cart
}

// cartOf is a cart with one item.
func cartOf(item int64) any {
	return map[string]any{"items": []any{map[string]any{"id": item}}, "serialized": "seven"}
}

func (l line) restart() {
	_ = l.ws.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(websocket.CloseServiceRestart, ""),
		time.Time{})
}

// openAt opens a tab at a shop that serves its connections by these, one after the other. A nil one
// refuses.
func openAt(t *testing.T, of *measures, patience time.Duration, lines ...func(line)) (*tab, error) {
	t.Helper()
	upgrader := websocket.Upgrader{}
	mux := http.NewServeMux()
	asked := make(chan int, 1) // holds the number of the next connection
	asked <- 0
	mux.HandleFunc("/product_socket/websocket", func(w http.ResponseWriter, r *http.Request) {
		n := <-asked
		asked <- n + 1
		if n >= len(lines) || lines[n] == nil {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		ws, err := upgrader.Upgrade(w, r, nil)
		if err != nil {
			t.Error(err)
			return
		}
		defer ws.Close()
		lines[n](line{t, ws})
	})
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	urls, err := parseURLs([]string{server.URL})
	if err != nil {
		t.Fatal(err)
	}
	tab, err := openTab(t.Context(), tabConfig{
		of: of, route: route{urls: urls}, ids: []string{"1"}, cart: "cart:mine", page: "/", patience: patience,
		cookies: func() []*http.Cookie { return nil },
	}, nil)
	if err == nil {
		t.Cleanup(tab.close)
	}
	return tab, err
}

// TestReconnects closes a tab's connection while a question is open, and refuses the next two. The
// tab joins again with what it shows, asks again, and returns no error.
func TestReconnects(t *testing.T) {
	t.Parallel()
	var (
		of    measures
		first = func(l line) {
			if product, cart := l.joins(); product.Payload.Released || cart.Payload.Serialized != nil {
				t.Errorf("the tab brought %+v and %+v", product, cart)
			}
			l.push("product:1", "released", map[string]any{"size_html": sizeForm})
			if m, ok := l.next(); !ok || m.Event != "add_item" {
				t.Errorf("the tab sent %+v", m)
			}
			l.restart()
			l.next()
		}
		second = func(l line) {
			if product, cart := l.joins(); !product.Payload.Released || cart.Payload.Serialized == nil ||
				*cart.Payload.Serialized != "seven" {
				t.Errorf("the tab brought %+v and %+v", product, cart)
			}
			m, ok := l.next()
			if !ok || m.Event != "add_item" || m.Payload.Item != 8 {
				t.Errorf("the tab sent %+v", m)
			}
			l.reply(m, "ok", cartOf(8))
			l.next()
		}
	)
	tab, err := openAt(t, &of, waittest.Limit(), first, nil, nil, second)
	if err != nil {
		t.Fatal(err)
	}
	r, err := tab.ask(t.Context(), "cart:mine", "add_item", map[string]any{"item_id": 8})
	if err != nil || r.Status != "ok" || !strings.Contains(string(r.Response), `"id":8`) {
		t.Errorf("the answer is %+v, %v", r, err)
	}
	if lost, reconnects, retried := of.lost.Load(), of.reconnects.Load(), of.retried.Load(); lost != 1 ||
		reconnects != 1 || retried != 1 {
		t.Errorf("%d connections were lost, %d opened again, %d questions sent again, want 1, 1, 1",
			lost, reconnects, retried)
	}
	if id, at, _ := tab.release("1", false); at.IsZero() || id != "1" {
		t.Error("the tab has forgotten the release")
	}
}

// TestClosingSocket writes to a socket whose close has been sent, which gorilla/websocket refuses.
func TestClosingSocket(t *testing.T) {
	t.Parallel()
	var of measures
	serve := func(l line) {
		l.joins()
		for m, ok := l.next(); ok; m, ok = l.next() {
			l.reply(m, "ok", map[string]any{})
		}
	}
	tab, err := openAt(t, &of, waittest.Limit(), serve, serve)
	if err != nil {
		t.Fatal(err)
	}
	l, err := tab.joined(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := l.ws.WriteControl(websocket.CloseMessage, nil, time.Time{}); err != nil {
		t.Fatal(err)
	}
	if r, err := tab.ask(t.Context(), "phoenix", "heartbeat", nil); err != nil || r.Status != "ok" ||
		of.reconnects.Load() != 1 {
		t.Errorf("the answer is %+v, %v, after %d reconnects", r, err, of.reconnects.Load())
	}
}

// TestNoConnection names why there is none.
func TestNoConnection(t *testing.T) {
	t.Parallel()
	var of measures
	refuse := func(l line) {
		m, _ := l.next()
		l.reply(m, "error", map[string]string{"reason": "not_found"})
	}
	for says, lines := range map[string][]func(line){
		"503": nil, "not_found": slices.Repeat([]func(line){refuse}, attemptsPerMinute),
	} {
		if _, err := openAt(t, &of, waittest.Scaled(time.Second), lines...); err == nil ||
			!strings.Contains(err.Error(), errPatient.Error()) ||
			!strings.Contains(err.Error(), says) {
			t.Errorf("%v, want %s", err, says)
		}
	}
	if lost := of.lost.Load(); lost != 0 {
		t.Errorf("%d connections count as lost", lost)
	}
}
