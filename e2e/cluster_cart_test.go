package e2e

import (
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/gorilla/websocket"

	"sneakers23/app/waittest"
)

// TestBuyingThroughABalancer is the story of a purchase whose every request and socket goes to
// another node than the one before.
func TestBuyingThroughABalancer(t *testing.T) {
	t.Parallel()
	cluster := newCluster(t, 3)
	for name, way := range map[string]struct{ noWebSocket, noJavaScript bool }{
		"WebSocket":     {},
		"long-poll":     {noWebSocket: true},
		"no JavaScript": {noJavaScript: true},
	} {
		t.Run(name, func(t *testing.T) {
			for _, s := range cluster {
				parent := s.t
				s.t = t
				t.Cleanup(func() { s.t = parent })
			}
			// of the way before; its movements stay booked
			cluster[0].sql(`DELETE FROM order_lines; DELETE FROM orders`)
			fill(cluster, map[int]int{5: 1, 18: 1})
			url := newBalancer(t, cluster)
			if way.noWebSocket {
				g := newGate(t, url)
				g.shut.Store(true)
				url = g.URL
			}
			buyInTwoTabs(t, cluster[0], url, !way.noJavaScript)
		})
	}
}

// cartTab is a tab of a cart without a browser.
type cartTab struct {
	t  *testing.T
	ws *websocket.Conn

	mu    sync.Mutex
	items string // of the cart, as it was pushed last
}

// openCart joins a cart at a node.
func openCart(t *testing.T, s *shop, id string) *cartTab {
	t.Helper()
	ws, resp, err := websocket.DefaultDialer.Dial(strings.Replace(s.URL, "http", "ws", 1)+
		"/product_socket/websocket?vsn=2.0.0", nil)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	tab := &cartTab{t: t, ws: ws}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		tab.read()
	}()
	t.Cleanup(func() {
		ws.Close()
		<-ended
	})
	tab.send("phx_join", id, map[string]any{"serialized": nil, "page": "/"})
	return tab
}

func (c *cartTab) send(event, id string, payload any) {
	c.t.Helper()
	if err := c.ws.WriteJSON([]any{"1", "1", "cart:" + id, event, payload}); err != nil {
		c.t.Fatal(err)
	}
}

func (c *cartTab) read() {
	for {
		var frame [5]json.RawMessage
		if err := c.ws.ReadJSON(&frame); err != nil {
			return
		}
		var cart struct {
			Items []struct {
				ID int `json:"id"`
			} `json:"items"`
			Response struct {
				Items []struct {
					ID int `json:"id"`
				} `json:"items"`
			} `json:"response"`
		}
		if json.Unmarshal(frame[4], &cart) != nil || cart.Items == nil && cart.Response.Items == nil {
			continue
		}
		c.mu.Lock()
		c.items = fmt.Sprint(append(cart.Items, cart.Response.Items...))
		c.mu.Unlock()
	}
}

func (c *cartTab) shows(items string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.items == items
}

// TestCartsMergeAfterAPartition has tabs of one cart on two nodes that do not hear each other. Each
// adds a shoe; both have both when the line is mended.
func TestCartsMergeAfterAPartition(t *testing.T) {
	t.Parallel()
	cluster := newCluster(t, 3)
	id := strings.Repeat("abcdefgh", 8)
	here, there := openCart(t, cluster[0], id), openCart(t, cluster[1], id)
	here.send("add_item", id, map[string]any{"item_id": 1})
	waittest.Until(t, "both tabs have the first shoe", func() bool {
		return here.shows("[{1}]") && there.shows("[{1}]")
	})
	here.send("remove_item", id, map[string]any{"item_id": 1})
	waittest.Until(t, "both tabs are empty", func() bool { return here.shows("[]") && there.shows("[]") })

	cluster[0].host.cut(cluster[1].host, cluster[2].host)
	waittest.Until(t, "the nodes miss each other", func() bool {
		return len(cluster[0].nodes()) == 1 && len(cluster[1].nodes()) == 2
	})
	here.send("add_item", id, map[string]any{"item_id": 2})
	there.send("add_item", id, map[string]any{"item_id": 15})
	waittest.Until(t, "each tab has its own", func() bool { return here.shows("[{2}]") && there.shows("[{15}]") })
	cluster[0].host.mend(cluster[1].host, cluster[2].host)
	waittest.Until(t, "both tabs have both", func() bool {
		return here.shows("[{2} {15}]") && there.shows("[{2} {15}]")
	})
}
