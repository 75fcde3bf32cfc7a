// Phxclient runs github.com/nshafer/phx, a Phoenix client in Go by other authors, for the tests of
// package phxtest. The client has data races of its own, which the race detector would blame on
// whatever test runs: so it gets a process that is built without the detector.
//
// Commands come as lines of JSON on the standard input, see command; reports go as such lines to
// the standard output, see report. The process ends with its input.
package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"os"
	"sync"
	"time"

	"github.com/gorilla/websocket"
	"github.com/nshafer/phx"
)

// command is what the process is asked to do.
type command struct {
	Do       string  // connect, join, push, leave or disconnect
	ID       int     // of the reply to a join, a push or a leave
	URL      string  // to connect to, without /websocket
	Channels []topic // to connect: all that will be joined
	Topic    string
	Event    string
	Payload  any
}

// topic is a channel that may be joined. The events are those to report.
type topic struct {
	Topic  string
	Params map[string]string
	Events []string
}

// report is what has happened.
type report struct {
	What    string `json:"what"` // opened, disconnected; reply, failed; event, closed
	ID      int    `json:"id"`   // of a reply, or of a command that failed
	Topic   string `json:"topic"`
	Event   string `json:"event"`
	Status  string `json:"status"` // of a reply
	Payload any    `json:"payload"`
}

// never is a timeout that no test reaches: the test decides how long it waits.
const never = 24 * time.Hour

func main() {
	c := client{reports: json.NewEncoder(os.Stdout), channels: make(map[string]*phx.Channel)}
	for commands := json.NewDecoder(os.Stdin); ; {
		var do command
		err := commands.Decode(&do)
		if err == io.EOF {
			return
		}
		if err == nil {
			err = c.obey(do)
		}
		if err != nil {
			c.report(report{What: "failed", ID: do.ID, Payload: err.Error()})
		}
	}
}

type client struct {
	socket   *phx.Socket
	channels map[string]*phx.Channel // by topic

	reporting sync.Mutex
	reports   *json.Encoder
	pushing   sync.Mutex // see heldConn
}

func (c *client) obey(do command) error {
	switch do.Do {
	case "connect":
		return c.connect(do)
	case "disconnect":
		return c.socket.Disconnect()
	}
	channel := c.channels[do.Topic]
	if channel == nil {
		return fmt.Errorf("no channel %q was made before connecting", do.Topic)
	}
	switch do.Do {
	case "join":
		return c.push(do, channel.Join)
	case "push":
		return c.push(do, func() (*phx.Push, error) { return channel.Push(do.Event, do.Payload) })
	case "leave":
		return c.push(do, channel.Leave)
	}
	return fmt.Errorf("unknown command %q", do.Do)
}

// connect makes the channels and handlers first: the client's lists of them have no lock.
func (c *client) connect(do command) error {
	endpoint, err := url.Parse(do.URL)
	if err != nil {
		return err
	}
	c.socket = phx.NewSocket(endpoint)
	c.socket.ConnectTimeout, c.socket.HeartbeatInterval = never, never
	transport := phx.NewWebsocket(c.socket)
	transport.Dialer = &websocket.Dialer{NetDial: c.dial}
	c.socket.Transport = transport
	c.socket.OnOpen(func() { c.report(report{What: "opened"}) })
	c.socket.OnClose(func() { c.report(report{What: "disconnected"}) })
	for _, t := range do.Channels {
		channel := c.socket.Channel(t.Topic, t.Params)
		channel.PushTimeout = never
		channel.OnClose(func(payload any) { c.report(report{What: "closed", Topic: t.Topic, Payload: payload}) })
		for _, event := range t.Events {
			channel.On(event, func(payload any) {
				c.report(report{What: "event", Topic: t.Topic, Event: event, Payload: payload})
			})
		}
		c.channels[t.Topic] = channel
	}
	return c.socket.Connect()
}

// push sends and reports the first reply. There are more if the client repeats a join that was
// refused.
func (c *client) push(do command, send func() (*phx.Push, error)) error {
	c.pushing.Lock()
	defer c.pushing.Unlock()
	push, err := send()
	if err != nil {
		return err
	}
	var first sync.Once
	for _, status := range []string{"ok", "error", "timeout"} {
		push.Receive(status, func(response any) {
			first.Do(func() { c.report(report{What: "reply", ID: do.ID, Status: status, Payload: response}) })
		})
	}
	return nil
}

func (c *client) report(r report) {
	c.reporting.Lock()
	defer c.reporting.Unlock()
	_ = c.reports.Encode(r) // without a reader the process is about to end
}
