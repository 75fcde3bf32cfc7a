package e2e

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"reflect"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"sneakers23/app/waittest"
)

// watch is a dashboard without a browser.
type watch struct {
	s *shop

	mu    sync.Mutex
	shows map[string]any // the state, with all changes
}

var adminToken = regexp.MustCompile(`name="admin-token" content="([^"]+)"`)

// watchDashboard signs in at a node.
func watchDashboard(t *testing.T, s *shop, password string) *watch {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.URL+"/admin", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.SetBasicAuth("admin", password)
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	page, err := io.ReadAll(res.Body)
	token := adminToken.FindSubmatch(page)
	if err != nil || token == nil {
		t.Fatalf("the dashboard of %s answers %d, %v", s.name, res.StatusCode, err)
	}
	address := strings.Replace(s.URL, "http", "ws", 1) + "/admin_socket/websocket?vsn=2.0.0&token=" +
		url.QueryEscape(string(token[1]))
	ws, resp, err := websocket.DefaultDialer.Dial(address, nil)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	w, ended := &watch{s: s}, make(chan struct{})
	go func() {
		defer close(ended)
		w.read(ws)
	}()
	t.Cleanup(func() {
		ws.Close()
		<-ended
	})
	if err := ws.WriteJSON([]any{"1", "1", "admin:dashboard", "phx_join", nil}); err != nil {
		t.Fatal(err)
	}
	return w
}

func (w *watch) read(ws *websocket.Conn) {
	for {
		var frame struct {
			event   string
			payload map[string]any
		}
		if err := ws.ReadJSON(&[]any{new(any), new(any), new(any), &frame.event, &frame.payload}); err != nil {
			return
		}
		w.mu.Lock()
		switch frame.event {
		case "state":
			w.shows = frame.payload
		case "change":
			merge(w.shows, frame.payload)
		}
		w.mu.Unlock()
	}
}

// merge puts a change into a state, object by object.
func merge(state, change map[string]any) {
	for key, value := range change {
		inner, is := value.(map[string]any)
		old, was := state[key].(map[string]any)
		if is && was {
			merge(old, inner)
		} else {
			state[key] = value
		}
	}
}

// counts waits until the dashboard counts so many shoppers and tabs, and returns how long that
// took.
func (w *watch) counts(shoppers, tabs int) time.Duration {
	w.s.t.Helper()
	began, want := time.Now(), fmt.Sprintf("%d shoppers, %d tabs", shoppers, tabs)
	waittest.Until(w.s.t, w.s.name+" counts "+want, func() bool {
		w.mu.Lock()
		defer w.mu.Unlock()
		return fmt.Sprintf("%v shoppers, %v tabs", w.shows["shoppers"], w.shows["tabs"]) == want
	})
	return time.Since(began)
}

// presenceArgs let a node that says nothing for three seconds be down. It is forgotten long after
// any test has ended.
var presenceArgs = []string{
	"--presence-every", "200ms", "--presence-down", "3s", "--presence-permdown", "1h", "--log-level", "debug",
}

// logs waits until the node has logged this of the tracker of another one: its log comes through a
// pipe.
func (s *shop) logs(what string, of *shop) {
	s.t.Helper()
	waittest.Until(s.t, s.name+" logs "+what+" of "+of.name, func() bool {
		return strings.Contains(s.log.String(), fmt.Sprintf(`msg=%q replica=%s`, what, of.name))
	})
}

// cartID is the id of a cart of a test's own.
func cartID(n int) string { return fmt.Sprintf("%064d", n) }

