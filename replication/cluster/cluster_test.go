package cluster_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

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
	log  *waittest.Log
	stop func()
}

// newMember makes a node that calls others, sets it up and serves it. It has not joined yet.
func newMember(t *testing.T, name string, join []string, set func(*cluster.Config), up func(*cluster.Node)) member {
	t.Helper()
	m := member{log: new(waittest.Log)}
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
