package e2e

import (
	"strings"
	"testing"

	"sneakers23/web/channel/conformance/phxtest"
)

// TestForeignClient follows a product with a Phoenix client that others wrote, in Go.
func TestForeignClient(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	s.onlyItem(3, 1)
	unknown := []string{"product:999", "product:01", "product:one", "product:"}
	channels := []phxtest.Channel{{Topic: "product:1", Events: []string{"released", "stock_change"}}}
	for _, topic := range unknown {
		channels = append(channels, phxtest.Channel{Topic: topic})
	}
	client := phxtest.Start(t)
	client.Connect(strings.Replace(s.URL, "http", "ws", 1)+"/product_socket", channels...)

	object := func(what string, v any) map[string]any {
		t.Helper()
		o, ok := v.(map[string]any)
		if !ok {
			t.Fatalf("%s is %v, want an object", what, v)
		}
		return o
	}
	join := func(topic, status string) map[string]any {
		t.Helper()
		reply := client.Join(topic)
		if reply.Status != status {
			t.Fatalf("join %s: got %v, want %s", topic, reply, status)
		}
		return object("the reply to join "+topic, reply.Response)
	}
	for _, topic := range unknown {
		if got := join(topic, "error"); got["reason"] != "not_found" {
			t.Errorf("join %s: refused with %v, want not_found", topic, got)
		}
	}
	reply := join("product:1", "ok")
	levels, _ := reply["levels"].(map[string]any)
	if reply["released"] != false || levels["3"] != "low" || levels["1"] != "out" || len(levels) != 13 ||
		reply["size_html"] != nil {
		t.Errorf("join reply: %v", reply)
	}
	s.run("release", "SHU6000")
	payload := object("released", client.Event("product:1", "released"))
	if html, _ := payload["size_html"].(string); !strings.HasPrefix(html, `<form class="size-container"`) {
		t.Errorf("released: %v", payload)
	}
	s.run("sell", "--yes")
	payload = object("stock_change", client.Event("product:1", "stock_change"))
	if payload["product_id"] != 1.0 || payload["item_id"] != 3.0 || payload["level"] != "out" {
		t.Errorf("stock_change: %v", payload)
	}
}
