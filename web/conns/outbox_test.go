package conns

import (
	"bytes"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http/httptest"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"sneakers23/app/waittest"
	"sneakers23/web/conns/connstest"
)

// newOutbox returns an Outbox whose owner does nothing.
func newOutbox(conn net.Conn, f *Flusher, limit int) *Outbox {
	o := &Outbox{}
	o.Init(conn, func() { conn.Close() }, f, limit, time.Minute)
	return o
}

// Frames that wait behind the one being written leave in one write.
func TestFramesLeaveTogether(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server, client := net.Pipe()
		defer client.Close()
		o := newOutbox(server, nil, 1<<20)
		var want []byte
		for i := range 100 {
			frame := fmt.Appendf(nil, "frame %d,", i)
			o.Add(frame)
			want = append(want, frame...)
			synctest.Wait()
		}
		o.Finish(nil, false)
		var got []byte
		buf := make([]byte, 1<<16)
		for _, n := range []int{8, len(want) - 8} {
			read, _ := client.Read(buf)
			if read != n {
				t.Errorf("read %d bytes, want %d", read, n)
			}
			got = append(got, buf[:read]...)
		}
		<-o.done
		if !bytes.Equal(got, want) {
			t.Errorf("got %q", got)
		}
	})
}

func TestFinishDropsWhatWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server, client := net.Pipe()
		o := newOutbox(server, nil, 1<<20)
		o.Add([]byte("being written,"))
		synctest.Wait()
		o.Add([]byte("waits,"))
		if !o.Finish([]byte("last"), true) || o.Finish([]byte("again"), false) {
			t.Error("finish is not once")
		}
		if err := o.Add([]byte("late")); err != ErrShut {
			t.Errorf("add after finish: %v", err)
		}
		go func() {
			<-o.done
			server.Close()
		}()
		if got, _ := io.ReadAll(client); string(got) != "being written,last" {
			t.Errorf("got %q", got)
		}
	})
}

// The stream ends with the last frame: nothing else closes the connection here.
func TestLastFrameEndsTheStream(t *testing.T) {
	for _, over := range []string{"TCP", "TLS"} {
		t.Run(over, func(t *testing.T) {
			server, client := connstest.Loopback(t, 64<<10)
			if over == "TLS" {
				site := httptest.NewUnstartedServer(nil)
				site.StartTLS() // for its certificate
				site.Close()
				server = tls.Server(server, site.TLS)
				client = tls.Client(client, &tls.Config{InsecureSkipVerify: true})
			}
			f := &Flusher{most: 1}
			o := newOutbox(server, f, 1000)
			o.Finish([]byte("last"), false)
			client.SetReadDeadline(time.Now().Add(waittest.Limit()))
			if got, err := io.ReadAll(client); string(got) != "last" || err != nil {
				t.Fatalf("read %q, %v", got, err)
			}
			waittest.Done(t, "the end of the outbox", o.done)
			f.Stop()
		})
	}
}

// A server that is behind its queue is no reason to cut off a peer: with no worker at all, Add
// makes room by itself.
func TestAddRelieves(t *testing.T) {
	server, client := connstest.Loopback(t, 64<<10)
	f := &Flusher{} // no workers
	o := newOutbox(server, f, 2000)
	var reading sync.WaitGroup
	var got bytes.Buffer
	reading.Go(func() { io.Copy(&got, client) })
	var want bytes.Buffer
	for i := range 1000 {
		frame := bytes.Repeat([]byte{byte(i)}, 100)
		want.Write(frame)
		for o.Add(frame) == ErrFull { // the kernel's buffer is small: the reader must have its turn
			if o.waiting > 2000 {
				t.Fatalf("%d bytes wait", o.waiting)
			}
		}
	}
	o.Finish(nil, false)
	f.work()
	waittest.Done(t, "the end of the outbox", o.done)
	server.Close()
	reading.Wait()
	if !bytes.Equal(got.Bytes(), want.Bytes()) {
		t.Errorf("got %d bytes, want the %d that were sent", got.Len(), want.Len())
	}
}

