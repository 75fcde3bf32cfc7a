package device

import (
	"bufio"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

const testKey = "0123456789ab"

// bubble is a client in a synctest bubble, whose connections are pipes to the test.
type bubble struct {
	*Client
	t     *testing.T
	conns chan net.Conn // the server's ends; 100: dialing never waits for the test
	dials []time.Time   // appended to by Run's goroutine; read while the bubble is at rest
	down  atomic.Bool   // dialing fails
	errs  []error       // given to OnError; read while the bubble is at rest

	stop  context.CancelCauseFunc
	ended chan error // of Run
}

var errTestEnd = errors.New("the test is over")

// inBubble runs a test in a bubble.
func inBubble(t *testing.T, cfg Config, test func(t *testing.T, b *bubble)) {
	t.Helper()
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := &bubble{t: t, conns: make(chan net.Conn, 100)}
		cfg.Addresses, cfg.Key = []string{"gateway:6667"}, testKey
		cfg.Dial = b.dial
		cfg.OnError = func(err error) { b.errs = append(b.errs, err) }
		var err error
		if b.Client, err = New(cfg); err != nil {
			t.Fatal(err)
		}
		test(t, b)
		if b.stop != nil {
			b.end()
		}
	})
}

func (b *bubble) dial(ctx context.Context, _ string) (net.Conn, error) {
	b.dials = append(b.dials, time.Now())
	if b.down.Load() {
		return nil, errors.New("no route to host")
	}
	ours, theirs := net.Pipe()
	b.conns <- theirs
	return ours, ctx.Err()
}

// run starts Run.
func (b *bubble) run() {
	ctx, stop := context.WithCancelCause(b.t.Context())
	b.stop, b.ended = stop, make(chan error, 1)
	go func() { b.ended <- b.Run(ctx) }()
}

// end stops Run and waits for it.
func (b *bubble) end() {
	b.t.Helper()
	b.stop(errTestEnd)
	if err := <-b.ended; !errors.Is(err, errTestEnd) {
		b.t.Errorf("Run returned %v, want the cause", err)
	}
	b.stop = nil
}

// accept returns the server's end of the next connection.
func (b *bubble) accept() *server {
	conn := <-b.conns
	return &server{b.t, conn, bufio.NewReader(conn)}
}

// verified accepts the next connection and its key.
func (b *bubble) verified() *server {
	b.t.Helper()
	s := b.accept()
	s.verify()
	return s
}

// server is the far end of a connection, played by the test.
type server struct {
	t    *testing.T
	conn net.Conn
	r    *bufio.Reader
}

// line reads the next line, without its end.
func (s *server) line() string {
	s.t.Helper()
	line, err := s.r.ReadString('\n')
	if err != nil {
		s.t.Fatalf("read a line of the client: %v", err)
	}
	return strings.TrimSuffix(line, "\n")
}

func (s *server) send(text string) {
	s.t.Helper()
	if _, err := s.conn.Write([]byte(text)); err != nil {
		s.t.Fatalf("write to the client: %v", err)
	}
}

// verify reads a question and answers it.
func (s *server) verify() {
	s.t.Helper()
	if got := s.line(); got != "v:"+testKey {
		s.t.Fatalf("got %q, want a v: line", decoded(got))
	}
	s.send("OK\n")
}

// array reads a line of a kind, and decodes its array.
func (s *server) array(kind string) (elements []map[string]any) {
	s.t.Helper()
	line := s.line()
	encoded, ok := strings.CutPrefix(line, kind+":"+testKey+":")
	text, err := base64.StdEncoding.DecodeString(encoded)
	if !ok || err != nil || json.Unmarshal(text, &elements) != nil {
		s.t.Fatalf("got %q, want a line of kind %s", decoded(line), kind)
	}
	return elements
}

// messages reads an l: line and returns its messages.
func (s *server) messages() (all string) {
	s.t.Helper()
	for i, r := range s.array("l") {
		if i > 0 {
			all += ","
		}
		all += r["message"].(string)
	}
	return all
}

// want sends variables as an admin's change.
func (s *server) want(variables ...Variable) {
	s.t.Helper()
	var texts []string
	for _, v := range variables {
		texts = append(texts, string(v.encode()))
	}
	s.send("v:" + testKey + ":" + base64.StdEncoding.EncodeToString([]byte("["+strings.Join(texts, ",")+"]")) + "\r\n")
}

// values reads an i: line, and writes it as name=value.
func (s *server) values() string {
	s.t.Helper()
	var all []string
	for _, v := range s.array("i") {
		text, _ := json.Marshal(v["value"])
		all = append(all, v["name"].(string)+"="+string(text))
	}
	return strings.Join(all, " ")
}

// decoded is a line for a message of a test.
func decoded(line string) string {
	i := strings.LastIndexByte(line, ':')
	if text, err := base64.StdEncoding.DecodeString(line[i+1:]); err == nil {
		return line[:i+1] + string(text)
	}
	return line
}

// log logs messages without further facts.
func (b *bubble) log(messages ...string) {
	b.t.Helper()
	for _, m := range messages {
		if err := b.Log(Record{Message: m}); err != nil {
			b.t.Fatal(err)
		}
	}
}

func (b *bubble) set(variables ...Variable) {
	b.t.Helper()
	if err := b.Set(variables...); err != nil {
		b.t.Fatal(err)
	}
}
