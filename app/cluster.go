package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strconv"
	"time"

	"sneakers23/app/operator"
	"sneakers23/app/sleep"
	"sneakers23/app/store"
	"sneakers23/inventory/storefront"
	"sneakers23/replication"
	"sneakers23/replication/cluster"
	"sneakers23/replication/presence"
	"sneakers23/replication/pubsub"
	"sneakers23/web/channel"
)

// together is what ties a node to the others: changes, questions, and who is here.
type together struct {
	node    *cluster.Node
	changes *replication.Changes
	applied *replication.Applied
	healer  *replication.Healer
	topics  *pubsub.PubSub
	tracker *presence.Tracker
	front   *storefront.Server

	exchange *exchange
}

// count tells how many follow a topic at this node.
func (c *together) count(topic string) int { return c.topics.Count(topic) }

// clusterConfig is the node's part in the cluster. Its secrets must be known by now.
func (n *Node) clusterConfig(about string, secrets []string, schema store.Range) cluster.Config {
	return cluster.Config{
		DataDir: n.dir.path, Name: n.cfg.NodeName, HTTP: n.URL(), About: about, Version: n.cfg.Version, Log: n.log,
		Listen: n.cfg.ClusterListen, Join: n.cfg.Join, Secret: n.cfg.ClusterSecret, NATS: n.cfg.NATSURL,
		Commands: n.cfg.CommandsListen, Publishers: n.cfg.PublishSecret,
		Identity: cluster.Identity{Schema: schema.Newest, Oldest: schema.Oldest, Secrets: secrets},
		Status:   n.status,
	}
}

// status is how this node does, as the others are told.
func (n *Node) status() cluster.Status {
	return cluster.Status{
		Sockets:  n.shop.openSockets(),
		Fault:    string(n.knownFault()),
		Revision: int64(n.stock.Catalog().Revision()),
		// no query
		Ready: !n.draining.Load() && n.stock.Catalog().Loaded() && !n.healer.Failing() && !n.commits.stopped(),
	}
}

// The questions by which a node finds out whether another one shows a change (of the inventory, of
// the storefront), who follows a topic there, and what waits for a long-poll session of a shopper
// or of an admin that is there.
const (
	askApplied   = "applied"
	askFollowers = "followers"
	askPoll      = "poll"
	askPresence  = "presence"
	askAdminPoll = "admin_poll"
	askFront     = "storefront"
)

// tie lets changes, broadcasts and questions pass between the nodes; polls are the servers of
// sockets by the question for their sessions. Nothing passes before the cluster's Serve runs.
func (c *together) tie(polls map[string]*channel.Server, log *slog.Logger) {
	c.changes.SendTo(c.node.Stream("changes", func(_ cluster.Peer, data []byte) { c.changes.Receive(data) }))
	c.front.SendTo(c.node.Stream("storefront", func(_ cluster.Peer, data []byte) { c.front.Receive(data) }))
	c.topics.Link(pubsub.Link{
		Codecs: []pubsub.Codec{channel.BinaryPayloads},
		Carrier: c.node.Stream("topics", func(from cluster.Peer, data []byte) {
			if err := c.topics.Receive(data); err != nil {
				log.Error("a broadcast of another node can't be read", "replica", from.Name, "err", err)
			}
		}),
		Failed: func(event string, err error) {
			log.Error("a broadcast did not leave this node", "event", event, "err", err)
		},
	})
	c.node.OnResync(func(p cluster.Peer) {
		c.healer.Kick()
		c.front.Kick()
		c.exchange.kick()
		c.tracker.Missed(p.Name)
	})
	c.node.Handle(askApplied, func(ctx context.Context, question []byte) ([]byte, error) {
		var marks []replication.Mark
		if err := json.Unmarshal(question, &marks); err != nil {
			return nil, err
		}
		return nil, c.applied.Wait(ctx, marks)
	})
	c.node.Handle(askFront, func(ctx context.Context, question []byte) ([]byte, error) {
		var marks []storefront.Mark
		if err := json.Unmarshal(question, &marks); err != nil {
			return nil, err
		}
		return nil, c.front.Wait(ctx, marks...)
	})
	c.node.Handle(askFollowers, c.answerFollowers)
	for name, sockets := range polls {
		c.node.Handle(name, sockets.AnswerNode)
	}
}

