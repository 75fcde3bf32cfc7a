package rehearsal

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/gorilla/websocket"
)

// connect opens a connection, joins the topics, and reads until the connection or ctx ends. It
// reports whether the topics were joined.
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

// join sends the joins of all topics, as phoenix.js does: with what the tab shows, and without
// waiting for a reply. The ref of a join is its topic.
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
		if err := l.send(productTopics+id, productTopics+id, "phx_join",
			map[string]bool{"released": released[i]}); err != nil {
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
