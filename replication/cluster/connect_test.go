package cluster

import (
	"bufio"
	"fmt"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
)

// slowServer greets clients as a NATS server does. To the first few it sends its own PING before it
// answers theirs.
func slowServer(t *testing.T, slow int64) (url string, greeted *atomic.Int64) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	greeted = new(atomic.Int64)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			fmt.Fprintf(c, "INFO {\"server_id\":\"x\",\"version\":\"2.15.2\",\"proto\":1,\"max_payload\":1000}\r\n")
			if greeted.Add(1) <= slow {
				fmt.Fprint(c, "PING\r\n")
			}
			for lines := bufio.NewScanner(c); lines.Scan() && !strings.HasPrefix(lines.Text(), "PING"); {
			}
			fmt.Fprint(c, "PONG\r\n")
			t.Cleanup(func() { c.Close() })
		}
	}()
	t.Cleanup(func() { l.Close(); <-ended })
	return "nats://" + l.Addr().String(), greeted
}

func TestConnectTriesHandshakesAgain(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		slow, attempts int64
		connected      bool
	}{
		{slow: 0, attempts: 1, connected: true},
		{slow: handshakes - 1, attempts: handshakes, connected: true},
		{slow: 100, attempts: handshakes, connected: false},
	} {
		url, greeted := slowServer(t, tt.slow)
		conn, err := connect(url, nats.NoReconnect())
		if err == nil {
			conn.Close()
		}
		if greeted.Load() != tt.attempts || (err == nil) != tt.connected {
			t.Errorf("%d slow greetings: %d attempts, %v", tt.slow, greeted.Load(), err)
		}
	}
}

// A server that accepts and says nothing is asked once, and so is an address where no server
// listens.
func TestConnectGivesUpAtOnce(t *testing.T) {
	t.Parallel()
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var asked atomic.Int64
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for {
			c, err := silent.Accept()
			if err != nil {
				return
			}
			asked.Add(1)
			t.Cleanup(func() { c.Close() })
		}
	}()
	t.Cleanup(func() { silent.Close(); <-ended })
	if _, err := connect("nats://"+silent.Addr().String(), nats.Timeout(100*time.Millisecond)); err == nil ||
		asked.Load() > 1 {
		t.Errorf("a silent server was asked %d times: %v", asked.Load(), err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	if _, err := connect("nats://" + l.Addr().String()); err != nats.ErrNoServers {
		t.Errorf("nobody there: %v, want %v", err, nats.ErrNoServers)
	}
}
