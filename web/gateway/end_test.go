package gateway

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"sneakers23/app/devices"
	"sneakers23/app/waittest"
	"sneakers23/web/conns"
)

// A key is revoked while its device is connected: all its connections end, and no other.
func TestRevoked(t *testing.T) {
	s := start(t, Config{})
	key := s.shelf.add(1)
	a, b, other := s.connect().verify(key), s.connect().verify(key), s.verified(2)
	s.shelf.revoke(1)
	s.Close(1)
	for _, c := range []*client{a, b} {
		c.want("ERROR key was revoked")
		c.wantEnd()
		c.Close()
	}
	other.sync()
	c := s.connect()
	c.send("v:" + string(key))
	c.want("ERROR key was revoked")
	waittest.Until(t, "one device is connected", func() bool { return s.Stats().Devices == 1 })
}

// The key is revoked after the store has said that it is good, and before the connection is known.
func TestRevokedWhileVerifying(t *testing.T) {
	s := start(t, Config{})
	key := s.shelf.add(1)
	s.shelf.set(func() {
		s.shelf.verified = func() {
			s.shelf.revoke(1)
			s.Close(1)
		}
	})
	c := s.connect()
	c.send("v:" + string(key))
	c.want("ERROR key was revoked")
	waittest.Until(t, "no device is connected", func() bool { return s.Stats().Devices == 0 })
}

// The key is revoked while a line waits for the store: the connection ends all the same.
func TestRevokedWhileLogging(t *testing.T) {
	s := start(t, Config{})
	c := s.verified(1)
	gate := make(chan struct{})
	t.Cleanup(func() { close(gate) }) // before Drain
	s.shelf.set(func() { s.shelf.logGate = gate })
	c.send(c.log("never accepted"))
	waittest.Receive(t, "the line that waits", s.shelf.waiting)
	s.Close(1)
	c.want("ERROR key was revoked")
	c.wantEnd()
	c.Close()
	s.gone()
}

// The key was revoked, and the first that the gateway hears of it is the answer of the store.
func TestStoreSaysRevoked(t *testing.T) {
	s := start(t, Config{})
	verifies, reports := s.verified(1), s.verified(2)
	for c, line := range map[*client]string{
		verifies: "v:" + string(verifies.key),
		reports:  reports.line('i', `[{"name":"x","type":"boolean","value":true}]`),
	} {
		s.shelf.set(func() { s.shelf.devices[c.key].Revoked = time.Now() })
		c.send(line)
		c.want("ERROR key was revoked")
		c.wantEnd()
	}
}

// Reverify finds keys that are no longer good, although Close was not called.
func TestReverify(t *testing.T) {
	s := start(t, Config{})
	good, revoked, unknown, replaced := s.verified(1), s.verified(2), s.verified(3), s.verified(4)
	s.shelf.revoke(2)
	s.shelf.set(func() {
		delete(s.shelf.devices, unknown.key)
		s.shelf.devices[replaced.key].ID = 5
	})
	if err := s.Reverify(t.Context()); err != nil {
		t.Fatal(err)
	}
	for c, want := range map[*client]string{
		revoked: "key was revoked", unknown: "key is unknown", replaced: "key is unknown",
	} {
		c.want("ERROR " + want)
		c.wantEnd()
	}
	good.sync()
	away := errors.New("the database is away")
	s.shelf.set(func() { s.shelf.fail = away })
	if err := s.Reverify(t.Context()); err != away {
		t.Errorf("Reverify returned %v", err)
	}
	s.shelf.set(func() { s.shelf.fail = nil })
	good.sync()
}

// A device that closes its half after its lines gets their answers.
func TestHalfClosed(t *testing.T) {
	s := start(t, Config{})
	key := s.shelf.add(1)
	c := s.connect()
	c.key = key
	c.write("v:" + string(key) + "\n" + c.log("last") + "\nrubbish\nincomplete")
	c.Conn.(*net.TCPConn).CloseWrite()
	c.want("OK")
	c.want("ERROR " + string(errForm))
	c.wantEnd()
	if got := s.shelf.messages(1); !slices.Equal(got, []string{"last"}) {
		t.Errorf("logged %q", got)
	}
}

