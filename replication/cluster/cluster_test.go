package cluster_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"

	"sneakers23/app/waittest"
	"sneakers23/replication/cluster"
)

const (
	clusterSecret = "the secret that lets nodes in"
	shopSecret    = "the secret that signs the tokens"
)

// member is a node of a cluster, and what it logs.
type member struct {
	*cluster.Node
	log  *logBuffer
	stop func()
}

type logBuffer struct {
	mu sync.Mutex
	b  strings.Builder
}

func (l *logBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *logBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// newMember makes a node that calls others, sets it up and serves it. It has not joined yet.
func newMember(t *testing.T, name string, join []string, set func(*cluster.Config), up func(*cluster.Node)) member {
	t.Helper()
	m := member{log: new(logBuffer)}
	cfg := cluster.Config{
		DataDir: t.TempDir(), Name: name, HTTP: "http://" + name, Listen: "127.0.0.1:0", Join: join,
		Secret:   clusterSecret,
		Identity: cluster.Identity{Schema: 3, Oldest: 3, Secrets: []string{shopSecret}},
		Log:      slog.New(slog.NewTextHandler(m.log, nil)),
	}
	if set != nil {
		set(&cfg)
	}
	var err error
	if m.Node, err = cluster.Start(cfg); err != nil {
		t.Fatal(err)
	}
	if up != nil {
		up(m.Node)
	}
	ctx, cancel := context.WithCancel(context.Background())
	served := make(chan struct{})
	go func() {
		defer close(served)
		_ = m.Serve(ctx)
	}()
	m.stop = sync.OnceFunc(func() {
		stopCtx, stopCancel := context.WithTimeout(context.Background(), waittest.Limit())
		defer stopCancel()
		if err := m.Stop(stopCtx); err != nil {
			t.Errorf("stop %s: %v", name, err)
		}
		cancel()
		<-served
	})
	t.Cleanup(func() {
		m.stop()
		if t.Failed() {
			t.Logf("log of %s:\n%s", name, m.log)
		}
	})
	return m
}

// join makes a member that must be let in.
func join(t *testing.T, name string, seeds []string, set func(*cluster.Config), up func(*cluster.Node)) member {
	t.Helper()
	m := newMember(t, name, seeds, set, up)
	if err := m.Join(t.Context()); err != nil {
		t.Fatalf("join %s: %v", name, err)
	}
	return m
}

// sees tells which others a node sees.
func (m member) sees() string {
	var names []string
	for _, p := range m.Peers() {
		names = append(names, p.Name)
	}
	return strings.Join(names, " ")
}

// inbox keeps what a stream brings.
type inbox struct {
	mu  sync.Mutex
	got map[string][]string // by sender
}

func (b *inbox) receive(from cluster.Peer, data []byte) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.got == nil {
		b.got = make(map[string][]string)
	}
	b.got[from.Name] = append(b.got[from.Name], string(data))
}

func (b *inbox) of(name string) []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.got[name])
}

// missed stands in an inbox where its node was told that something may have been missed.
const missed = "missed"

// TestThreeNodes joins two nodes to a first one: all see each other, and what each says comes to
// the others once and in order. NATS cuts a line on which nothing came for two seconds, as on a
// machine that is busy with other things. So messages may be lost, if that is told before the next
// one.
func TestThreeNodes(t *testing.T) {
	t.Parallel()
	const messages = 2000
	var (
		names   = []string{"a", "b", "c"}
		members []member
		streams []*cluster.Stream
		boxes   [3]inbox
		seeds   []string
	)
	for i, name := range names {
		m := join(t, name, seeds, nil, func(n *cluster.Node) {
			streams = append(streams, n.Stream("words", boxes[i].receive))
			n.OnResync(func(from cluster.Peer) { boxes[i].receive(from, []byte(missed)) })
		})
		members = append(members, m)
		seeds = []string{members[0].Routes()}
	}
	for i, want := range []string{"b c", "a c", "a b"} {
		waittest.Until(t, "node sees "+want, func() bool { return members[i].sees() == want })
	}
	var sent [3]int
	send := func(i int) {
		if err := streams[i].Send(fmt.Append(nil, sent[i])); err != nil {
			t.Error(err)
		}
		sent[i]++
	}
	var wg sync.WaitGroup
	for i := range streams {
		wg.Go(func() {
			for range messages {
				send(i)
			}
		})
	}
	wg.Wait()
	waittest.Until(t, "all hear the last message of all, or a later one", func() bool {
		all := true
		for i := range boxes {
			for j, name := range names {
				if i != j && boxes[i].last(name) < messages-1 {
					all = false
				}
			}
		}
		if !all {
			for i := range streams {
				send(i)
			}
		}
		return all
	})
	for i := range boxes {
		for j, name := range names {
			if i != j {
				boxes[i].check(t, name)
			}
		}
	}
	members[1].stop()
	waittest.Until(t, "goodbye is heard", func() bool { return members[0].sees() == "c" && members[2].sees() == "a" })
}

