// Package phxtest runs a Phoenix client in Go by other authors, github.com/nshafer/phx, in a
// process of its own: see phxclient. All methods are called on the test's goroutine, and fail the
// test at once if what they wait for does not come.
package phxtest

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"sync"
	"testing"

	"sneakers23/app/waittest"
)

const source = "sneakers23/web/channel/conformance/phxclient"

// Client is the client's process.
type Client struct {
	t        testing.TB
	in       io.WriteCloser
	commands *json.Encoder
	last     int // id of a join, push or leave

	ended  chan struct{} // closed after the process has ended
	errors bytes.Buffer  // what it wrote to its standard error; read after its end

	mu    sync.Mutex
	boxes map[report]chan report // by what they are reports of
}

// Channel is one that the client may join.
type Channel struct {
	Topic  string
	Params map[string]string
	Events []string // those that Event waits for
}

// Reply is the answer to a join, a push or a leave. Status is ok, error or timeout.
type Reply struct {
	Status   string
	Response any // as encoding/json decodes it
}

// command and report are those of phxclient.
type command struct {
	Do       string
	ID       int
	URL      string
	Channels []Channel
	Topic    string
	Event    string
	Payload  any
}

type report struct {
	What    string
	ID      int
	Topic   string
	Event   string
	Status  string
	Payload any
}

// Start builds the program, runs it, and ends it with the test.
func Start(t testing.TB) *Client {
	t.Helper()
	c := &Client{t: t, ended: make(chan struct{}), boxes: make(map[report]chan report)}
	cmd := exec.Command(build(t))
	cmd.Stderr = &c.errors
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	c.in, c.commands = in, json.NewEncoder(in)
	go func() { // ends with the process
		defer close(c.ended)
		c.sort(out)
		_ = cmd.Wait() // if that was too early, await says so
	}()
	t.Cleanup(func() {
		_ = cmd.Process.Kill() // it has nothing to lose
		<-c.ended
	})
	return c
}

// build compiles the program without the race detector, in a second or two, and returns its path.
func build(t testing.TB) string {
	t.Helper()
	_, here, _, _ := runtime.Caller(0)
	sources, err := filepath.Glob(filepath.Join(filepath.Dir(here), "..", "phxclient", "*.go"))
	if err != nil || len(sources) == 0 {
		t.Fatalf("found no source of phxclient: %v", err)
	}
	for _, file := range sources { // a cached test result must not outlive a change of what the child is built from
		if _, err := os.Stat(file); err != nil {
			t.Fatal(err)
		}
	}
	program := filepath.Join(t.TempDir(), "phxclient")
	cmd := exec.CommandContext(waittest.Context(t, "the build of phxclient"),
		"go", "build", "-race=false", "-buildvcs=false", "-ldflags=-s -w", "-o", program, source)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return program
}

// sort puts each report where a method waits for it.
func (c *Client) sort(out io.Reader) {
	for reports := json.NewDecoder(out); ; {
		var r report
		if reports.Decode(&r) != nil {
			return
		}
		c.box(r) <- r
	}
}

// box returns where reports of the same kind, id, topic and event wait. A command that failed has
// the box of its reply.
func (c *Client) box(r report) chan report {
	key := report{What: r.What, ID: r.ID, Topic: r.Topic, Event: r.Event}
	if r.What == "failed" && r.ID != 0 {
		key.What = "reply"
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.boxes[key] == nil {
		c.boxes[key] = make(chan report, 1000) // more than a test causes
	}
	return c.boxes[key]
}

// await waits for the next report of its kind.
func (c *Client) await(what string, kind report) report {
	c.t.Helper()
	ctx := waittest.Context(c.t, what)
	select {
	case r := <-c.box(kind):
		if r.What == "failed" {
			c.t.Fatalf("%s: %v", what, r.Payload)
		}
		return r
	case r := <-c.box(report{What: "failed"}):
		c.t.Fatalf("%s: %v", what, r.Payload)
	case <-c.ended:
		c.t.Fatalf("%s: the client's process ended: %s", what, &c.errors)
	case <-ctx.Done():
		c.t.Fatal(context.Cause(ctx))
	}
	panic("unreachable")
}

func (c *Client) sendCommand(command command) {
	c.t.Helper()
	if err := c.commands.Encode(command); err != nil {
		c.t.Fatal(err)
	}
}

// Connect connects and returns when the socket is open. All channels are named now: the client
// cannot make one later without a data race.
func (c *Client) Connect(url string, channels ...Channel) {
	c.t.Helper()
	c.sendCommand(command{Do: "connect", URL: url, Channels: channels})
	c.await("the connection", report{What: "opened"})
}

// Disconnect closes the socket and returns when the client reports that.
func (c *Client) Disconnect() {
	c.t.Helper()
	c.sendCommand(command{Do: "disconnect"})
	c.await("the end of the connection", report{What: "disconnected"})
}

// Join joins a topic.
func (c *Client) Join(topic string) Reply {
	c.t.Helper()
	return c.reply("the join of "+topic, c.send(command{Do: "join", Topic: topic}))
}

// Push pushes an event to a topic that was joined.
func (c *Client) Push(topic, event string, payload any) Reply {
	c.t.Helper()
	return c.reply(event+" on "+topic, c.send(command{Do: "push", Topic: topic, Event: event, Payload: payload}))
}

// Send pushes an event and does not wait for a reply.
func (c *Client) Send(topic, event string, payload any) {
	c.t.Helper()
	c.send(command{Do: "push", Topic: topic, Event: event, Payload: payload})
}

// Leave leaves a topic.
func (c *Client) Leave(topic string) Reply {
	c.t.Helper()
	return c.reply("the leave of "+topic, c.send(command{Do: "leave", Topic: topic}))
}

// Event waits for the next event of this name on the topic, and returns its payload.
func (c *Client) Event(topic, event string) any {
	c.t.Helper()
	return c.await(event+" on "+topic, report{What: "event", Topic: topic, Event: event}).Payload
}

// Closed waits for the close of a channel.
func (c *Client) Closed(topic string) {
	c.t.Helper()
	c.await("the close of "+topic, report{What: "closed", Topic: topic})
}

// send numbers a command that is replied to.
func (c *Client) send(command command) (id int) {
	c.t.Helper()
	c.last++
	command.ID = c.last
	c.sendCommand(command)
	return command.ID
}

func (c *Client) reply(what string, id int) Reply {
	c.t.Helper()
	r := c.await("the reply to "+what, report{What: "reply", ID: id})
	return Reply{r.Status, r.Payload}
}
