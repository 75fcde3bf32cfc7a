package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"syscall"
	"testing"

	"github.com/gorilla/websocket"
	"github.com/jackc/pgx/v5"

	"sneakers23/app/postgres/pgtest"
	"sneakers23/app/waittest"
	"sneakers23/checkout"
)

// from is a client at an address of this machine. It never uses a connection twice.
type from struct {
	t      *testing.T
	s      *shop
	dialer net.Dialer
	client http.Client
}

func (s *shop) from(t *testing.T, ip string) *from {
	f := &from{t: t, s: s, dialer: net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(ip)}}}
	f.client = http.Client{
		Timeout:       waittest.Limit(),
		Transport:     &http.Transport{DialContext: f.dialer.DialContext, DisableKeepAlives: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	return f
}

// open opens a WebSocket until the test ends, and returns the status of the answer.
func (f *from) open(path string) (status int) {
	f.t.Helper()
	dialer := websocket.Dialer{NetDialContext: f.dialer.DialContext, HandshakeTimeout: waittest.Limit()}
	conn, response, err := dialer.DialContext(f.t.Context(), "ws"+strings.TrimPrefix(f.s.URL, "http")+path, nil)
	if err != nil && response == nil {
		f.t.Fatal(err)
	}
	if err == nil {
		f.t.Cleanup(func() { conn.Close() })
	}
	return response.StatusCode
}

// poll opens a long-poll session that is never polled, and returns the status in the answer.
func (f *from) poll() (status int) {
	f.t.Helper()
	response, err := f.client.Get(f.s.URL + "/product_socket/longpoll?vsn=2.0.0")
	if err != nil {
		f.t.Fatal(err)
	}
	defer response.Body.Close()
	var answer struct{ Status int }
	if err := json.NewDecoder(response.Body).Decode(&answer); err != nil {
		f.t.Fatal(err)
	}
	return answer.Status
}

// mostFiles is how many files a node may open. Go raises the limit of its processes nearly to what
// they are allowed, by the same rule for this one and for the node.
func mostFiles(t *testing.T) int {
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		t.Fatal(err)
	}
	return int(min(limit.Cur, 1<<20))
}

// nodeWithShare starts a node at which one address may hold that share of the places.
func nodeWithShare(t *testing.T, share float64, args ...string) *shop {
	t.Helper()
	s := &shop{t: t, dataDir: t.TempDir(), database: pgtest.URL(t), secret: sharedSecret}
	s.start(append([]string{"--seed", "--address-share", fmt.Sprint(share)}, args...)...)
	return s
}

// TestOneAddress takes all places of each kind that 127.0.0.2 may hold, and then 127.0.0.3 comes.
func TestOneAddress(t *testing.T) {
	t.Parallel()
	const share = 0.001
	s := nodeWithShare(t, share)
	s.run("release", "SHU6000")
	s.run("restock", "SHU6001", "20") // the seed may have none of it, and a refusal waits for no row
	files := int(share * float64(mostFiles(t)))
	greedy, other := s.from(t, "127.0.0.2"), s.from(t, "127.0.0.3")
	for _, kind := range []struct {
		name       string
		most       int
		take       func(*from) (status int)
		given, not int
	}{
		{"sockets", files, func(f *from) int { return f.open("/product_socket/websocket?vsn=2.0.0") }, 101, 429},
		{"feeds", files, func(f *from) int { return f.open("/feed?topic=product:1") }, 101, 429},
		{"long-poll sessions", 10, (*from).poll, 410, 403},
	} {
		for range kind.most {
			if got := kind.take(greedy); got != kind.given {
				t.Fatalf("%s: %d before one address has all that it may", kind.name, got)
			}
		}
		if got := kind.take(greedy); got != kind.not {
			t.Errorf("%s: one address may take more than its share: %d, want %d", kind.name, got, kind.not)
		}
		if got := kind.take(other); got != kind.given {
			t.Errorf("%s: another address gets %d, want %d", kind.name, got, kind.given)
		}
	}
	waittest.Until(t, "sessions that nobody polls end, and make room", func() bool { return greedy.poll() == 410 })
	checkPurchases(t, s, greedy, other)
	checkConnections(t, s, greedy, other, files)
	if status, metrics := s.get("/metrics"); status != http.StatusOK ||
		!strings.Contains(metrics, `sneakers23_address_refused_total{of="feeds"} 1`) {
		t.Errorf("the metrics do not tell of what was refused: %d", status)
	}
}

