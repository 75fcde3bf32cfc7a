package conns_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"time"

	"sneakers23/web/conns"
)

// echo is a server that sends back what it receives.
type echo struct {
	flusher *conns.Flusher
	clients *conns.Drainer[*client]
}

// client is one connection of an echo.
type client struct {
	server *echo
	conn   net.Conn
	out    conns.Outbox
}

// serve is the life of a connection. It runs in a goroutine of its own.
func (c *client) serve() {
	defer c.server.clients.Forget(c) // Drainer.Wait waits for it
	r := conns.NewReader(c.conn, c.out.Raw())
	for {
		data, err := r.Read() // waits without a buffer
		if err == nil {
			err = c.out.Add(bytes.Clone(data)) // never waits: a client that does not read gets ErrFull
		}
		r.Release()
		if err != nil {
			break
		}
	}
	c.out.Finish(nil, true)
	<-c.out.Done()
	c.conn.Close()
}

// Restart is called when the server stops: the client reads a last line, and then the end.
func (c *client) Restart() bool {
	first := c.out.Finish([]byte("goodbye"), false) // the first Finish counts, so it comes before serve's
	c.conn.SetReadDeadline(time.Unix(1, 0))         // interrupts Read
	return first
}

func Example() {
	server := &echo{
		flusher: conns.NewFlusher(2),
		clients: conns.NewDrainer[*client](conns.DrainerConfig{
			What: "clients", Log: slog.New(slog.DiscardHandler), Share: 0.05, Least: 50,
		}),
	}
	near, far := net.Pipe()
	c := &client{server: server, conn: far}
	c.out.Init(far, func() { far.Close() }, server.flusher, 64<<10, 10*time.Second)
	if server.clients.Admit(c) { // else the server stops
		go c.serve()
	}

	io.WriteString(near, "hello ")
	received := make([]byte, len("hello "))
	io.ReadFull(near, received)

	go server.clients.Drain(context.Background()) // in slices; ends before Wait returns
	last, _ := io.ReadAll(near)
	server.clients.Wait()
	server.flusher.Stop()
	fmt.Println(string(received) + string(last))
	// Output: hello goodbye
}
