package e2e

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/nshafer/phx"
)

// receive waits for a value, and returns it as the object that it should be.
func receive(t testing.TB, what string, c <-chan any) map[string]any {
	t.Helper()
	select {
	case v := <-c:
		object, ok := v.(map[string]any)
		if !ok {
			t.Fatalf("%s is %v, want an object", what, v)
		}
		return object
	case <-time.After(patience):
		t.Fatalf("%s did not come", what)
	}
	return nil
}

// TestForeignClient follows a product with a Phoenix client that others wrote, in Go. That client's channels and
// handlers have no lock: they are all made before it connects.
func TestForeignClient(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	s.onlyItem(3, 1)
	// the client loses an answer that comes before it has asked itself to listen for it: a longer line helps
	line := newProxy(t, s.URL, 30*time.Millisecond)
	endpoint, err := url.Parse(strings.Replace(line.URL, "http", "ws", 1) + "/product_socket")
	if err != nil {
		t.Fatal(err)
	}
	socket := phx.NewSocket(endpoint)
	opened := make(chan any, 1)
	socket.OnOpen(func() { opened <- map[string]any{} })
	product := socket.Channel("product:1", nil)
	released, changed := make(chan any, 10), make(chan any, 10) // more than the test causes
	product.On("released", func(payload any) { released <- payload })
	product.On("stock_change", func(payload any) { changed <- payload })
	var unknown []*phx.Channel
	for _, topic := range []string{"product:999", "product:01", "product:one", "product:"} {
		unknown = append(unknown, socket.Channel(topic, nil))
	}
	if err := socket.Connect(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = socket.Disconnect() })
	receive(t, "connection", opened)

	join := func(c *phx.Channel, status string) map[string]any {
		t.Helper()
		answer := make(chan any, 1)
		push, err := c.Join()
		if err != nil {
			t.Fatal(err)
		}
		push.Receive(status, func(response any) { answer <- response })
		return receive(t, "answer "+status+" to join "+c.Topic(), answer)
	}
	for _, c := range unknown {
		if got := join(c, "error"); got["reason"] != "not_found" {
			t.Errorf("join %s: refused with %v, want not_found", c.Topic(), got)
		}
	}
	reply := join(product, "ok")
	levels, _ := reply["levels"].(map[string]any)
	if reply["released"] != false || levels["3"] != "low" || levels["1"] != "out" || len(levels) != 13 || reply["size_html"] != nil {
		t.Errorf("join reply: %v", reply)
	}
	s.run("release", "SHU6000")
	payload := receive(t, "released", released)
	if html, _ := payload["size_html"].(string); !strings.HasPrefix(html, `<form class="size-container"`) {
		t.Errorf("released: %v", payload)
	}
	s.run("sell", "--yes")
	payload = receive(t, "stock_change", changed)
	if payload["product_id"] != 1.0 || payload["item_id"] != 3.0 || payload["level"] != "out" {
		t.Errorf("stock_change: %v", payload)
	}
}
