package channel

import (
	"fmt"
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

	"sneakers23/app/waittest"
)

// epollForm in the environment makes the servers of tests wait by epoll.
const epollForm = "CHANNEL_TEST_EPOLL"

// TestEpollForm runs the tests whose servers had a goroutine per socket again, with servers that
// wait by epoll. It is the one parallel test: it begins when all others have ended. Alone it runs
// all tests.
func TestEpollForm(t *testing.T) {
	if os.Getenv(epollForm) != "" {
		return // this is the other form
	}
	t.Parallel()
	var tests []string
	for name := range served.Range {
		tests = append(tests, name.(string))
	}
	run, want := "^("+strings.Join(tests, "|")+")$", len(tests)
	if want == 0 {
		run, want = "^Test", 200
	}
	again := exec.CommandContext(waittest.Context(t, "the tests in the other form"),
		os.Args[0], "-test.v", "-test.run="+run, fmt.Sprintf("-full=%v", *full))
	again.Env = append(os.Environ(), epollForm+"=1")
	out, err := again.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, regexp.MustCompile(`(?m)^ *(=== |--- PASS).*\n`).ReplaceAll(out, nil))
	}
	if n := strings.Count(string(out), "\n--- PASS: Test"); n < want {
		t.Errorf("%d tests have passed, want %d", n, want)
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
	return strings.Count(string(stacks), function+"(")
}

func TestPolledSocketsHaveNoGoroutine(t *testing.T) {
	before, loops := running("ws.(*Conn).Run"), running("ws.(*loop).run")
	site := startWithEpoll(t, Config{Routes: routeTo(&fake{in: echo})})
	var clients []*client
	for range 50 {
		c := site.dial()
		c.join("room:a")
		clients = append(clients, c)
	}
	if n := running("ws.(*Conn).Run") - before; n != 0 {
		t.Errorf("%d sockets have a goroutine", n)
	}
	if n := running("ws.(*loop).run") - loops; n != runtime.GOMAXPROCS(0) {
		t.Errorf("%d loops run, want %d", n, runtime.GOMAXPROCS(0))
	}
	for _, c := range clients {
		c.Close() // they would not answer the close
	}
	site.Close()
	waittest.Until(t, "all loops have ended", func() bool { return running("ws.(*loop).run") == loops })
}

// A silent client is closed. TestPolledLife is about those that are not silent.
func TestPolledSilence(t *testing.T) {
	const timeout = 400 * time.Millisecond
	site := startWithEpoll(t, Config{Timeout: timeout, Routes: routeTo(&fake{})})
	heard := time.Now() // at the earliest
	site.dial().wantClose(websocket.CloseProtocolError)
	if d := time.Since(heard); d < timeout {
		t.Errorf("closed after %v, want %v at least", d, timeout)
	}
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
			for i := range sized(40, 12) {
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

// A wrapper of a connection must see what is read: such a socket has its own goroutine.
func TestEpollWithTLS(t *testing.T) {
	site := startWithEpoll(t, Config{Routes: routeTo(&fake{in: echo})})
	secure := httptest.NewTLSServer(site.Server)
	defer secure.Close()
	before := running("ws.(*Conn).Run")
	dialer := websocket.Dialer{TLSClientConfig: secure.Client().Transport.(*http.Transport).TLSClientConfig}
	conn, _, err := dialer.Dial("wss"+strings.TrimPrefix(secure.URL, "https")+"/socket/websocket?vsn=2.0.0", nil)
	if err != nil {
		t.Fatal(err)
	}
	c := newClient(t, conn)
	c.join("room:a")
	if n := running("ws.(*Conn).Run") - before; n != 1 {
		t.Errorf("%d sockets have a goroutine, want 1", n)
	}
}