// The peer does not read: the queue gets full, Add never waits, and Finish ends in time.
func TestQueueGetsFull(t *testing.T) {
	server, client := connstest.Loopback(t, 64<<10)
	f := &Flusher{most: 1}
	o := newOutbox(server, f, 10_000)
	frame := make([]byte, 1000)
	var err error
	for n := 0; err == nil; n++ {
		if err = o.Add(frame); n > 1<<20 {
			t.Fatal("the queue does not get full")
		}
	}
	if err != ErrFull {
		t.Fatal(err)
	}
	if o.mu.Lock(); o.waiting > 10_000 || o.waiting < 9_000 {
		t.Errorf("%d bytes wait", o.waiting)
	}
	o.mu.Unlock()
	o.Finish([]byte("last"), true)
	got := make(chan []byte, 1)
	go func() {
		all, _ := io.ReadAll(client)
		got <- all
	}()
	waittest.Done(t, "the end of the outbox", o.done)
	server.Close()
	f.Stop()
	all := <-got
	if !bytes.HasSuffix(all, []byte("last")) || (len(all)-4)%1000 != 0 {
		t.Errorf("got %d bytes, want whole frames and the last one", len(all))
	}
}

// stopwatch remembers the write deadline.
type stopwatch struct {
	net.Conn
	deadline atomic.Value
}

func (s *stopwatch) SetWriteDeadline(t time.Time) error {
	s.deadline.Store(t)
	return s.Conn.SetWriteDeadline(t)
}

// A peer that goes on reading after a pause gets everything, in order: from ready to carried and
// back.
func TestClientPauses(t *testing.T) {
	server, client := connstest.Loopback(t, 64<<10)
	clock := &stopwatch{Conn: server}
	f := &Flusher{most: 2}
	o := newOutbox(clock, f, 4<<20)
	o.raw = RawConn(server) // Init has found none under the stopwatch
	var want bytes.Buffer
	send := func(n int) {
		for i := range n {
			frame := bytes.Repeat([]byte{byte(i)}, 500+i%7)
			want.Write(frame)
			if err := o.Add(frame); err != nil {
				t.Fatal(err)
			}
		}
	}
	checkAtRest := func() {
		t.Helper()
		for o.mu.Lock(); o.state != idle; o.mu.Lock() {
			o.mu.Unlock()
			runtime.Gosched()
		}
		o.mu.Unlock()
		if d := clock.deadline.Load(); d != (time.Time{}) {
			t.Error("an idle socket has a write deadline")
		}
	}
	var got bytes.Buffer
	for range 3 {
		send(1000) // far more than the kernel takes
		if _, err := io.CopyN(&got, client, 200_000); err != nil {
			t.Fatal(err)
		}
	}
	frame := make([]byte, 8<<20) // waits to the end, alone
	if _, err := io.CopyN(&got, client, int64(want.Len()-got.Len())); err != nil {
		t.Fatal(err)
	}
	checkAtRest()
	o.Add(frame)
	want.Write(frame)
	if _, err := io.CopyN(&got, client, int64(len(frame))); err != nil {
		t.Fatal(err)
	}
	var reading sync.WaitGroup
	reading.Go(func() { io.Copy(&got, client) })
	send(100)
	checkAtRest()
	o.Finish(nil, false)
	waittest.Done(t, "the end of the outbox", o.done)
	server.Close()
	reading.Wait()
	f.Stop()
	if !bytes.Equal(got.Bytes(), want.Bytes()) {
		t.Errorf("got %d bytes, want the %d that were sent", got.Len(), want.Len())
	}
}

