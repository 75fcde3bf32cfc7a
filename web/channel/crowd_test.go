package channel

import (
	"encoding/json"
	"fmt"
	"net"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/gorilla/websocket"
)

// smallBuffers is a listener that keeps the kernel from hiding what a client does
// not read.
type smallBuffers struct{ net.Listener }

func (l smallBuffers) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if err == nil {
		err = conn.(*net.TCPConn).SetWriteBuffer(8 << 10)
	}
	return conn, err
}

// dialSmall does the same for the client's end.
func dialSmall(network, address string) (net.Conn, error) {
	conn, err := net.Dial(network, address)
	if err == nil {
		err = conn.(*net.TCPConn).SetReadBuffer(8 << 10)
	}
	return conn, err
}

// One of several clients stops reading: it alone is closed, the others get every
// broadcast in order.
func TestSlowReader(t *testing.T) {
	server, err := New(Config{MaxQueue: 32 << 10, Routes: routeTo(&fake{})})
	if err != nil {
		t.Fatal(err)
	}
	web := httptest.NewUnstartedServer(server)
	web.Listener = smallBuffers{web.Listener}
	web.Start()
	site := &site{server, t, web}
	t.Cleanup(func() { web.Close(); server.Close() })

	dialer := websocket.Dialer{NetDial: dialSmall}
	conn, _, err := dialer.Dial(site.url(), nil)
	if err != nil {
		t.Fatal(err)
	}
	slow := newClient(t, conn)
	slow.join("room:a")

	var others []*client
	for range 5 {
		c := site.dial()
		c.join("room:a")
		others = append(others, c)
	}
	padding := strings.Repeat("x", 1000)
	for sent := 1; site.cfg.PubSub.Count("room:a") > len(others); sent++ {
		if sent > 100_000 {
			t.Fatal("the slow client is not closed")
		}
		site.cfg.PubSub.Broadcast("room:a", "noise", []any{sent, padding})
		for _, c := range others {
			c.want(fmt.Sprintf(`[null,null,"room:a","noise",[%d,%q]]`, sent, padding))
		}
	}
	for _, c := range others {
		c.wantNothing()
	}
	slow.wantClose(websocket.CloseTryAgainLater)
}

// Clients that come and go, join and leave, push and crash while others broadcast:
// nothing is left, and no frame is broken. To be run with -race.
func TestCrowd(t *testing.T) {
	site := start(t, Config{Routes: routeTo(&fake{in: echo})})
	stop, end := gate()
	defer end()
	var senders, clients sync.WaitGroup
	for i := range 2 {
		senders.Go(func() {
			for n := 0; ; n++ {
				select {
				case <-stop:
					return
				default:
					site.cfg.PubSub.Broadcast(fmt.Sprint("room:", n%3), "noise", []int{i, n})
				}
			}
		})
	}
	for i := range 20 {
		clients.Go(func() {
			for round := range sized(5, 2) {
				c := site.dial()
				var reading sync.WaitGroup
				reading.Go(func() {
					for {
						_, frame, err := c.ReadMessage()
						if err != nil {
							return
						}
						if !json.Valid(frame) {
							t.Errorf("broken frame %q", frame)
						}
					}
				})
				for n := range 30 {
					event := []string{"phx_join", "shout", "phx_join", "echo", "whisper", "panic", "phx_leave"}[(i+n)%7]
					c.send(`["%d","%d","room:%d",%q,{}]`, n, n, n%3, event)
				}
				if (i+round)%2 == 0 {
					c.WriteMessage(websocket.CloseMessage, nil)
				} else {
					c.NetConn().Close()
				}
				reading.Wait()
			}
		})
	}
	clients.Wait()
	end()
	senders.Wait()
	site.Close()
	for n := range 3 {
		if count := site.cfg.PubSub.Count(fmt.Sprint("room:", n)); count != 0 {
			t.Errorf("%d are still subscribed to room:%d", count, n)
		}
	}
}

// audience is a number of sockets that joined room:a and count the bytes they get.
type audience struct {
	site    *site
	conns   []net.Conn
	got     atomic.Int64
	reached chan struct{} // gets a value when got reaches want
	want    atomic.Int64
}

func newAudience(t testing.TB, n int) *audience {
	a := &audience{site: start(t, Config{Routes: routeTo(&fake{})}), reached: make(chan struct{}, 1)}
	for range n {
		c := a.site.dial()
		c.join("room:a")
		a.conns = append(a.conns, c.NetConn())
	}
	for _, conn := range a.conns {
		go a.count(conn) // ends with the connection
	}
	return a
}

func (a *audience) count(conn net.Conn) {
	buf := make([]byte, 4096)
	for {
		n, err := conn.Read(buf)
		if a.got.Add(int64(n)) == a.want.Load() && n > 0 {
			a.reached <- struct{}{}
		}
		if err != nil {
			return
		}
	}
}

// broadcast sends a burst of frames and returns when all of the audience have them.
func (a *audience) broadcast(burst int) {
	const frame = `??[null,null,"room:a","noise",{"product_id":1,"item_id":12,"level":"low"}]`
	a.want.Add(int64(len(frame) * burst * len(a.conns)))
	for range burst {
		a.site.cfg.PubSub.Broadcast("room:a", "noise", json.RawMessage(frame[30:len(frame)-1]))
	}
	<-a.reached
}

// A broadcast costs the same number of allocations for many sockets as for few.
func TestBroadcastToSocketsAllocatesTheSame(t *testing.T) {
	allocs := func(n int) float64 {
		a := newAudience(t, n)
		a.broadcast(1)
		return testing.AllocsPerRun(20, func() { a.broadcast(1) })
	}
	few, many := allocs(10), allocs(80)
	if many > few+20 { // far from one each
		t.Errorf("%v allocations for 10 sockets, %v for 80", few, many)
	}
}

// BenchmarkBroadcastToSockets sends to real sockets on the loopback, whose readers
// are in the same process: compare bursts, not with other servers.
func BenchmarkBroadcastToSockets(b *testing.B) {
	for _, n := range []int{1, 100, 1000} {
		for _, burst := range []int{1, 100} {
			b.Run(fmt.Sprintf("sockets=%d/burst=%d", n, burst), func(b *testing.B) {
				a := newAudience(b, n)
				b.ReportAllocs()
				for b.Loop() {
					a.broadcast(burst)
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*burst*n), "ns/delivery")
			})
		}
	}
}