// last is the number of the newest message of a sender, -1 if there is none.
func (b *inbox) last(name string) int {
	for _, text := range slices.Backward(b.of(name)) {
		if n, err := strconv.Atoi(text); err == nil {
			return n
		}
	}
	return -1
}

// check compares what came with the promises: in order, none twice, and none left out unless that
// was told.
func (b *inbox) check(t *testing.T, name string) {
	t.Helper()
	next, told, lost := 0, false, 0
	for i, text := range b.of(name) {
		if text == missed {
			told = true
			continue
		}
		n, err := strconv.Atoi(text)
		if err != nil || n < next || n > next && !told {
			t.Fatalf("message %d of %s is %s, want %d", i, name, text, next)
		}
		lost += n - next
		next, told = n+1, false
	}
	t.Logf("of the messages of %s %d were lost, and that was told", name, lost)
}

func TestQuestions(t *testing.T) {
	t.Parallel()
	echo := func(name string) func(*cluster.Node) {
		return func(n *cluster.Node) {
			n.Handle("echo", func(_ context.Context, q []byte) ([]byte, error) {
				if string(q) == "panic" {
					panic("asked to")
				}
				if string(q) == "fail" {
					return nil, errors.New("on purpose")
				}
				return append([]byte(name+" "), q...), nil
			})
		}
	}
	a := join(t, "a", nil, nil, echo("a"))
	b := join(t, "b", []string{a.Routes()}, nil, echo("b"))
	waittest.Until(t, "a sees b", func() bool { return a.sees() == "b" })
	if got, err := a.Ask(t.Context(), "b", "echo", []byte("hi")); err != nil || string(got) != "b hi" {
		t.Errorf("got %q, %v", got, err)
	}
	for _, q := range []string{"fail", "panic"} {
		if _, err := b.Ask(t.Context(), "a", "echo", []byte(q)); err == nil || errors.Is(err, cluster.ErrAbsent) {
			t.Errorf("%s: got %v, want the other node's error", q, err)
		}
	}
	for node, question := range map[string]string{"nobody": "echo", "b": "unheard-of"} {
		if _, err := a.Ask(t.Context(), node, question, nil); err == nil {
			t.Errorf("asked %s %s and got an answer", node, question)
		}
	}
	if all := a.AskAll(t.Context(), "echo", []byte("all")); len(all) != 1 || string(all[0].Data) != "b all" {
		t.Errorf("all say %+v", all)
	}
	b.stop()
	if _, err := a.Ask(t.Context(), "b", "echo", nil); !errors.Is(err, cluster.ErrAbsent) {
		t.Errorf("asked one that has stopped: %v, want ErrAbsent", err)
	}
}

// TestRefused keeps out who does not go with those that are here. Both sides say why.
func TestRefused(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		name string
		set  func(*cluster.Config)
		want error
		says string // in the log of the node that is here
	}{
		"cluster secret": {"b", func(c *cluster.Config) { c.Secret = "guessed" }, cluster.ErrRefused, "cluster-secret"},
		"secret": {
			"b", func(c *cluster.Config) { c.Identity.Secrets = []string{"x"} }, cluster.ErrSecret, "--secret",
		},
		"schema": {
			"b", func(c *cluster.Config) { c.Identity.Schema, c.Identity.Oldest = 9, 4 }, cluster.ErrSchema, "version",
		},
		"name": {"a", nil, cluster.ErrNameTaken, "same name"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var came inbox
			a := join(t, "a", nil, nil, func(n *cluster.Node) { n.Stream("words", came.receive) })
			var words *cluster.Stream
			b := newMember(t, tt.name, []string{a.Routes()}, tt.set, func(n *cluster.Node) {
				words = n.Stream("words", came.receive)
			})
			if err := b.Join(t.Context()); !errors.Is(err, tt.want) {
				t.Errorf("got %v, want %v", err, tt.want)
			}
			waittest.Until(t, "the other side says so", func() bool {
				return strings.Contains(a.log.String(), "refused a node") && strings.Contains(a.log.String(), tt.says)
			})
			if err := words.Send([]byte("in secret")); err != nil {
				t.Fatal(err)
			}
			c := join(t, "c", []string{a.Routes()}, nil, nil) // takes longer than the word
			waittest.Until(t, "a sees the one that goes with it", func() bool { return a.sees() != "" })
			if a.sees() != "c" || len(came.of(tt.name)) != 0 {
				t.Errorf("a sees %s and heard %q", a.sees(), came.of(tt.name))
			}
			c.stop()
		})
	}
}

