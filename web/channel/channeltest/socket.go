package channeltest

import (
	"errors"
	"fmt"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/gorilla/websocket"
)

var errNothing = errors.New("nothing came")

// Socket is a client's socket.
type Socket struct {
	server *Server
	t      testing.TB
	ws     *websocket.Conn
	frames *inbox[frame]
	read   chan struct{} // closed when the reader has ended

	mu   sync.Mutex // held while writing
	refs int
}

// receive takes in what the server sends, at once: it is never the client that makes
// the server wait.
func (k *Socket) receive() {
	defer close(k.read)
	for {
		opcode, data, err := k.ws.ReadMessage()
		if err != nil {
			k.frames.end(err)
			return
		}
		f, err := parseFrame(opcode, data)
		if err != nil {
			k.frames.end(fmt.Errorf("the server sent %q: %w", data, err))
			return
		}
		k.frames.put(f)
	}
}

// send sends a message and returns its ref. A join is its own joinRef.
func (k *Socket) send(joinRef, topic, event string, payload any) (ref string) {
	k.t.Helper()
	encoded := encode(k.t, payload)
	if encoded.binary != nil && max(len(topic), len(event)) > 255 {
		k.t.Fatalf("%s on %s: too long beside bytes", event, topic)
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.refs++
	ref = strconv.Itoa(k.refs)
	if joinRef == "" {
		joinRef = ref
	}
	// An error is one of the connection, and the reader will say more of it.
	if encoded.binary != nil {
		k.ws.WriteMessage(websocket.BinaryMessage, binaryPush(joinRef, ref, topic, event, encoded.binary))
	} else {
		k.ws.WriteJSON([]any{joinRef, ref, topic, event, encoded.json})
	}
	return ref
}

// Join joins a topic, or fails the test.
func (k *Socket) Join(topic string, params any) *Client {
	k.t.Helper()
	c := &Client{socket: k, t: k.t, topic: topic, broadcasts: newInbox[broadcast]()}
	sub := k.server.PubSub.Subscribe(topic, (*recorder)(c))
	k.t.Cleanup(sub.Unsubscribe)
	join := c.push("phx_join", params)
	status, response := join.receive()
	if status != "ok" {
		k.t.Fatalf("join %s: %s %s", topic, status, response)
	}
	c.Joined = response.json
	return c
}

// AssertRefused fails the test unless joining the topic is answered with the status
// error and the response.
func (k *Socket) AssertRefused(topic string, params, response any) {
	k.t.Helper()
	c := &Client{socket: k, t: k.t, topic: topic}
	c.push("phx_join", params).AssertError(response)
}

// AssertClosed fails the test unless the server closes the socket with the code.
func (k *Socket) AssertClosed(code int) {
	k.t.Helper()
	_, err := k.frames.receive(func(frame) bool { return false })
	closed, ok := errors.AsType[*websocket.CloseError](err)
	if !ok || closed.Code != code {
		k.t.Fatalf("the socket: %v, want close %d", err, code)
	}
}

// Close leaves without a word, as clients do that lose their connection.
func (k *Socket) Close() {
	k.ws.SetWriteDeadline(time.Unix(1, 0))
	k.ws.Close()
	<-k.read
}