// Followers asks every node how many follow a topic there.
func (c *together) Followers(ctx context.Context, topic string) map[string]int {
	ctx, cancel := context.WithTimeout(ctx, operator.EverywhereWithin)
	defer cancel()
	counts := map[string]int{c.node.Self().Name: c.count(topic)}
	for _, a := range c.node.AskAll(ctx, askFollowers, []byte(topic)) {
		if n, err := strconv.Atoi(string(a.Data)); err == nil && a.Err == nil {
			counts[a.Peer.Name] = n
		}
	}
	return counts
}

// answerFollowers answers what Followers of another node asks.
func (c *together) answerFollowers(_ context.Context, question []byte) ([]byte, error) {
	if len(question) > operator.MaxTopic {
		return nil, errors.New("topic too long")
	}
	return strconv.AppendInt(nil, int64(c.count(string(question))), 10), nil
}

// asks returns what asks another node the question of that name.
func (c *together) asks(name string) func(ctx context.Context, node string, question []byte) ([]byte, error) {
	return func(ctx context.Context, node string, question []byte) ([]byte, error) {
		return c.node.Ask(ctx, node, name, question)
	}
}

// Self is this node.
func (c *together) Self() cluster.Peer { return c.node.Self() }

// Peers are the other nodes.
func (c *together) Peers() []cluster.Peer { return c.node.Peers() }

// Missing returns when every live node shows these rows as this one does, or names those that did
// not in time. They take it from the database.
func (c *together) Missing(ctx context.Context, marks []replication.Mark) (missing []string) {
	return c.missing(ctx, askApplied, marks)
}

// MissingFront is Missing for rows of the storefront.
func (c *together) MissingFront(ctx context.Context, marks []storefront.Mark) (missing []string) {
	return c.missing(ctx, askFront, marks)
}

func (c *together) missing(ctx context.Context, ask string, marks any) (missing []string) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), operator.EverywhereWithin)
	defer cancel()
	question, err := json.Marshal(marks)
	if err != nil {
		panic(fmt.Errorf("numbers can't be encoded: %w", err))
	}
	for _, a := range c.node.AskAll(ctx, ask, question) {
		stopped := errors.Is(a.Err, cluster.ErrAbsent) && !c.isHere(a.Peer) // it will start from the database
		if a.Err != nil && !stopped {
			missing = append(missing, a.Peer.Name)
		}
	}
	return missing
}

func (c *together) isHere(p cluster.Peer) bool {
	return slices.ContainsFunc(c.node.Peers(), func(other cluster.Peer) bool { return other.Run == p.Run })
}

// exchange lets the carts that are open here tell the other nodes what they are, after messages
// were missed. It is a service.
type exchange struct {
	tell   func()
	kicked chan struct{} // buffer 1: a token says that something was missed, more would say no more
}

func newExchange(tell func()) *exchange { return &exchange{tell, make(chan struct{}, 1)} }

// kick never waits.
func (e *exchange) kick() {
	select {
	case e.kicked <- struct{}{}:
	default:
	}
}

// String names the service in logs.
func (e *exchange) String() string { return "app.exchange" }

// exchangeEvery is how often carts are told at the most: a storm of losses must not become one of
// carts.
const exchangeEvery = time.Second

// Serve tells the carts soon after each kick, until ctx ends. Nodes that have just come hear each
// other by then.
func (e *exchange) Serve(ctx context.Context) error {
	for {
		select {
		case <-e.kicked:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
		_ = sleep.For(ctx, exchangeEvery)
		if ctx.Err() == nil {
			e.tell()
		}
	}
}