// TestSeedComesLater starts a node whose seed is not there yet.
func TestSeedComesLater(t *testing.T) {
	t.Parallel()
	first := join(t, "first", nil, nil, nil)
	address := first.Routes()
	first.stop()
	b := join(t, "b", []string{address}, nil, nil)
	if !strings.Contains(b.log.String(), "no node answers yet") {
		t.Error("it was not said that nobody answers")
	}
	var told inbox
	a := join(t, "a", nil, func(c *cluster.Config) { c.Listen = address }, func(n *cluster.Node) {
		n.OnResync(func(p cluster.Peer) { told.receive(p, nil) })
	})
	waittest.Until(t, "they see each other", func() bool { return a.sees() == "b" && b.sees() == "a" })
	if len(told.of("b")) == 0 {
		t.Error("that another node has come is no reason to compare")
	}
	if log := b.log.String(); strings.Count(log, "a node does not answer") != 1 || strings.Contains(log, "level=WARN") {
		t.Error("want one line, and no warning, for a seed that is not there yet")
	}
}

// TestNeighbourIsKilled kills a node and starts it again. The others log one failed call, and no
// warning but that the node fell silent.
func TestNeighbourIsKilled(t *testing.T) {
	t.Parallel()
	a := join(t, "a", nil, nil, nil)
	b := join(t, "b", []string{a.Routes()}, nil, nil)
	c := join(t, "c", []string{a.Routes(), b.Routes()}, nil, nil)
	waittest.Until(t, "all see each other", func() bool {
		return a.sees() == "b c" && b.sees() == "a c" && c.sees() == "a b"
	})
	address := c.Routes()
	c.Kill()
	waittest.Until(t, "the others miss it", func() bool { return a.sees() == "b" && b.sees() == "a" })
	join(t, "c", []string{a.Routes(), b.Routes()}, func(cfg *cluster.Config) { cfg.Listen = address }, nil)
	waittest.Until(t, "it is back", func() bool { return a.sees() == "b c" && b.sees() == "a c" })
	for _, m := range []member{a, b} {
		unexpected := 0
		for line := range strings.Lines(m.log.String()) {
			silence := strings.Contains(line, "a node has fallen silent")
			if strings.Contains(line, "level=ERROR") || strings.Contains(line, "level=WARN") && !silence {
				unexpected++
			}
		}
		if calls := strings.Count(m.log.String(), "a node does not answer"); unexpected > 0 || calls > 1 {
			t.Errorf("%d unexpected warnings, %d lines of failed calls", unexpected, calls)
		}
	}
}

// TestWitnessIsKilled kills a node, starts it again, and kills the node that then reports its name
// as taken. The restarted node joins the third.
func TestWitnessIsKilled(t *testing.T) {
	t.Parallel()
	members := map[string]member{}
	var seeds []string
	for _, name := range []string{"a", "b", "c"} {
		members[name] = join(t, name, seeds, nil, nil)
		seeds = append(seeds, members[name].Routes())
	}
	for name, m := range members {
		waittest.Until(t, name+" sees the others", func() bool { return len(m.Peers()) == 2 })
	}
	members["a"].Kill()
	again := newMember(t, "a", seeds, nil, nil)
	joined := make(chan error, 1)
	go func() { joined <- again.Join(t.Context()) }()
	var witness string
	waittest.Until(t, "a witness reports the name", func() bool {
		_, witness, _ = strings.Cut(again.log.String(), "witness=")
		return strings.Contains(witness, "\n")
	})
	witness = witness[:1]
	members[witness].Kill()
	if err := waittest.Receive(t, "a joins", joined); err != nil {
		t.Fatalf("%s was killed: %v", witness, err)
	}
	left := map[string]string{"b": "c", "c": "b"}[witness]
	waittest.Until(t, "they see each other", func() bool { return again.sees() == left && members[left].sees() == "a" })
}

