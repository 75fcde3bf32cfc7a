package e2e

import (
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"github.com/playwright-community/playwright-go"

	"sneakers23/app/waittest"
	"sneakers23/checkout"
)

// aged makes the token as old as that. It knows how tokens are signed, and with which secret.
func aged(t *testing.T, token string, age time.Duration) string {
	t.Helper()
	raw, err := base64.URLEncoding.DecodeString(token)
	if err != nil {
		t.Fatal(err)
	}
	parts := strings.SplitN(string(raw), "|", 3) // date, value, signature
	key, err := hkdf.Key(sha256.New, []byte(sharedSecret), nil, "sneakers23 cart", sha256.Size)
	if err != nil {
		t.Fatal(err)
	}
	mac := hmac.New(sha256.New, key)
	signed := fmt.Sprintf("%d|%s|", time.Now().Add(-age).Unix(), parts[1])
	fmt.Fprintf(mac, "cart|%s", strings.TrimSuffix(signed, "|"))
	return base64.URLEncoding.EncodeToString(mac.Sum([]byte(signed)))
}

// TestBadForms sends forms that no page of the shop made. Each is answered with what is wrong,
// sells nothing and loses nothing; the good form then buys.
func TestBadForms(t *testing.T) {
	t.Parallel()
	s := newScarceShop(t, map[int]int{2: 10, 15: 10})
	c := newCustomer(t, s.URL)
	c.add(2)
	form := c.purchase()
	token := form.Get("serialized_cart")
	others, err := checkout.NewTokens([]string{"a secret of somebody else, long enough"})
	if err != nil {
		t.Fatal(err)
	}
	ours, err := checkout.NewTokens([]string{sharedSecret})
	if err != nil {
		t.Fatal(err)
	}
	flipped := []byte(token)
	flipped[len(flipped)/2] ^= 1
	const unreadable, price = "We can't tell whether this was bought", "The price has changed"
	for name, tt := range map[string]struct {
		token, total string // of the good form when empty
		says         string
	}{
		"forged token":            {token: string(flipped), says: unreadable},
		"truncated token":         {token: token[:len(token)-5], says: unreadable},
		"token of another secret": {token: others.Sign(ours.OpenForm(token), ""), says: unreadable},
		"expired token":           {token: aged(t, token, checkout.TokenAge+time.Minute), says: unreadable},
		"oversized token":         {token: token + strings.Repeat("A", 5000), says: unreadable},
		"no token at all":         {token: "💥\x00%zz", says: unreadable},
		"token of no lines":       {token: ours.Sign(checkout.Cart{}, ""), says: unreadable},
		"lower total":             {total: "1", says: price},
		"higher total":            {total: "99999999", says: price},
		"negative total":          {total: "-12000", says: price},
		"total that is no number": {total: "12000.00", says: price},
		"total beyond numbers":    {total: strings.Repeat("9", 40), says: price},
	} {
		sent := url.Values{"serialized_cart": {token}, "total_cents": {form.Get("total_cents")}}
		if tt.token != "" {
			sent.Set("serialized_cart", tt.token)
		}
		if tt.total != "" {
			sent.Set("total_cents", tt.total)
		}
		p := c.post("/checkout", sent)
		if main, _ := p.listed(); p.status != http.StatusOK || p.path != "/checkout" ||
			!strings.HasPrefix(p.flash(), tt.says) ||
			strings.Join(main, " ") != "2" {
			t.Errorf("%s: %d at %s, %q, with the lines %v", name, p.status, p.path, p.flash(), main)
		}
		stranger := newCustomer(t, s.URL)
		p = stranger.get("/checkout?serialized_cart=" + url.QueryEscape(sent.Get("serialized_cart")))
		if empty := strings.Contains(p.html, "No items to checkout!"); p.status != http.StatusOK ||
			empty != (tt.token != "") {
			t.Errorf("%s: as a page: %d, empty: %v", name, p.status, empty)
		}
		if tt.token != "" {
			p = stranger.post("/checkout", sent)
			if p.path != "/checkout" || !strings.HasPrefix(p.flash(), "Your cart is empty") {
				t.Errorf("%s: a stranger is at %s and is told %q", name, p.path, p.flash())
			}
		}
	}
	for body, status := range map[string]int{
		"serialized_cart=" + strings.Repeat("A", 70<<10): http.StatusRequestEntityTooLarge,
		"serialized_cart=%zz":                            http.StatusBadRequest,
	} {
		header := http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}
		if p, err := c.try(http.MethodPost, "/checkout", strings.NewReader(body), header); err != nil ||
			p.status != status {
			t.Errorf("%d bytes that are no form: %d, %v, want %d", len(body), p.status, err, status)
		}
	}
	if again := aged(t, token, checkout.TokenAge-time.Hour); len(ours.OpenForm(again).Lines()) != 1 {
		t.Error("the test cannot make tokens: one that is almost too old is not good")
	}

	for _, id := range []string{
		"", "abc", "5abc", "0x5", " 5", "5.0", "-5", "0", "999", strings.Repeat("9", 40), "<b>5</b>",
	} {
		if p := c.post("/cart/add", url.Values{"item_id": {id}}); p.status != http.StatusOK ||
			p.flash() != "That shoe is not here any more." {
			t.Errorf("item %q was added: %d, %q", id, p.status, p.flash())
		}
		if p := c.post("/cart/remove", url.Values{"item_id": {id}}); p.status != http.StatusOK ||
			p.flash() != "It is not in your cart." {
			t.Errorf("item %q was removed: %d, %q", id, p.status, p.flash())
		}
	}
	for _, id := range []string{
		"x", strings.Repeat("A", 22), strings.Repeat("A", 23), strings.Repeat("!", 22), "..%2f..%2fadmin", "%00",
	} {
		if p := c.get("/orders/" + id); p.status != http.StatusNotFound || !strings.Contains(p.html, "No such order") {
			t.Errorf("order %q: %d", id, p.status)
		}
	}
	s.ordered()
	if c.post("/checkout", form).order() == "" {
		t.Error("the good form does not buy")
	}
	s.ordered("2")
}