// checkPurchases lets all buyers wait for one row that the test has locked.
func checkPurchases(t *testing.T, s *shop, greedy, other *from) {
	t.Helper()
	const most = 8 // of 8,192
	conn, err := pgx.Connect(t.Context(), s.database)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.WithoutCancel(t.Context()))
	hold, err := conn.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := hold.Exec(t.Context(), `SELECT FROM item_availabilities WHERE item_id = 1 FOR UPDATE`); err != nil {
		t.Fatal(err)
	}
	answers := make(chan string, most+1)
	for range most + 1 {
		go func() { answers <- greedy.buy() }()
	}
	const busy = "The shop is very busy"
	if got := waittest.Receive(t, "the answer to one purchase too many", answers); !strings.Contains(got, busy) {
		t.Errorf("one purchase too many: %q, want %q", got, busy)
	}
	others := make(chan string, 1)
	go func() { others <- other.buy() }()
	if err := hold.Rollback(t.Context()); err != nil {
		t.Fatal(err)
	}
	for range most {
		if got := waittest.Receive(t, "the answer to a purchase", answers); strings.Contains(got, busy) {
			t.Errorf("a purchase that an address may have: %q", got)
		}
	}
	if got := waittest.Receive(t, "the answer to another address", others); strings.Contains(got, busy) {
		t.Errorf("another address: %q", got)
	}
}

// buy sends a form for one pair, and returns the page that answers it, or that the answer leads to.
func (f *from) buy() string {
	tokens, err := checkout.NewTokens([]string{sharedSecret})
	if err != nil {
		return err.Error()
	}
	form := (&buyers{t: f.t, tokens: tokens}).form(1)
	response, err := f.client.PostForm(f.s.URL+"/checkout", form)
	if err != nil {
		return err.Error()
	}
	defer response.Body.Close()
	if to := response.Header.Get("Location"); to != "" {
		r, err := http.NewRequestWithContext(f.t.Context(), http.MethodGet, f.s.URL+to, nil)
		if err != nil {
			return err.Error()
		}
		for _, cookie := range response.Cookies() {
			r.AddCookie(cookie)
		}
		if response, err = f.client.Do(r); err != nil {
			return err.Error()
		}
		defer response.Body.Close()
	}
	page, err := io.ReadAll(response.Body)
	if err != nil {
		return err.Error()
	}
	return string(page)
}

// checkConnections opens connections that never ask for anything.
func checkConnections(t *testing.T, s *shop, greedy, other *from, most int) {
	t.Helper()
	dialed, closed := 0, make(chan struct{}, 10*most) // buffer: more than are dialed
	dial := func() {
		conn, err := greedy.dialer.DialContext(t.Context(), "tcp", strings.TrimPrefix(s.URL, "http://"))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { conn.Close() })
		dialed++
		go func() {
			_, _ = conn.Read(make([]byte, 1))
			closed <- struct{}{}
		}()
	}
	for range most {
		dial()
	}
	waittest.Until(t, "an address with all its connections is not answered on one more", func() bool {
		response, err := greedy.client.Get(s.URL + "/healthz")
		if err != nil {
			return true
		}
		response.Body.Close()
		if dialed < 2*most {
			dial() // in place of one that was refused while the node had not seen the end of an earlier one
		}
		return false
	})
	for range dialed - most { // the others are held
		waittest.Receive(t, "the end of a connection that the address may not have", closed)
	}
	response, err := other.client.Get(s.URL + "/healthz")
	if err != nil {
		t.Fatalf("another address: %v", err)
	}
	response.Body.Close()
}