// startNATS runs a NATS outside the nodes at the port, or at any that is free.
func startNATS(t *testing.T, port int) *server.Server {
	t.Helper()
	s, err := server.NewServer(&server.Options{Host: "127.0.0.1", Port: port, NoSigs: true, NoLog: true})
	if err != nil {
		t.Fatal(err)
	}
	s.Start()
	t.Cleanup(func() {
		s.Shutdown()
		s.WaitForShutdown()
	})
	if !s.ReadyForConnections(waittest.Limit()) {
		t.Fatal("NATS did not start")
	}
	return s
}

// TestOutsideNATS connects two nodes by a server of which they know the URL only. It is away at
// first; then it carries what they say, but no answer that is too long for it.
func TestOutsideNATS(t *testing.T) {
	t.Parallel()
	outside := startNATS(t, server.RANDOM_PORT)
	url, port := outside.ClientURL(), outside.Addr().(*net.TCPAddr).Port
	outside.Shutdown()
	outside.WaitForShutdown()
	alone := func(c *cluster.Config) { c.Listen, c.NATS = "", url }
	var box inbox
	a := join(t, "a", nil, alone, func(n *cluster.Node) {
		n.Stream("words", box.receive)
		n.Handle("long", func(context.Context, []byte) ([]byte, error) { return make([]byte, 2<<20), nil })
	})
	var words *cluster.Stream
	b := join(t, "b", nil, alone, func(n *cluster.Node) { words = n.Stream("words", box.receive) })
	if !strings.Contains(a.log.String(), "does not answer") {
		t.Error("it was not said that NATS is away")
	}
	startNATS(t, port)
	waittest.Until(t, "they see each other", func() bool { return a.sees() == "b" && b.sees() == "a" })
	if err := words.Send([]byte("hello")); err != nil {
		t.Fatal(err)
	}
	waittest.Until(t, "a hears b", func() bool { return slices.Equal(box.of("b"), []string{"hello"}) })
	if !strings.Contains(a.log.String(), "max_payload") {
		t.Error("it was not said that this NATS carries short messages only")
	}
	if _, err := b.Ask(t.Context(), "a", "long", nil); err == nil || !strings.Contains(err.Error(), "payload") {
		t.Errorf("an answer that is too long: %v", err)
	}
}

// TestPortTaken says at once why a node can't start.
func TestPortTaken(t *testing.T) {
	t.Parallel()
	a := join(t, "a", nil, nil, nil)
	_, err := cluster.Start(cluster.Config{
		DataDir: t.TempDir(), Name: "b", Listen: a.Routes(), Secret: clusterSecret, Log: slog.New(slog.DiscardHandler),
	})
	if err == nil || !strings.Contains(err.Error(), "--cluster-listen") {
		t.Errorf("got %v", err)
	}
}

// TestCommandsFromElsewhere lets in an operator with the secret, and a publisher who may do one
// thing.
func TestCommandsFromElsewhere(t *testing.T) {
	t.Parallel()
	a := join(t, "a.with.dots", nil, func(c *cluster.Config) { c.Publishers = "the word of publishers" }, nil)
	if _, err := a.Conn().Subscribe(a.Address().Commands("greet"), func(m *nats.Msg) {
		_ = m.Respond([]byte("hello"))
	}); err != nil {
		t.Fatal(err)
	}
	if err := a.Announce(); err != nil {
		t.Fatal(err)
	}
	at := strings.TrimPrefix(a.Address().NATS, "nats://")
	conn, addr, err := cluster.DialAt(at, clusterSecret)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if m, err := conn.Request(addr.Commands("greet"), nil, waittest.Limit()); err != nil || string(m.Data) != "hello" ||
		addr.Name != "a.with.dots" {
		t.Errorf("got %v, %v of %q", m, err, addr.Name)
	}
	if err := conn.Publish(cluster.PublishSubject, nil); err != nil {
		t.Error(err)
	}
	if err := conn.Flush(); err != nil || conn.LastError() == nil {
		t.Errorf("an operator published what is not his: %v, %v", err, conn.LastError())
	}
	if _, _, err := cluster.DialAt(at, "guessed"); err == nil || !strings.Contains(err.Error(), "refuses") {
		t.Errorf("a guessed secret: %v", err)
	}
	publisher, err := nats.Connect(a.Address().NATS, nats.UserInfo("publisher", "the word of publishers"),
		nats.CustomInboxPrefix("_PUBLISHER"), nats.ErrorHandler(func(*nats.Conn, *nats.Subscription, error) {}))
	if err != nil {
		t.Fatal(err)
	}
	defer publisher.Close()
	if m, err := publisher.Request(addr.Commands("greet"), nil, time.Second); err == nil {
		t.Errorf("a publisher gave a command and got %s", m.Data)
	}
}
