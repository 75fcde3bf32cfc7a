package ws

import (
	"log/slog"
	"net"
	"runtime"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"golang.org/x/sys/unix"

	"sneakers23/app/waittest"
	"sneakers23/web/conns"
	"sneakers23/web/conns/connstest"
)

// attentive is an owner that tells what happens to it.
type attentive struct {
	got     chan string   // each message; no buffer: receive waits until it was taken
	resume  chan struct{} // lets receive return
	isEnded chan struct{} // closed by ended
	gone    chan struct{} // closed by closed
}

func (a *attentive) Receive(_ int, data []byte) error {
	a.got <- string(data)
	<-a.resume
	return nil
}

func (a *attentive) TooSlow() {}
func (a *attentive) Ended()   { close(a.isEnded) }
func (a *attentive) Closed()  { close(a.gone) }

// While a loop hands over a message, no other goroutine ends the connection; then its end comes,
// once, and what else has come is not handed over.
func TestPolledConnEndsAfterItsMessage(t *testing.T) {
	for name, end := range map[string]func(*Conn){
		"close":  func(c *Conn) { c.Close(websocket.CloseGoingAway, "", false) },
		"broken": func(c *Conn) { c.broken() },
	} {
		t.Run(name, func(t *testing.T) {
			c, a, client := newPolledConn(t)
			all := NewLoops(time.Minute, slog.New(slog.DiscardHandler))
			if !all.Add(c) {
				t.Fatal("the connection is parked")
			}
			client.Write(clientSends(fin|websocket.TextMessage, "first"))
			if got := <-a.got; got != "first" {
				t.Fatalf("got %q", got)
			}
			client.Write(clientSends(fin|websocket.TextMessage, "second"))
			end(c)
			end(c)
			for range 1000 { // who would end it now has every opportunity
				runtime.Gosched()
			}
			select {
			case <-a.isEnded:
				t.Error("ended while it receives")
			default:
			}
			close(a.resume)
			client.Close()
			select {
			case got := <-a.got:
				t.Errorf("got %q after the end", got)
			case <-a.gone:
			case <-waittest.Context(t, "the end of the connection").Done():
				t.Error("the connection does not end")
			}
			all.Stop()
		})
	}
}

// newPolledConn returns a connection for a loop, and the client's end.
func newPolledConn(t *testing.T) (c *Conn, a *attentive, client net.Conn) {
	t.Helper()
	server, client := connstest.Loopback(t, 64<<10)
	a = &attentive{
		got: make(chan string), resume: make(chan struct{}), isEnded: make(chan struct{}), gone: make(chan struct{}),
	}
	c = &Conn{}
	flusher := conns.NewFlusher(1)
	t.Cleanup(flusher.Stop)
	c.Init(server, a, flusher, Limits{Silent: time.Minute, Message: 1000, Queue: 1000, Write: time.Minute})
	return c, a, client
}

// A message or a ping is a sign of life, a part of a message is not. A loop closes the connections
// whose last sign is a timeout ago, and no others.
func TestPolledLife(t *testing.T) {
	l, err := newLoop(time.Hour) // it does not look for silent clients by itself
	if err != nil {
		t.Fatal(err)
	}
	defer l.stop()
	silent, _, _ := newPolledConn(t)
	if !l.add(silent) {
		t.Fatal("the connection is parked")
	}
	dripping, dripped := pollConnThatSends(t, l, clientSends(fin|websocket.TextMessage, "hello")[:4])
	pinging, pinged := pollConnThatSends(t, l, clientSends(fin|websocket.PingMessage, ""))
	if dripped {
		t.Error("a part of a message is a sign of life")
	}
	if !pinged {
		t.Error("a ping is no sign of life")
	}
	closed := func(c *Conn) bool { c.mu.Lock(); defer c.mu.Unlock(); return c.closing }
	silentSince := silent.heard.Add(silent.silent)
	l.closeSilent(silentSince.Add(-1))
	if closed(silent) {
		t.Error("closed before its time")
	}
	l.closeSilent(silentSince)
	if !closed(silent) || closed(dripping) || closed(pinging) {
		t.Errorf("closed: silent %v, dripping %v, pinging %v", closed(silent), closed(dripping), closed(pinging))
	}
}

// pollConnThatSends returns a connection whose client has sent something that the loop has handled,
// and whether the connection took it for a sign of life.
func pollConnThatSends(t *testing.T, l *loop, what []byte) (c *Conn, life bool) {
	t.Helper()
	c, _, client := newPolledConn(t)
	if !l.add(c) {
		t.Fatal("the connection is parked")
	}
	added := c.heard
	client.Write(what)
	waittest.Until(t, "the loop's handling of what was sent", func() bool {
		c.mu.Lock()
		defer c.mu.Unlock()
		return !c.busy && (c.heard != added || len(c.in.rest) > 0)
	})
	return c, c.heard != added
}

// A connection that leaves late takes nothing of the one that has its descriptor now; one
// that leaves in time is not asked about any more.
func TestLoopRemovesOnlyItsOwn(t *testing.T) {
	l, err := newLoop(time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	defer l.stop()
	c, _, _ := newPolledConn(t)
	if !l.add(c) {
		t.Fatal("the connection is parked")
	}
	late := &Conn{fd: c.fd}
	l.remove(late)
	event := unix.EpollEvent{Fd: c.fd}
	if l.find(c.fd) != c || unix.EpollCtl(l.fd, unix.EPOLL_CTL_MOD, int(c.fd), &event) != nil {
		t.Error("a connection was removed for another")
	}
	l.remove(c)
	if l.find(c.fd) != nil || unix.EpollCtl(l.fd, unix.EPOLL_CTL_MOD, int(c.fd), &event) != unix.ENOENT {
		t.Error("the connection is still watched")
	}
}

// Drain may close a connection before its loop has it.
func TestLoopTakesNoClosedConn(t *testing.T) {
	all := NewLoops(time.Minute, slog.New(slog.DiscardHandler))
	defer all.Stop()
	c, a, client := newPolledConn(t)
	c.Close(websocket.CloseServiceRestart, "", false)
	if all.Add(c) {
		t.Fatal("the loop took it")
	}
	client.Close()
	c.Run()
	<-a.gone
}