// The goroutine that waits for a peer ends when the peer has taken its frame: what else waits is
// written by the flusher, many frames at a time.
func TestCarryingEndsWithTheFrame(t *testing.T) {
	server, client := connstest.Loopback(t, 64<<10)
	f := &Flusher{} // no workers
	o := newOutbox(server, f, 64<<20)
	for range 10_000 {
		o.Add(make([]byte, 2000)) // far more than the kernel takes
	}
	state := func() outboxState {
		o.mu.Lock()
		defer o.mu.Unlock()
		return o.state
	}
	f.work()
	if got := state(); got != carried {
		t.Fatalf("state %d while the client takes nothing, want %d", got, carried)
	}
	go io.Copy(io.Discard, client) // ends with the connection
	for state() == carried {
		runtime.Gosched()
	}
	if got := state(); got != ready {
		t.Errorf("state %d when the client has taken a frame, want %d", got, ready)
	}
	o.Finish(nil, true)
	f.work()
	waittest.Done(t, "the end of the outbox", o.done)
}

// A frame larger than the limit may wait, but nothing more with it.
func TestLargeFrameWaitsAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server, client := net.Pipe()
		defer client.Close()
		o := newOutbox(server, nil, 10)
		for i, test := range []struct {
			size int
			err  error
		}{{100, nil}, {100, nil}, {1, ErrFull}, {100, ErrFull}} {
			if err := o.Add(make([]byte, test.size)); err != test.err {
				t.Errorf("frame %d: %v, want %v", i, err, test.err)
			}
			synctest.Wait()
		}
		server.Close()
	})
}

// Where a write has to wait for the peer, a burst may be ahead of its writer; but only so far, and
// not for long.
func TestBurstOnAPipe(t *testing.T) {
	const limit = 10_000
	fill := func(o *Outbox) (n int) {
		for ; o.Add(make([]byte, 28)) == nil; n++ { // counts 100
		}
		return n
	}
	synctest.Test(t, func(t *testing.T) {
		server, client := net.Pipe()
		o := newOutbox(server, nil, limit)
		if n := fill(o); n < BurstLimits*limit/100 || n > BurstLimits*limit/100+1 {
			t.Errorf("a burst has %d frames", n)
		}
		go io.Copy(io.Discard, client)
		synctest.Wait()
		if n := fill(o); n < BurstLimits*limit/100 {
			t.Errorf("the next burst of a client that reads has %d frames", n)
		}
		client.Close()
	})
	synctest.Test(t, func(t *testing.T) {
		server, client := net.Pipe()
		defer client.Close()
		o := newOutbox(server, nil, limit)
		o.Add(make([]byte, 28))
		time.Sleep(BurstWait - time.Millisecond)
		for range limit / 100 {
			o.Add(make([]byte, 28))
		}
		if err := o.Add(make([]byte, 28)); err != nil {
			t.Errorf("before a write has waited for %v: %v", BurstWait, err)
		}
		time.Sleep(time.Millisecond)
		if err := o.Add(make([]byte, 28)); err != ErrFull {
			t.Errorf("a client that has taken nothing for %v: %v", BurstWait, err)
		}
	})
}

// The connection breaks while much waits.
func TestConnectionBreaks(t *testing.T) {
	server, client := connstest.Loopback(t, 64<<10)
	f := &Flusher{most: 2}
	o := newOutbox(server, f, 1<<20)
	for range 1000 {
		o.Add(make([]byte, 500))
	}
	client.Close()
	waittest.Done(t, "the end of the outbox", o.done)
	if err := o.Add([]byte("late")); err != ErrShut {
		t.Errorf("add: %v", err)
	}
	f.Stop()
}

// Finish returns at once also where the end of the stream must be written, and the peer does not
// read.
func TestFinishDoesNotWait(t *testing.T) {
	site := httptest.NewUnstartedServer(nil)
	site.StartTLS() // for its certificate
	site.Close()
	synctest.Test(t, func(t *testing.T) {
		near, far := net.Pipe()
		defer near.Close()
		server, client := tls.Server(far, site.TLS), tls.Client(near, &tls.Config{InsecureSkipVerify: true})
		go client.Handshake()
		if err := server.Handshake(); err != nil {
			t.Fatal(err)
		}
		o := newOutbox(server, nil, 1000)
		began := time.Now()
		o.Finish(nil, false)
		if took := time.Since(began); took > 0 {
			t.Errorf("Finish took %v", took)
		}
		<-o.done
	})
}