// A page of another site sends the form of a shopper who has a cart here. It is refused, and the
// shopper keeps the cart.
func TestFormOfAnotherSite(t *testing.T) {
	t.Parallel()
	s := newScarceShop(t, map[int]int{2: 10})
	v := cartOf(t, s.URL, 2)
	v.click(".cart-checkout")
	v.wait(purchaseButton)
	site := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		fmt.Fprintf(w, `<form action="%s/checkout" method="post"><button>Win a pair</button></form>
			<form action="%[1]s/cart/remove" method="post">
				<button name="item_id" value="2">Lose a pair</button></form>`, s.URL)
	}))
	t.Cleanup(site.Close)
	for _, button := range []string{"Win", "Lose"} {
		v.visit(site.URL) // another port: cookies know none, so they are sent
		v.click("button:has-text('" + button + "')")
		v.says("h1", "That did not come from our pages")
	}
	c := newCustomer(t, s.URL)
	c.add(2)
	form := c.purchase()
	for name, header := range map[string]http.Header{
		"another site": {"Sec-Fetch-Site": {"cross-site"}}, "another host": {"Origin": {"https://shop.example"}},
		"no origin": {"Origin": {"null"}},
	} {
		header.Set("Content-Type", "application/x-www-form-urlencoded")
		p, err := c.try(http.MethodPost, "/checkout", strings.NewReader(form.Encode()), header)
		if err != nil || p.status != http.StatusForbidden {
			t.Errorf("%s: %d, %v", name, p.status, err)
		}
	}
	s.ordered()
	v.visit(s.URL + "/checkout")
	v.click(purchaseButton)
	v.complete()
	s.ordered("2")
}

// rawTab is a tab's socket: no more than the protocol's frames.
type rawTab struct {
	t    testing.TB
	conn *websocket.Conn
	ref  int
}

// frame is [join_ref, ref, topic, event, payload].
type frame struct {
	ref, event string
	payload    struct {
		Status   string `json:"status"`
		Response struct {
			Error  string `json:"error"`
			Reason string `json:"reason"`
			Items  []struct {
				ID int `json:"id"`
			} `json:"items"`
		} `json:"response"`
	}
}

func openRawTab(t testing.TB, url string) *rawTab {
	t.Helper()
	conn, resp, err := websocket.DefaultDialer.DialContext(t.Context(),
		"ws"+strings.TrimPrefix(url, "http")+"/product_socket/websocket?vsn=2.0.0", nil)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	t.Cleanup(func() { conn.Close() })
	if err := conn.SetReadDeadline(time.Now().Add(waittest.Limit())); err != nil {
		t.Fatal(err)
	}
	return &rawTab{t: t, conn: conn}
}

// push sends an event and returns its ref. Only one goroutine may push at a time.
func (r *rawTab) push(topic, event string, payload any) (string, error) {
	r.ref++
	ref := fmt.Sprint(r.ref)
	return ref, r.conn.WriteJSON([]any{"1", ref, topic, event, payload})
}

// next reads the next reply. Only one goroutine may read at a time.
func (r *rawTab) next() (frame, error) {
	for {
		var raw [5]json.RawMessage
		if err := r.conn.ReadJSON(&raw); err != nil {
			return frame{}, err
		}
		var f frame
		_ = json.Unmarshal(raw[1], &f.ref) // null for what is no reply
		if err := json.Unmarshal(raw[3], &f.event); err != nil {
			return frame{}, err
		}
		if f.event != "phx_reply" {
			continue
		}
		return f, json.Unmarshal(raw[4], &f.payload)
	}
}

