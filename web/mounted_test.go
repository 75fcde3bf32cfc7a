package web

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"sneakers23/web/channel"
)

func TestProductSocketIsMounted(t *testing.T) {
	socket := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		conn, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		_, _ = io.WriteString(conn, "HTTP/1.1 101 Switching Protocols\r\n\r\n")
		_ = conn.Close()
	})
	s := newSite(t, func(c *Config) { c.ProductSocket = socket })
	server := httptest.NewServer(s)
	defer server.Close()
	res, err := http.Get(server.URL + "/product_socket/websocket?vsn=2.0.0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	if res.StatusCode != http.StatusSwitchingProtocols {
		t.Errorf("got %d", res.StatusCode)
	}
}

// The socket's own rules hold for long-poll, not those of forms: other origins may be let in,
// bodies may be larger.
func TestLongPollIsMounted(t *testing.T) {
	var got []string
	socket := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		got = append(got, fmt.Sprint(r.Method, " ", len(body)))
		_, _ = io.WriteString(w, `{"status":403}`)
	})
	s := newSite(t, func(c *Config) { c.ProductSocket, c.MaxBody = socket, 10 })
	for _, method := range []string{"GET", "POST", "OPTIONS"} {
		r := httptest.NewRequest(method, "/product_socket/longpoll?vsn=2.0.0",
			strings.NewReader(strings.Repeat("x", 100)))
		r.Header.Set("Origin", "https://elsewhere.example")
		r.Header.Set("Sec-Fetch-Site", "cross-site")
		w := httptest.NewRecorder()
		s.ServeHTTP(w, r)
		if w.Code != 200 {
			t.Errorf("%s: got %d, want 200", method, w.Code)
		}
	}
	if want := []string{"GET 100", "POST 100", "OPTIONS 100"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if _, page := s.ask("GET", "/metrics"); !strings.Contains(page,
		`{route="/product_socket/longpoll",status="200"} 3`) {
		t.Error("the requests are not counted")
	}
}

// A page of the shop itself may poll and publish, one of elsewhere is refused in the words of the
// protocol.
func TestLongPollWorks(t *testing.T) {
	socket, err := channel.New(channel.Config{
		Routes: []channel.Route{{Pattern: "none", New: func() channel.Channel { return nil }}},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer socket.Close()
	s := newSite(t, func(c *Config) { c.ProductSocket = socket })
	server := httptest.NewUnstartedServer(nil)
	server.Config = s.HTTPServer()
	server.Start()
	defer server.Close()
	address := server.URL + "/product_socket/longpoll?vsn=2.0.0"
	ask := func(method, origin, body string) (answer struct {
		Status   int
		Token    string
		Messages []string
	}) {
		t.Helper()
		r, _ := http.NewRequest(method, address, strings.NewReader(body))
		r.Header.Set("Origin", origin)
		res, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = res.Body.Close() }()
		if err := json.NewDecoder(res.Body).Decode(&answer); err != nil || res.StatusCode != 200 {
			t.Errorf("%s: status %d, %v", method, res.StatusCode, err)
		}
		return answer
	}
	opened := ask("GET", server.URL, "")
	if opened.Status != 410 || opened.Token == "" {
		t.Fatalf("opened with %+v", opened)
	}
	address += "&token=" + opened.Token
	const heartbeat = `[null,"1","phoenix","heartbeat",{}]`
	if got := ask("POST", server.URL, heartbeat); got.Status != 200 {
		t.Errorf("published with %+v", got)
	}
	if got := ask("POST", "https://evil.example", heartbeat); got.Status != 403 {
		t.Errorf("published from elsewhere with %+v", got)
	}
	want := `[null,"1","phoenix","phx_reply",{"status":"ok","response":{}}]`
	if got := ask("GET", server.URL, ""); got.Status != 200 || !slices.Equal(got.Messages, []string{want}) {
		t.Errorf("polled %+v", got)
	}
}
