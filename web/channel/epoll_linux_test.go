package channel

import (
	"context"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"regexp"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gorilla/websocket"
)

// epollForm in the environment makes the servers of tests wait by epoll.
const epollForm = "CHANNEL_TEST_EPOLL"

// All tests hold in the other form, too.
func TestEpollForm(t *testing.T) {
	if os.Getenv(epollForm) != "" {
		return // this is the other form
	}
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	again := exec.CommandContext(ctx, os.Args[0], "-test.v", "-test.run=^Test")
	again.Env = append(os.Environ(), epollForm+"=1")
	out, err := again.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, regexp.MustCompile(`(?m)^ *(=== |--- PASS).*\n`).ReplaceAll(out, nil))
	}
	if n := strings.Count(string(out), "--- PASS: Test"); n < 100 {
		t.Errorf("only %d tests have passed", n)
	}
}

func startWithEpoll(t *testing.T, cfg Config) *site {
	t.Helper()
	t.Setenv(epollForm, "1")
	return start(t, cfg)
}

// running counts the goroutines that run the function.
func running(function string) int {
	stacks := make([]byte, 8<<20)
	stacks = stacks[:runtime.Stack(stacks, true)]
	return strings.Count(string(stacks), "channel."+function+"(")
}

func TestPolledSocketsHaveNoGoroutine(t *testing.T) {
	before := running("(*wire).run")
	site := startWithEpoll(t, Config{Routes: routeTo(&fake{in: echo})})
	for range 50 {
		site.dial().join("room:a")
	}
	if n := running("(*wire).run") - before; n != 0 {
		t.Errorf("%d sockets have a goroutine", n)
	}
	loops := site.loops.all
	if len(loops) != runtime.GOMAXPROCS(0) {
		t.Errorf("%d loops run, want %d", len(loops), runtime.GOMAXPROCS(0))
	}
	site.Close()
	for _, l := range loops {
		select {
		case <-l.done:
		default:
			t.Error("after Close a loop runs")
		}
	}
}

// A silent client is closed, one that says something is not.
func TestPolledSilence(t *testing.T) {
	const timeout = 400 * time.Millisecond
	site := startWithEpoll(t, Config{Timeout: timeout, Routes: routeTo(&fake{})})
	heard := time.Now() // at the earliest
	silent, alive := site.dial(), site.dial()
	stop, end := gate()
	defer end()
	var pinging sync.WaitGroup
	pinging.Go(func() {
		tick := time.NewTicker(timeout / 8)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				alive.WriteControl(websocket.PingMessage, nil, time.Now().Add(time.Second))
			case <-stop:
				return
			}
		}
	})
	silent.wantClose(websocket.CloseProtocolError)
	if d := time.Since(heard); d < timeout {
		t.Errorf("closed after %v, want %v at least", d, timeout)
	}
	end()
	pinging.Wait()
	alive.wantNothing()
}

// Sockets that come and go, also without a word and in the middle of a broadcast,
// leave nothing behind: their descriptors are used again at once.
func TestPolledSocketsComeAndGo(t *testing.T) {
	site := startWithEpoll(t, Config{MaxQueue: 2000, Routes: routeTo(&fake{in: echo})})
	stop, end := gate()
	defer end()
	var broadcasting, clients sync.WaitGroup
	broadcasting.Go(func() {
		for {
			select {
			case <-stop:
				return
			default:
				site.cfg.PubSub.Broadcast("room:a", "noise", nil)
			}
		}
	})
	for worker := range 8 {
		clients.Go(func() {
			for i := range 40 {
				conn, _, err := websocket.DefaultDialer.Dial(site.url(), nil)
				if err != nil {
					t.Error(err)
					return
				}
				conn.WriteMessage(websocket.TextMessage, []byte(`["1","1","room:a","phx_join",{}]`))
				if (worker+i)%3 > 0 {
					conn.ReadMessage() // the reply, or the end of a socket that was too slow
				}
				if (worker+i)%2 > 0 {
					conn.WriteMessage(websocket.CloseMessage, nil)
				}
				conn.Close()
			}
		})
	}
	clients.Wait()
	end()
	broadcasting.Wait()
	site.Close()
	if n := site.Sockets(); n != 0 {
		t.Errorf("%d sockets are open", n)
	}
	if n := site.cfg.PubSub.Count("room:a"); n != 0 {
		t.Errorf("%d are subscribed", n)
	}
}

// One flood does not keep the others of its loop waiting.
func TestPolledFlood(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(2))
	site := startWithEpoll(t, Config{Routes: routeTo(&fake{in: echo})})
	stop, end := gate()
	defer end()
	var flooding sync.WaitGroup
	for range 4 {
		conn := site.dial()
		flooding.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
					if conn.WriteMessage(websocket.PongMessage, nil) != nil {
						t.Error("the flood was cut off")
						return
					}
				}
			}
		})
	}
	for range 8 {
		site.dial().wantNothing()
	}
	end()
	flooding.Wait()
}

// What is wrapped around a connection must see what is read: such a socket has its
// goroutine.
func TestEpollWithTLS(t *testing.T) {
	site := startWithEpoll(t, Config{Routes: routeTo(&fake{in: echo})})
	secure := httptest.NewTLSServer(site.Server)
	defer secure.Close()
	before := running("(*wire).run")
	dialer := websocket.Dialer{TLSClientConfig: secure.Client().Transport.(*http.Transport).TLSClientConfig}
	conn, _, err := dialer.Dial("wss"+strings.TrimPrefix(secure.URL, "https")+"/socket/websocket?vsn=2.0.0", nil)
	if err != nil {
		t.Fatal(err)
	}
	c := newClient(t, conn)
	c.join("room:a")
	if n := running("(*wire).run") - before; n != 1 {
		t.Errorf("%d sockets have a goroutine, want 1", n)
	}
}
