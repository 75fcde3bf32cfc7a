package channel

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

func (a *attentive) receive(_ int, data []byte) error {
	a.got <- string(data)
	<-a.resume
	return nil
}

func (a *attentive) tooSlow() {}
func (a *attentive) ended()   { close(a.isEnded) }
func (a *attentive) closed()  { close(a.gone) }

// While a loop hands over a message, no other goroutine ends the wire; then its end comes, once,
// and what else has come is not handed over.
func TestPolledWireEndsAfterItsMessage(t *testing.T) {
	for name, end := range map[string]func(*wire){
		"close":  func(w *wire) { w.close(websocket.CloseGoingAway, "", false) },
		"broken": func(w *wire) { w.broken() },
	} {
		t.Run(name, func(t *testing.T) {
			w, a, client := newPolledWire(t)
			all := loops{wanted: true, silent: time.Minute, log: slog.New(slog.DiscardHandler)}
			if !all.add(w) {
				t.Fatal("the wire is parked")
			}
			client.Write(clientSends(fin|websocket.TextMessage, "first"))
			if got := <-a.got; got != "first" {
				t.Fatalf("got %q", got)
			}
			client.Write(clientSends(fin|websocket.TextMessage, "second"))
			end(w)
			end(w)
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
			case <-waittest.Context(t, "the end of the wire").Done():
				t.Error("the wire does not end")
			}
			all.stop()
		})
	}
}

// newPolledWire returns a wire for a loop, and the client's end.
func newPolledWire(t *testing.T) (w *wire, a *attentive, client net.Conn) {
	t.Helper()
	server, client := connstest.Loopback(t, 64<<10)
	a = &attentive{
		got: make(chan string), resume: make(chan struct{}), isEnded: make(chan struct{}), gone: make(chan struct{}),
	}
	w = &wire{}
	w.init(server, a, time.Minute, 1000)
	flusher := conns.NewFlusher(1)
	t.Cleanup(flusher.Stop)
	w.out.Init(server, w.broken, flusher, 1000, time.Minute)
	return w, a, client
}

// A message or a ping is a sign of life, a part of a message is not. A loop closes the wires whose
// last sign is a timeout ago, and no others.
func TestPolledLife(t *testing.T) {
	l, err := newLoop(time.Hour) // it does not look for silent clients by itself
	if err != nil {
		t.Fatal(err)
	}
	defer l.stop()
	silent, _, _ := newPolledWire(t)
	if !l.add(silent) {
		t.Fatal("the wire is parked")
	}
	dripping, dripped := pollWireThatSends(t, l, clientSends(fin|websocket.TextMessage, "hello")[:4])
	pinging, pinged := pollWireThatSends(t, l, clientSends(fin|websocket.PingMessage, ""))
	if dripped {
		t.Error("a part of a message is a sign of life")
	}
	if !pinged {
		t.Error("a ping is no sign of life")
	}
	closed := func(w *wire) bool { w.mu.Lock(); defer w.mu.Unlock(); return w.closing }
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

// pollWireThatSends returns a wire whose client has sent something that the loop has handled, and
// whether the wire took it for a sign of life.
func pollWireThatSends(t *testing.T, l *loop, what []byte) (w *wire, life bool) {
	t.Helper()
	w, _, client := newPolledWire(t)
	if !l.add(w) {
		t.Fatal("the wire is parked")
	}
	added := w.heard
	client.Write(what)
	waittest.Until(t, "the loop's handling of what was sent", func() bool {
		w.mu.Lock()
		defer w.mu.Unlock()
		return !w.busy && (w.heard != added || len(w.in.rest) > 0)
	})
	return w, w.heard != added
}

// A wire that leaves late takes nothing of the one that has its descriptor now; one
// that leaves in time is not asked about any more.
func TestLoopRemovesOnlyItsOwn(t *testing.T) {
	l, err := newLoop(time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	defer l.stop()
	w, _, _ := newPolledWire(t)
	if !l.add(w) {
		t.Fatal("the wire is parked")
	}
	late := &wire{fd: w.fd}
	l.remove(late)
	event := unix.EpollEvent{Fd: w.fd}
	if l.find(w.fd) != w || unix.EpollCtl(l.fd, unix.EPOLL_CTL_MOD, int(w.fd), &event) != nil {
		t.Error("a wire was removed for another")
	}
	l.remove(w)
	if l.find(w.fd) != nil || unix.EpollCtl(l.fd, unix.EPOLL_CTL_MOD, int(w.fd), &event) != unix.ENOENT {
		t.Error("the wire is still watched")
	}
}

// Drain may close a wire before its loop has it.
func TestLoopTakesNoClosedWire(t *testing.T) {
	all := loops{wanted: true, silent: time.Minute, log: slog.New(slog.DiscardHandler)}
	defer all.stop()
	w, a, client := newPolledWire(t)
	w.close(websocket.CloseServiceRestart, "", false)
	if all.add(w) {
		t.Fatal("the loop took it")
	}
	client.Close()
	w.run()
	<-a.gone
}