// TestUnnamedProxy sends what proxies send, from an address that was not named. The operator finds
// it in the log, once, and on the dashboard.
func TestUnnamedProxy(t *testing.T) {
	t.Parallel()
	s := freshShop(t)
	w := watchDashboard(t, s, s.password)
	for range 3 {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.URL+"/healthz", nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("X-Forwarded-For", "203.0.113.9")
		response, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
	}
	waittest.Until(t, "the dashboard tells of the proxy", func() bool {
		w.mu.Lock()
		defer w.mu.Unlock()
		return strings.Contains(fmt.Sprint(w.shows["events"]), "127.0.0.1 looks like a proxy: see --trusted-proxies")
	})
	if n := strings.Count(s.log.String(), "looks like a proxy"); n != 1 {
		t.Errorf("the log tells of it %d times:\n%s", n, s.log)
	}
}

// TestBehindATrustedProxy counts those for whom the proxy asks, and not the proxy.
func TestBehindATrustedProxy(t *testing.T) {
	t.Parallel()
	s := nodeWithShare(t, 0.0001, "--trusted-proxies", "127.0.0.1") // one session
	open := func(client string) int {
		f := s.from(t, "127.0.0.1")
		transport := f.client.Transport
		f.client.Transport = roundTrip(func(r *http.Request) (*http.Response, error) {
			r.Header.Set("X-Forwarded-For", client)
			return transport.RoundTrip(r)
		})
		return f.poll()
	}
	for _, step := range []struct {
		client string
		want   int
	}{
		{"203.0.113.1:1000", 410}, {"203.0.113.1:1001", 403}, {"203.0.113.2:1000", 410},
		{"[2001:db8:1:2::1]:1000", 410}, {"2001:db8:1:2:3::4", 403}, {"2001:db8:1:3::1", 410},
	} {
		if got := open(step.client); got != step.want {
			t.Errorf("%s: %d, want %d", step.client, got, step.want)
		}
	}
	if log := s.log.String(); strings.Contains(log, "looks like a proxy") {
		t.Errorf("a proxy that is trusted is suspected:\n%s", log)
	}
}

// roundTrip is a transport made of a function.
type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// TestRehearsalOfOneAddress sends the shoppers of a rehearsal, who have one address, to a node with
// limits and to one without.
func TestRehearsalOfOneAddress(t *testing.T) {
	t.Parallel()
	const few = 0.001
	shoppers := fmt.Sprint(int(few*float64(mostFiles(t))) + 10)
	lasting := []string{"2s", "10s", "60s"} // in which shoppers connect, on whatever machine
	for _, tt := range []struct {
		flag    string
		refused bool
	}{{"--address-share=" + fmt.Sprint(few), true}, {"--no-limits", false}} {
		s := &shop{t: t, dataDir: t.TempDir(), database: pgtest.URL(t), secret: sharedSecret}
		s.start("--seed", tt.flag)
		s.run("release", "SHU6000")
		for i, d := range lasting {
			out, errOut, _ := s.try("rehearse", "--json", "--url", s.URL, "--yes", "-n", shoppers, "--for", d,
				"--at-most", d, "--ramp", "1s")
			var report struct {
				Errors   map[string]int
				Examples map[string]string
			}
			if err := json.Unmarshal([]byte(out), &report); err != nil {
				t.Fatalf("%v: %s%s", err, out, errOut)
			}
			got := strings.Contains(report.Examples["connect"], "start its nodes with --no-limits")
			if got == tt.refused {
				lasting = lasting[i : i+1] // as long where none is refused
				break
			}
			if d == lasting[len(lasting)-1] {
				t.Errorf("%s: the report says of sockets %q (%d times)",
					tt.flag, report.Examples["connect"], report.Errors["connect"])
			}
		}
	}
}
