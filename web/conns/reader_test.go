package conns

import (
	"errors"
	"io"
	"net"
	"os"
	"sync/atomic"
	"testing"
	"time"

	"sneakers23/app/waittest"
	"sneakers23/web/conns/connstest"
)

// A reader that waits holds no buffer, and what it returns is what the peer has sent.
func TestReaderHoldsNoBuffer(t *testing.T) {
	server, client := connstest.Loopback(t, 64<<10)
	r := NewReader(server, RawConn(server))
	var held atomic.Bool              // a buffer, while it waited
	waiting := make(chan struct{}, 1) // one is enough: the next read may find that it waits again
	once := r.bare.once
	r.bare.once = func(fd uintptr) bool {
		done := once(fd)
		if !done {
			held.Store(held.Load() || r.bare.buf != nil)
			select {
			case waiting <- struct{}{}:
			default:
			}
		}
		return done
	}
	got := make(chan string, 2) // both messages
	end := make(chan error, 1)
	go func() { // ends with the connection
		for {
			data, err := r.Read()
			if err == nil {
				got <- string(data)
			}
			r.Release()
			if err != nil {
				end <- err
				return
			}
		}
	}()
	for _, want := range []string{"one", "two"} {
		waittest.Receive(t, "the reader, which waits", waiting)
		io.WriteString(client, want)
		if data := waittest.Receive(t, "a message", got); data != want {
			t.Errorf("read %q, want %q", data, want)
		}
	}
	client.Close()
	if err := waittest.Receive(t, "the end", end); err != io.EOF {
		t.Errorf("the end is %v, want EOF", err)
	}
	if held.Load() || r.bare.buf != nil {
		t.Errorf("a buffer is held while it waits: %v, at the end: %v", held.Load(), r.bare.buf != nil)
	}
}

// The read deadline interrupts a read, over a bare connection and over a pipe.
func TestReaderDeadline(t *testing.T) {
	bare, _ := connstest.Loopback(t, 64<<10)
	pipe, other := net.Pipe()
	defer other.Close()
	for name, conn := range map[string]net.Conn{"TCP": bare, "pipe": pipe} {
		r := NewReader(conn, RawConn(conn))
		conn.SetReadDeadline(time.Now().Add(-time.Second))
		if _, err := r.Read(); !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("%s: %v, want the deadline", name, err)
		}
		r.Release()
	}
}

// TryRead never waits: it returns what has come, nothing, or the end.
func TestTryRead(t *testing.T) {
	server, client := connstest.Loopback(t, 64<<10)
	r := NewReader(server, RawConn(server))
	try := func() (text string, err error) {
		data, err := r.TryRead()
		text = string(data)
		r.Release()
		return text, err
	}
	if got, err := try(); got != "" || err != nil {
		t.Errorf("before anything came: %q, %v", got, err)
	}
	io.WriteString(client, "one")
	data, err := r.Read() // waits, though the last read did not
	if string(data) != "one" || err != nil {
		t.Errorf("read %q, %v", data, err)
	}
	r.Release()
	if got, err := try(); got != "" || err != nil {
		t.Errorf("when all was read: %q, %v", got, err)
	}
	client.Close()
	waittest.Until(t, "the end", func() bool { _, err := try(); return err == io.EOF })
	near, far := net.Pipe()
	defer near.Close()
	defer far.Close()
	if NewReader(near, RawConn(near)).CanTry() || !r.CanTry() {
		t.Error("it can try on a pipe, or can't on TCP")
	}
}
