package channel

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
)

// loopback returns both ends of a connection; small kernel buffers hide less.
func loopback(t testing.TB, buffer int) (server, client net.Conn) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	if client, err = net.Dial("tcp", listener.Addr().String()); err != nil {
		t.Fatal(err)
	}
	if server, err = listener.Accept(); err != nil {
		t.Fatal(err)
	}
	client.(*net.TCPConn).SetReadBuffer(buffer)
	server.(*net.TCPConn).SetWriteBuffer(buffer)
	t.Cleanup(func() { server.Close(); client.Close() })
	return server, client
}

// newOutbox returns an outbox whose owner does nothing.
func newOutbox(conn net.Conn, f *flusher, limit int) *outbox {
	o := &outbox{}
	o.init(conn, func() { conn.Close() }, f, limit, time.Minute)
	return o
}

// What waits behind the frame that is being written leaves in one write.
func TestFramesLeaveTogether(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server, client := net.Pipe()
		defer client.Close()
		o := newOutbox(server, nil, 1<<20)
		var want []byte
		for i := range 100 {
			frame := fmt.Appendf(nil, "frame %d,", i)
			o.add(frame)
			want = append(want, frame...)
			synctest.Wait()
		}
		o.finish(nil, false)
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
		o.add([]byte("being written,"))
		synctest.Wait()
		o.add([]byte("waits,"))
		if !o.finish([]byte("last"), true) || o.finish([]byte("again"), false) {
			t.Error("finish is not once")
		}
		if err := o.add([]byte("late")); err != errShut {
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

// The last frame ends the stream, and not the end of the wait for the client's answer: nothing else closes the
// connection here.
func TestLastFrameEndsTheStream(t *testing.T) {
	for _, over := range []string{"TCP", "TLS"} {
		t.Run(over, func(t *testing.T) {
			server, client := loopback(t, 64<<10)
			if over == "TLS" {
				site := httptest.NewUnstartedServer(nil)
				site.StartTLS() // for its certificate
				site.Close()
				server = tls.Server(server, site.TLS)
				client = tls.Client(client, &tls.Config{InsecureSkipVerify: true})
			}
			f := &flusher{most: 1}
			o := newOutbox(server, f, 1000)
			o.finish([]byte("last"), false)
			client.SetReadDeadline(time.Now().Add(waittest.Limit()))
			if got, err := io.ReadAll(client); string(got) != "last" || err != nil {
				t.Fatalf("read %q, %v", got, err)
			}
			<-o.done
			f.stop()
		})
	}
}

// A server that is behind is no reason to cut off a client: with no worker at all,
// add makes room by itself.
func TestAddRelieves(t *testing.T) {
	server, client := loopback(t, 64<<10)
	f := &flusher{} // no workers
	o := newOutbox(server, f, 2000)
	var reading sync.WaitGroup
	var got bytes.Buffer
	reading.Go(func() { io.Copy(&got, client) })
	var want bytes.Buffer
	for i := range 1000 {
		frame := bytes.Repeat([]byte{byte(i)}, 100)
		want.Write(frame)
		for o.add(frame) == errFull { // the kernel's buffer is small: the reader must have its turn
			if o.waiting > 2000 {
				t.Fatalf("%d bytes wait", o.waiting)
			}
		}
	}
	o.finish(nil, false)
	f.work()
	<-o.done
	server.Close()
	reading.Wait()
	if !bytes.Equal(got.Bytes(), want.Bytes()) {
		t.Errorf("got %d bytes, want the %d that were sent", got.Len(), want.Len())
	}
}

// Nobody reads: the queue gets full, add never waits, and finish ends in time.
func TestQueueGetsFull(t *testing.T) {
	server, client := loopback(t, 64<<10)
	f := &flusher{most: 1}
	o := newOutbox(server, f, 10_000)
	frame := make([]byte, 1000)
	var err error
	for n := 0; err == nil; n++ {
		if err = o.add(frame); n > 1<<20 {
			t.Fatal("the queue does not get full")
		}
	}
	if err != errFull {
		t.Fatal(err)
	}
	if o.mu.Lock(); o.waiting > 10_000 || o.waiting < 9_000 {
		t.Errorf("%d bytes wait", o.waiting)
	}
	o.mu.Unlock()
	o.finish([]byte("last"), true)
	got := make(chan []byte, 1)
	go func() {
		all, _ := io.ReadAll(client)
		got <- all
	}()
	<-o.done
	server.Close()
	f.stop()
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

// A client that goes on reading after a pause gets everything, in order: from
// ready to carried and back.
func TestClientPauses(t *testing.T) {
	server, client := loopback(t, 64<<10)
	clock := &stopwatch{Conn: server}
	f := &flusher{most: 2}
	o := newOutbox(clock, f, 4<<20)
	o.raw = rawConn(server)
	var want bytes.Buffer
	send := func(n int) {
		for i := range n {
			frame := bytes.Repeat([]byte{byte(i)}, 500+i%7)
			want.Write(frame)
			if err := o.add(frame); err != nil {
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
	o.add(frame)
	want.Write(frame)
	if _, err := io.CopyN(&got, client, int64(len(frame))); err != nil {
		t.Fatal(err)
	}
	var reading sync.WaitGroup
	reading.Go(func() { io.Copy(&got, client) })
	send(100)
	checkAtRest()
	o.finish(nil, false)
	<-o.done
	server.Close()
	reading.Wait()
	f.stop()
	if !bytes.Equal(got.Bytes(), want.Bytes()) {
		t.Errorf("got %d bytes, want the %d that were sent", got.Len(), want.Len())
	}
}

// Who waits for a client ends when it has taken its frame: what else waits is the
// flusher's, which writes many at a time.
func TestCarryingEndsWithTheFrame(t *testing.T) {
	server, client := loopback(t, 64<<10)
	f := &flusher{} // no workers
	o := newOutbox(server, f, 64<<20)
	for range 10_000 {
		o.add(make([]byte, 2000)) // far more than the kernel takes
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
	o.finish(nil, true)
	f.work()
	<-o.done
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
		}{{100, nil}, {100, nil}, {1, errFull}, {100, errFull}} {
			if err := o.add(make([]byte, test.size)); err != test.err {
				t.Errorf("frame %d: %v, want %v", i, err, test.err)
			}
			synctest.Wait()
		}
		server.Close()
	})
}

// Where a write has to wait for the client, a burst may be ahead of the one that
// writes; but only so far, and not for long.
func TestBurstOnAPipe(t *testing.T) {
	const limit = 10_000
	fill := func(o *outbox) (n int) {
		for ; o.add(make([]byte, 28)) == nil; n++ { // counts 100
		}
		return n
	}
	synctest.Test(t, func(t *testing.T) {
		server, client := net.Pipe()
		o := newOutbox(server, nil, limit)
		if n := fill(o); n < burstLimits*limit/100 || n > burstLimits*limit/100+1 {
			t.Errorf("a burst has %d frames", n)
		}
		go io.Copy(io.Discard, client)
		synctest.Wait()
		if n := fill(o); n < burstLimits*limit/100 {
			t.Errorf("the next burst of a client that reads has %d frames", n)
		}
		client.Close()
	})
	synctest.Test(t, func(t *testing.T) {
		server, client := net.Pipe()
		defer client.Close()
		o := newOutbox(server, nil, limit)
		o.add(make([]byte, 28))
		time.Sleep(burstWait - time.Millisecond)
		for range limit / 100 {
			o.add(make([]byte, 28))
		}
		if err := o.add(make([]byte, 28)); err != nil {
			t.Errorf("before a write has waited for %v: %v", burstWait, err)
		}
		time.Sleep(time.Millisecond)
		if err := o.add(make([]byte, 28)); err != errFull {
			t.Errorf("a client that has taken nothing for %v: %v", burstWait, err)
		}
	})
}

// The connection breaks while much waits.
func TestConnectionBreaks(t *testing.T) {
	server, client := loopback(t, 64<<10)
	f := &flusher{most: 2}
	o := newOutbox(server, f, 1<<20)
	for range 1000 {
		o.add(make([]byte, 500))
	}
	client.Close()
	<-o.done
	if err := o.add([]byte("late")); err != errShut {
		t.Errorf("add: %v", err)
	}
	f.stop()
}
