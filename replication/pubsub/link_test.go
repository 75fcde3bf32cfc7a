package pubsub_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"sync"
	"testing"

	"sneakers23/app/waittest"
	"sneakers23/replication/cluster"
	"sneakers23/replication/pubsub"
	"sneakers23/replication/pubsub/pubsubtest"
)

func TestAlone(t *testing.T) {
	t.Parallel()
	pubsubtest.Run(t, func(*testing.T) []*pubsub.PubSub { return []*pubsub.PubSub{pubsub.New()} })
}

// TestLinked runs the suite on registries of one process.
func TestLinked(t *testing.T) {
	t.Parallel()
	for _, n := range []int{2, 3} {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			t.Parallel()
			pubsubtest.Run(t, func(t *testing.T) []*pubsub.PubSub { return linked(t, n) })
		})
	}
}

// wire carries what one registry says to the others.
type wire []chan []byte // buffer: more than any test broadcasts

func (w wire) Send(data []byte) error {
	for _, to := range w {
		to <- data
	}
	return nil
}

// linked links n registries, with a goroutine for each way between two, which ends with the test.
func linked(t *testing.T, n int) (all []*pubsub.PubSub) {
	var wg sync.WaitGroup
	t.Cleanup(wg.Wait) // the last one: when all ways are closed
	for range n {
		all = append(all, pubsub.New())
	}
	for i, from := range all {
		var w wire
		for k, to := range all {
			if k == i {
				continue
			}
			way := make(chan []byte, 10_000)
			w = append(w, way)
			wg.Go(func() {
				for data := range way {
					if err := to.Receive(data); err != nil {
						t.Error(err)
					}
				}
			})
			t.Cleanup(func() { close(way) })
		}
		from.Link(pubsub.Link{Carrier: w, Codecs: []pubsub.Codec{pubsubtest.Codec}})
	}
	return all
}

// TestCluster runs the suite on the nodes of a cluster, each with a NATS server of its own.
func TestCluster(t *testing.T) {
	t.Parallel()
	pubsubtest.Run(t, func(t *testing.T) []*pubsub.PubSub {
		var (
			registries []*pubsub.PubSub
			nodes      []*cluster.Node
			seeds      []string
		)
		for i := range 3 {
			n, ps := startNode(t, fmt.Sprint("node", i), seeds)
			nodes, registries = append(nodes, n), append(registries, ps)
			seeds = []string{nodes[0].Routes()}
		}
		for _, n := range nodes {
			awaitPeers(t, n, len(nodes)-1)
		}
		return registries
	})
}

// startNode starts a node whose registry is linked with those of the others. It ends with the test.
func startNode(t *testing.T, name string, seeds []string) (*cluster.Node, *pubsub.PubSub) {
	t.Helper()
	ps := pubsub.New()
	n, err := cluster.Start(cluster.Config{
		DataDir: t.TempDir(), Name: name, Listen: "127.0.0.1:0", Join: seeds, Secret: "the secret of this cluster",
		Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	ps.Link(pubsub.Link{
		Codecs: []pubsub.Codec{pubsubtest.Codec},
		Carrier: n.Stream("topics", func(_ cluster.Peer, data []byte) {
			if err := ps.Receive(data); err != nil {
				t.Error(err)
			}
		}),
	})
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	wg.Go(func() { _ = n.Serve(ctx) })
	t.Cleanup(func() {
		if err := n.Stop(context.Background()); err != nil {
			t.Error(err)
		}
		cancel()
		wg.Wait()
	})
	if err := n.Join(t.Context()); err != nil {
		t.Fatal(err)
	}
	return n, ps
}

func awaitPeers(t *testing.T, n *cluster.Node, peers int) {
	t.Helper()
	waittest.Until(t, "the other nodes are seen", func() bool { return len(n.Peers()) >= peers })
}

// keeper keeps what was sent.
type keeper struct{ sent [][]byte }

func (k *keeper) Send(data []byte) error {
	k.sent = append(k.sent, data)
	return nil
}

// TestFailedIsTold has messages that can't leave the node.
func TestFailedIsTold(t *testing.T) {
	t.Parallel()
	var failed []string
	ps := pubsub.New()
	k := &keeper{}
	ps.Link(pubsub.Link{Carrier: k, Failed: func(event string, err error) { failed = append(failed, event) }})
	ps.Broadcast("room:1", "no JSON", make(chan int))
	ps.Broadcast("room:1", "large", make([]byte, pubsub.MaxMessage))
	ps.Broadcast("room:1", "fine", 1)
	ps.LocalBroadcast("room:1", "stays", 1)
	if fmt.Sprint(failed) != "[no JSON large]" || len(k.sent) != 1 {
		t.Errorf("failed: %q, %d were sent", failed, len(k.sent))
	}
}

// FuzzReceive reads bytes that no node has sent: they do no harm, and a message read from them is
// encoded and read again unchanged.
func FuzzReceive(f *testing.F) {
	k := &keeper{}
	from := pubsub.New()
	from.Link(pubsub.Link{Carrier: k, Codecs: []pubsub.Codec{pubsubtest.Codec}})
	from.Broadcast("room:1", "shout", map[string]int{"a": 1})
	from.Broadcast("", "", nil)
	from.Broadcast("room:1", "raw", pubsubtest.Raw("bytes"))
	for _, data := range k.sent {
		f.Add(data)
	}
	f.Add([]byte{1, 1, 255, 255, 255, 255, 255, 255, 255, 255, 255, 1, 'x'})
	f.Fuzz(func(t *testing.T, data []byte) {
		ps, sends := pubsub.New(), &keeper{}
		ps.Link(pubsub.Link{Carrier: sends, Codecs: []pubsub.Codec{pubsubtest.Codec}})
		var got *pubsub.Message
		topic, ok := topicOf(data)
		if ok {
			ps.Subscribe(topic, deliver(func(m *pubsub.Message) { got = m }))
		}
		if err := ps.Receive(data); err != nil || !ok {
			return
		}
		if got == nil {
			t.Fatal("a message was taken and not delivered")
		}
		if raw, ok := got.Payload.(json.RawMessage); ok && !json.Valid(raw) {
			t.Errorf("payload %q is no JSON", raw)
		}
		again := pubsub.New()
		var same *pubsub.Message
		again.Link(pubsub.Link{Carrier: sends, Codecs: []pubsub.Codec{pubsubtest.Codec}})
		again.Subscribe(topic, deliver(func(m *pubsub.Message) { same = m }))
		ps.Broadcast(got.Topic, got.Event, got.Payload)
		if err := again.Receive(sends.sent[0]); err != nil || same.Event != got.Event ||
			fmt.Sprint(same.Payload) != fmt.Sprint(got.Payload) {
			t.Errorf("%v came back as %v, %v", got, same, err)
		}
	})
}

// topicOf reads the topic of a message in a simpler way than the package does, short ones only.
func topicOf(data []byte) (string, bool) {
	if len(data) < 3 || data[2] > 127 || len(data) < 3+int(data[2]) {
		return "", false
	}
	return string(data[3 : 3+int(data[2])]), true
}

type deliver func(*pubsub.Message)

func (d deliver) Deliver(m *pubsub.Message) { d(m) }