// ask sends an event and waits for its reply.
func (r *rawTab) ask(topic, event string, payload any) frame {
	r.t.Helper()
	ref, err := r.push(topic, event, payload)
	if err != nil {
		r.t.Fatal(err)
	}
	f, err := r.next()
	if err != nil {
		r.t.Fatal(err)
	}
	if f.ref != ref {
		r.t.Fatalf("the reply has the ref %s, want %s", f.ref, ref)
	}
	return f
}

// One tab adds a hundred times a second, and is told that it is too fast. Another shopper is
// answered meanwhile.
func TestTooFast(t *testing.T) {
	t.Parallel()
	const hundred = 100
	s := newCartShop(t, 2, 3, 15)
	fast, calm := openRawTab(t, s.URL), openRawTab(t, s.URL)
	fastCart, calmCart := "cart:"+strings.Repeat("F", 64), "cart:"+strings.Repeat("C", 64)
	for _, topic := range []string{
		"cart:", "cart:short", fastCart[:len(fastCart)-1], fastCart + "F", fastCart[:len(fastCart)-1] + "!",
	} {
		if f := calm.ask(topic, "phx_join", nil); f.payload.Status != "error" || f.payload.Response.Reason == "" {
			t.Errorf("joined %d characters: %+v", len(topic)-len("cart:"), f.payload)
		}
	}
	for tab, topic := range map[*rawTab]string{fast: fastCart, calm: calmCart} {
		if f := tab.ask(topic, "phx_join", map[string]any{}); f.payload.Status != "ok" {
			t.Fatalf("not joined: %+v", f.payload)
		}
	}
	for _, id := range []any{"two", "", nil, -2, 2.5, []int{2}, true, "2 OR 1=1"} {
		if f := calm.ask(calmCart, "add_item", map[string]any{"item_id": id}); f.payload.Response.Error != "not_found" {
			t.Errorf("item %v: %+v", id, f.payload)
		}
	}

	var wg sync.WaitGroup
	told := map[string]int{}
	flooding, refused, done := make(chan struct{}), make(chan struct{}), make(chan struct{})
	wg.Go(func() {
		pace := time.NewTicker(time.Second / hundred)
		defer pace.Stop()
		for {
			select {
			case <-done:
				_, _ = fast.push(fastCart, "phx_leave", nil)
				return
			case <-pace.C:
			}
			if _, err := fast.push(fastCart, "add_item", map[string]any{"item_id": 2}); err != nil {
				t.Error(err)
			}
		}
	})
	wg.Go(func() {
		for {
			f, err := fast.next()
			if err != nil {
				t.Error(err)
				return
			}
			answer := f.payload.Response
			if f.payload.Status == "ok" && answer.Items == nil {
				return // has left
			}
			told[answer.Error+answer.Reason]++
			if answer.Error+answer.Reason == "too_fast" {
				switch told["too_fast"] {
				case 1:
					close(flooding)
				case hundred:
					close(refused)
				}
			}
		}
	})
	waittest.Done(t, "the fast tab is told that it is too fast", flooding)
	var slowest time.Duration
	for i := range 30 { // in two seconds, below the limit of a tab
		change, id := []string{"add_item", "remove_item"}[i%2], 15
		began := time.Now()
		f := calm.ask(calmCart, change, map[string]any{"item_id": id})
		took := time.Since(began)
		slowest = max(slowest, took)
		if f.payload.Status != "ok" || len(f.payload.Response.Items) != 1-i%2 {
			t.Errorf("%s number %d: %+v", change, i, f.payload)
		}
		if wait := time.Second/15 - took; wait > 0 {
			<-time.After(wait)
		}
	}
	waittest.Done(t, "the fast tab is refused a hundred times", refused)
	close(done)
	wg.Wait()
	t.Logf("the fast tab was told %v; the other waited %v at most", told, slowest)
	if told[""] != 1 || told["duplicate_item"] < 10 || told["too_fast"] < hundred || len(told) != 3 {
		t.Errorf("the fast tab was told %v", told)
	}

	v := newContext(t, playwright.BrowserNewContextOptions{})
	if err := v.AddInitScript(playwright.Script{
		Content: playwright.String(`localStorage.setItem("sneakers23.cartId", "F".repeat(63))`),
	}); err != nil {
		t.Fatal(err)
	}
	v.visit(s.URL)
	v.cartLive()
	id := evaluate[string](v, "window.cartId")
	if len(id) != 64 {
		t.Errorf("the page took a cart id of %d characters", len(id))
	}
	if told := evaluate[string](v, `async () => (await (await fetch("/session", {
		method: "POST", headers: { "content-type": "application/json" },
		body: JSON.stringify({ cart_id: "short", serialized_cart: "x" }),
	})).json()).cart_id`); told != id {
		t.Error("the session took a cart id that is none")
	}
}
