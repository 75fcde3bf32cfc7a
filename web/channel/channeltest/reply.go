package channeltest

import (
	"bytes"
	"encoding/json"
	"reflect"
	"testing"

	"sneakers23/web/channel"
)

// Reply is the answer to an event, which may not have come yet.
type Reply struct {
	client *Client
	event  string
	ref    string
}

// Receive waits for the reply and returns its status, "ok" or "error", and response.
func (r *Reply) Receive() (status string, response json.RawMessage) {
	c := r.client
	c.t.Helper()
	f, err := c.socket.frames.take(r.fits)
	if err != nil {
		c.t.Fatalf("reply to %s on %s: %v", r.event, c.topic, err)
	}
	var reply struct {
		Status   string
		Response json.RawMessage
	}
	if err := json.Unmarshal(f.payload, &reply); err != nil {
		c.t.Fatalf("reply to %s on %s: %s: %v", r.event, c.topic, f.payload, err)
	}
	return reply.Status, reply.Response
}

// AssertOK fails the test unless the status is ok and the response this one.
func (r *Reply) AssertOK(response any) {
	r.client.t.Helper()
	r.assert("ok", response)
}

// AssertError fails the test unless the status is error and the response this one.
func (r *Reply) AssertError(response any) {
	r.client.t.Helper()
	r.assert("error", response)
}

func (r *Reply) assert(status string, response any) {
	c := r.client
	c.t.Helper()
	gotStatus, got := r.Receive()
	if gotStatus != status || !same(c.t, got, response) {
		c.t.Fatalf("reply to %s on %s: got %s %s, want %s %s", r.event, c.topic, gotStatus, got, status, encode(c.t, response))
	}
}

// Refute fails the test if there is a reply once the channel has handled what waits
// for it.
func (r *Reply) Refute() {
	c := r.client
	c.t.Helper()
	c.Settle()
	if f, ok := c.socket.frames.find(r.fits); ok {
		c.t.Fatalf("reply to %s on %s: got %s, want none", r.event, c.topic, f.payload)
	}
}

func (r *Reply) fits(f frame) bool {
	return f.event == "phx_reply" && f.topic == r.client.topic && f.ref == r.ref
}

// encode encodes a payload as channels do.
func encode(t testing.TB, v any) json.RawMessage {
	t.Helper()
	if v == nil {
		return channel.OK
	}
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// same compares as JSON.
func same(t testing.TB, got json.RawMessage, want any) bool {
	t.Helper()
	return reflect.DeepEqual(decode(t, got), decode(t, encode(t, want)))
}

func decode(t testing.TB, b json.RawMessage) (v any) {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber()
	if err := d.Decode(&v); err != nil {
		t.Fatalf("%s: %v", b, err)
	}
	return v
}