// TestPresenceOfNodesThatEnd kills one of three nodes and stops another: their shoppers leave the
// dashboards of those that stay, those of the first because it is silent, those of the second
// because it says goodbye.
func TestPresenceOfNodesThatEnd(t *testing.T) {
	t.Parallel()
	cluster := newCluster(t, 3, presenceArgs...)
	var dashboards []*watch
	for i, s := range cluster {
		dashboards = append(dashboards, watchDashboard(t, s, sharedPassword))
		openCart(t, s, cartID(i))
	}
	openCart(t, cluster[1], cartID(7)) // one cart at two nodes is one shopper
	openCart(t, cluster[2], cartID(7))
	for _, d := range dashboards {
		d.counts(4, 5)
	}
	cluster[2].kill()
	for i, d := range dashboards[:2] {
		t.Logf("the shoppers of a node that was killed were gone after %v", d.counts(3, 3))
		cluster[i].logs("a replica is down", cluster[2])
	}
	cluster[1].stop()
	t.Logf("the shoppers of a node that was stopped were gone after %v", dashboards[0].counts(1, 1))
	cluster[0].logs("a replica has said goodbye", cluster[1])
	cluster[1].start()
	openCart(t, cluster[1], cartID(8))
	dashboards[0].counts(2, 2)
}

// TestPresenceAfterAPartition parts a node from the others for longer than the down period: each
// side counts its own shoppers, and all count all of them when they hear each other again.
func TestPresenceAfterAPartition(t *testing.T) {
	t.Parallel()
	cluster := newCluster(t, 3, presenceArgs...)
	var dashboards []*watch
	for i, s := range cluster {
		dashboards = append(dashboards, watchDashboard(t, s, sharedPassword))
		openCart(t, s, cartID(i))
	}
	for _, d := range dashboards {
		d.counts(3, 3)
	}
	lonely := cluster[0].host
	lonely.cut(cluster[1].host, cluster[2].host)
	openCart(t, cluster[0], cartID(10))
	openCart(t, cluster[1], cartID(10)) // the same shopper
	openCart(t, cluster[2], cartID(11))
	dashboards[0].counts(2, 2)
	dashboards[1].counts(4, 4)
	dashboards[2].counts(4, 4)
	lonely.mend(cluster[1].host, cluster[2].host)
	for _, s := range cluster {
		s.sees(3)
	}
	for _, d := range dashboards {
		t.Logf("%s counts all %v after the nodes see each other", d.s.name, d.counts(5, 6))
	}
	first := cluster[0].carts()
	for _, s := range cluster { // no shopper twice
		if carts := s.carts(); len(carts) != 5 || !reflect.DeepEqual(carts, first) {
			t.Errorf("%s lists %v, and %s %v", s.name, carts, cluster[0].name, first)
		}
	}
}

// cart is one as the command line lists it.
type cart struct {
	Key   string `json:"key"`
	Tabs  int    `json:"tabs"`
	Page  string `json:"page"`
	Items []int  `json:"items"`
}

func (s *shop) carts(args ...string) (carts []cart) {
	s.t.Helper()
	if err := json.Unmarshal([]byte(s.run(append([]string{"carts", "--json"}, args...)...)), &carts); err != nil {
		s.t.Fatal(err)
	}
	return carts
}

// TestCartsCommand lists the carts of two shoppers, one of whom has two tabs.
func TestCartsCommand(t *testing.T) {
	t.Parallel()
	s := freshShop(t)
	if out := s.run("carts"); !strings.Contains(out, "No tab") {
		t.Errorf("with nobody there: %s", out)
	}
	if out := s.run("carts", "--json"); strings.TrimSpace(out) != "[]" {
		t.Errorf("with nobody there: %s", out)
	}
	openCart(t, s, cartID(1))
	two := openCart(t, s, cartID(2))
	openCart(t, s, cartID(2))
	two.send("add_item", cartID(2), map[string]any{"item_id": 3})
	waittest.Until(t, "the carts are tracked", func() bool {
		carts := s.carts()
		return len(carts) == 2 && carts[0].Tabs+carts[1].Tabs == 3 && len(carts[0].Items)+len(carts[1].Items) == 1
	})
	if out := s.run("carts"); !strings.Contains(out, skuOf(3)) || strings.Contains(out, cartID(2)) {
		t.Errorf("the table:\n%s", out)
	}
	if out := s.run("carts", "--limit", "1"); !strings.Contains(out, "there are more") {
		t.Errorf("one of two:\n%s", out)
	}
	if n := len(s.carts("--limit", "1")); n != 1 {
		t.Errorf("%d carts, want 1", n)
	}
	if _, _, code := s.try("carts", "--limit=-1"); code != 2 {
		t.Errorf("a negative limit: code %d", code)
	}
}
