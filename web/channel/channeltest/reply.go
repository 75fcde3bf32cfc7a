package channeltest

import "encoding/json"

// Reply is the answer to an event, which may not have come yet.
type Reply struct {
	client *Client
	event  string
	ref    string
}

// Receive waits for the reply and returns its status, "ok" or "error", and response,
// which must be JSON.
func (r *Reply) Receive() (status string, response json.RawMessage) {
	c := r.client
	c.t.Helper()
	status, got := r.receive()
	if got.binary != nil {
		c.t.Fatalf("reply to %s on %s: got %s, want JSON", r.event, c.topic, got)
	}
	return status, got.json
}

func (r *Reply) receive() (status string, response payload) {
	c := r.client
	c.t.Helper()
	f, err := c.socket.frames.receive(r.fits)
	if err != nil {
		c.t.Fatalf("reply to %s on %s: %v", r.event, c.topic, err)
	}
	if f.payload.binary != nil {
		return f.status, f.payload
	}
	var reply struct {
		Status   string
		Response json.RawMessage
	}
	if err := json.Unmarshal(f.payload.json, &reply); err != nil {
		c.t.Fatalf("reply to %s on %s: %s: %v", r.event, c.topic, f.payload, err)
	}
	return reply.Status, payload{json: reply.Response}
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
	gotStatus, got := r.receive()
	if gotStatus != status || !same(c.t, got, response) {
		c.t.Fatalf("reply to %s on %s: got %s %s, want %s %s",
			r.event, c.topic, gotStatus, got, status, encode(c.t, response))
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
