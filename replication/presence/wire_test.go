package presence

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// wire connects the trackers of a test, and can be cut.
type wire struct {
	t *testing.T

	mu       sync.Mutex
	trackers map[string]*tracked
	cut      map[string]bool // names of replicas that neither hear nor reach others
	said     map[string]int  // messages by sender
	answers  []Delta
}

// tracked is a running tracker, and what follows its diffs.
type tracked struct {
	*Tracker
	kill func() // ends it without a goodbye

	mu    sync.Mutex
	shown map[*Presence]bool
	told  int // calls of OnDiff
}

func newWire(t *testing.T) *wire {
	return &wire{t: t, trackers: make(map[string]*tracked), cut: make(map[string]bool), said: make(map[string]int)}
}

var errCut = errors.New("the wire is cut")

// start must be called within synctest.Test, and so must kill before it ends.
func (w *wire) start(name string, set func(*Options)) *tracked {
	w.t.Helper()
	tr := &tracked{shown: make(map[*Presence]bool)}
	opts := Options{Name: name, OnDiff: tr.follow, Link: Link{
		Send: func(m []byte) error { return w.send(name, m) },
		Ask:  func(ctx context.Context, to string, q []byte) ([]byte, error) { return w.ask(ctx, name, to, q) },
	}}
	if set != nil {
		set(&opts)
	}
	var err error
	if tr.Tracker, err = New(opts); err != nil {
		w.t.Fatal(err)
	}
	w.mu.Lock()
	w.trackers[name] = tr
	w.mu.Unlock()
	ctx, cancel := context.WithCancel(context.Background())
	served := make(chan struct{})
	go func() {
		defer close(served)
		_ = tr.Serve(ctx)
	}()
	tr.kill = sync.OnceFunc(func() {
		cancel()
		<-served
	})
	time.Sleep(time.Millisecond) // so that no period ends at the moment at which a test does something
	return tr
}

func (w *wire) stop() {
	for _, tr := range w.trackers {
		tr.kill()
	}
}

func (w *wire) send(from string, m []byte) error {
	w.mu.Lock()
	w.said[from]++
	var to []*tracked
	for name, tr := range w.trackers {
		if name != from && !w.cut[from] && !w.cut[name] {
			to = append(to, tr)
		}
	}
	w.mu.Unlock()
	for _, tr := range to {
		_ = tr.Receive(from, m) // lost, when it is busy
	}
	return nil
}

func (w *wire) ask(ctx context.Context, from, to string, q []byte) ([]byte, error) {
	w.mu.Lock()
	tr, cut := w.trackers[to], w.cut[from] || w.cut[to]
	w.mu.Unlock()
	if cut {
		return nil, errCut
	}
	a, err := tr.Answer(ctx, q)
	if err == nil {
		var d Delta
		if err := decode(a, &d); err != nil {
			w.t.Error(err)
		}
		w.mu.Lock()
		w.answers = append(w.answers, d)
		w.mu.Unlock()
	}
	return a, err
}

func (w *wire) cutOff(name string, cut bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.cut[name] = cut
}

// answered are the answers since it was called last.
func (w *wire) answered() (answers []Delta) {
	synctest.Wait()
	w.mu.Lock()
	defer w.mu.Unlock()
	answers, w.answers = w.answers, nil
	return answers
}

// remembers tells whether a replica is down at most.
func (tr *tracked) remembers(t *testing.T, name string) (known bool) {
	t.Helper()
	synctest.Wait()
	err := tr.shards[0].call(func(s *shard) error {
		known = s.state.others[name] != nil
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return known
}

// sent is how many messages a replica has sent.
func (w *wire) sent(name string) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.said[name]
}

func (tr *tracked) follow(diffs map[string]Diff) {
	tr.mu.Lock()
	defer tr.mu.Unlock()
	tr.told++
	for _, d := range diffs {
		for _, p := range d.Joins {
			tr.shown[p] = true
		}
		for _, p := range d.Leaves {
			delete(tr.shown, p)
		}
	}
}

// lists tells the keys of a topic, in order, and that the diffs agree.
func (tr *tracked) lists(t *testing.T, topic string) string {
	t.Helper()
	synctest.Wait()
	list, err := tr.List(topic)
	if err != nil {
		t.Fatal(err)
	}
	tr.mu.Lock()
	defer tr.mu.Unlock()
	for p := range maps.Keys(tr.shown) {
		if p.Topic == topic && !slices.Contains(list, p) {
			t.Errorf("%s is listed no more, and no diff said so", text(p))
		}
	}
	var keys []string
	for _, p := range list {
		if !tr.shown[p] {
			t.Errorf("%s is listed, and no diff said so", text(p))
		}
		keys = append(keys, p.Key)
	}
	slices.Sort(keys)
	return strings.Join(keys, " ")
}

// has fails unless the replica lists these keys in room.
func (tr *tracked) has(t *testing.T, when, want string) {
	t.Helper()
	if got := tr.lists(t, "room"); got != want {
		t.Errorf("%s it lists %q, want %q", when, got, want)
	}
}

// track lets an owner, who lives as long as the test, be in room under these keys.
func (tr *tracked) track(t *testing.T, keys ...string) *Owner {
	t.Helper()
	o := tr.NewOwner(t.Context())
	for _, key := range keys {
		if _, err := o.Track("room", key, map[string]string{"name": key}); err != nil {
			t.Fatal(err)
		}
	}
	return o
}