// Drain closes the connections in slices, and accepts no more.
func TestDrainInSlices(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := startInBubble(t, Config{DrainShare: 0.1, DrainLeast: 3})
		const clients = 40
		began := time.Now()
		ended := make(chan time.Duration, clients)
		for i := range clients {
			c := s.connect()
			c.verify(s.shelf.add(i))
			go func() {
				defer c.Close()
				c.SetReadDeadline(time.Time{})
				if rest, err := io.ReadAll(c.lines); err != nil || len(rest) > 0 {
					t.Errorf("a connection ended with %q, %v", rest, err)
				}
				ended <- time.Since(began)
			}()
		}
		synctest.Wait()
		if err := s.Drain(context.Background()); err != nil {
			t.Error(err)
		}
		if n := s.Count(); n != 0 {
			t.Errorf("%d connections are open", n)
		}
		synctest.Wait()
		close(ended)
		var times []time.Duration
		for d := range ended {
			times = append(times, d)
		}
		slices.Sort(times)
		for i, d := range times {
			// no half of a pipe can be closed: its other end sees the end when draining is over
			if want := time.Duration(i/4)*time.Second + conns.CloseWait; d != want {
				t.Errorf("connection %d ended after %v, want %v", i, d, want)
			}
		}
	})
}

// While a connection drains, what the device has sent is still accepted: also what it sends before
// it sees the end. Each device has a window of lines that may be on their way.
func TestDrainLosesNothing(t *testing.T) {
	s := start(t, Config{})
	const clients, window = 10, 50
	type sent struct {
		id    devices.ID
		count int // lines
	}
	all := make(chan sent, clients)         // what each has sent when it sees the end
	started := make(chan struct{}, clients) // one from each
	for i := range clients {
		c := s.verified(i)
		go func() {
			defer c.Close()
			for n := 0; ; n += window {
				for m := range window {
					if _, err := io.WriteString(c.Conn, c.log(fmt.Sprint(n+m))+"\n"); err != nil {
						t.Errorf("after %d lines: %v", n+m, err)
					}
				}
				io.WriteString(c.Conn, "v:"+string(c.key)+"\n")
				if got, err := c.receive(); err != nil || got != "OK" {
					all <- sent{devices.ID(i), n + window}
					return
				}
				if n == 0 {
					started <- struct{}{}
				}
			}
		}()
	}
	for range clients {
		waittest.Receive(t, "a device that logs", started)
	}
	if err := s.Drain(context.Background()); err != nil {
		t.Error(err)
	}
	for range clients {
		d := waittest.Receive(t, "a device", all)
		if got := len(s.shelf.messages(d.id)); got != d.count {
			t.Errorf("device %d: %d lines were accepted, %d sent", d.id, got, d.count)
		}
	}
}

// A line that waits for the store while its connection drains has CloseWait; then Drain returns.
func TestDrainOfStuckStore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := startInBubble(t, Config{})
		c := s.verified(1)
		s.shelf.set(func() { s.shelf.logGate = make(chan struct{}) })
		c.send(c.log("stuck"))
		<-s.shelf.waiting
		began := time.Now()
		if err := s.Drain(context.Background()); err != nil {
			t.Error(err)
		}
		if took := time.Since(began); took != conns.CloseWait {
			t.Errorf("it took %v, want %v", took, conns.CloseWait)
		}
		c.Close()
	})
}

// When its context ends, Drain closes all that are left, and returns the cause.
func TestDrainCutShort(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := startInBubble(t, Config{DrainLeast: 1})
		for i := range 10 {
			s.verified(i)
		}
		why := errors.New("enough")
		ctx, cancel := context.WithTimeoutCause(t.Context(), 1500*time.Millisecond, why)
		defer cancel()
		began := time.Now()
		if err := s.Drain(ctx); err != why {
			t.Errorf("Drain returned %v, want %v", err, why)
		}
		if took := time.Since(began); took > 1500*time.Millisecond+conns.CloseWait {
			t.Errorf("it took %v", took)
		}
	})
}

// Serve after Drain returns at once, and accepts nothing.
func TestServeAfterDrain(t *testing.T) {
	s := start(t, Config{})
	s.Drain(t.Context())
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Serve(listener); err != nil {
		t.Error(err)
	}
	if _, err := net.Dial("tcp", listener.Addr().String()); err == nil {
		t.Error("a connection was accepted")
	}
}

// The listener breaks: Serve says so, and the connections live on.
func TestListenerBreaks(t *testing.T) {
	s := start(t, Config{})
	c := s.verified(1)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1) // the end of Serve
	go func() { served <- s.Serve(listener) }()
	waittest.Until(t, "the listener", func() bool {
		s.mu.Lock()
		defer s.mu.Unlock()
		return len(s.listeners) == 2
	})
	listener.Close()
	if err := waittest.Receive(t, "the end of Serve", served); !errors.Is(err, net.ErrClosed) {
		t.Errorf("Serve returned %v", err)
	}
	c.sync()
}
