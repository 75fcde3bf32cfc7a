package cluster_test

import (
	"bufio"
	"fmt"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"sneakers23/app/waittest"
	"sneakers23/replication/cluster"
)

// stuckNATS greets clients as a NATS server does and answers their PINGs. After stick it reads
// nothing.
type stuckNATS struct {
	url     string
	greeted atomic.Int64
	stick   func()
	end     func() // closes all connections
}

func newStuckNATS(t *testing.T) *stuckNATS {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var (
		ended = make(chan struct{})
		stuck = make(chan struct{})
		wg    sync.WaitGroup
		s     = &stuckNATS{url: "nats://" + l.Addr().String()}
	)
	s.stick = sync.OnceFunc(func() { close(stuck) })
	serve := func(c net.Conn) {
		defer c.Close()
		fmt.Fprint(c, `INFO {"server_id":"x","version":"2.15.2","proto":1,"headers":true,"max_payload":8388608}`+"\r\n")
		s.greeted.Add(1)
		for lines := bufio.NewScanner(c); lines.Scan(); {
			select {
			case <-stuck:
				<-ended
				return
			default:
			}
			if strings.HasPrefix(lines.Text(), "PING") {
				fmt.Fprint(c, "PONG\r\n")
			}
		}
	}
	wg.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			wg.Go(func() { serve(c) })
		}
	})
	s.end = sync.OnceFunc(func() {
		l.Close()
		close(ended)
		wg.Wait()
	})
	t.Cleanup(s.end)
	return s
}

// TestNATSDoesNotRead sends more than all buffers take to a NATS outside that does not read. No
// Send waits, not even until the connection is closed. Messages that do not fit are dropped and
// counted.
func TestNATSDoesNotRead(t *testing.T) {
	t.Parallel()
	nats := newStuckNATS(t)
	var words *cluster.Stream
	a := join(t, "a", nil, func(c *cluster.Config) { c.Listen, c.NATS = "", nats.url }, func(n *cluster.Node) {
		words = n.Stream("words", func(cluster.Peer, []byte) {})
	})
	defer nats.end() // before the node stops, or that waits for it
	nats.stick()
	data := make([]byte, 64<<10)
	sent := make(chan error, 1)
	go func() {
		for range 1000 {
			if err := words.Send(data); err != nil {
				sent <- err
				return
			}
		}
		sent <- nil
	}()
	if err := waittest.Receive(t, "all is sent", sent); err != nil {
		t.Fatal(err)
	}
	if connections, dropped := nats.greeted.Load(), a.Dropped(); connections != 1 || dropped == 0 {
		t.Errorf("%d connections, %d messages dropped; want one, and some", connections, dropped)
	}
	if log := a.log.String(); strings.Count(log, "are dropped") != 1 {
		t.Error("it is not logged once that messages are dropped")
	}
}
