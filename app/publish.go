package app

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"slices"
	"strings"

	"github.com/nats-io/nats.go"
	"golang.org/x/time/rate"

	"sneakers23/app/operator"
	"sneakers23/replication/cluster"
	"sneakers23/replication/pubsub"
)

// publisher broadcasts what systems outside the cluster publish, to the topics that they may
// publish to.
type publisher struct {
	allowed []string // patterns: a topic, or one that ends with a * for any rest
	topics  *pubsub.PubSub
	rate    *rate.Limiter
	loud    *rate.Limiter // of what is logged
	log     *slog.Logger
}

// Limits of a system outside that publishes: bytes of a message, messages a second, and at once.
const (
	maxPublished     = 64 << 10
	publishedASecond = 200
	publishedAtOnce  = 400
)

// private topics are never published to from outside: their messages steer nodes and carts.
var private = []string{"cart:", "item_out:", "admin:", "phoenix"}

// published is what a system outside says.
type published struct {
	Topic   string          `json:"topic"`
	Event   string          `json:"event"`
	Payload json.RawMessage `json:"payload"`
}

// newPublisher takes messages for the topics that are allowed, as many as come if noLimits is set.
func newPublisher(allowed []string, noLimits bool, topics *pubsub.PubSub, log *slog.Logger) *publisher {
	p := &publisher{
		allowed: allowed, topics: topics, log: log,
		rate: rate.NewLimiter(publishedASecond, publishedAtOnce), loud: rate.NewLimiter(1, 1),
	}
	if noLimits {
		p.rate = rate.NewLimiter(rate.Inf, 0)
	}
	return p
}

// listen takes what is published to any node of the cluster, each message at one of them. NATS
// calls it for one message after the other until the connection is drained.
func (p *publisher) listen(node *cluster.Node) error {
	_, err := node.Conn().QueueSubscribe(cluster.PublishSubject, "nodes", func(m *nats.Msg) {
		err := p.protect(m.Data)
		if err != nil && p.loud.Allow() {
			p.log.Warn("a message from outside was refused, and others may have been", "err", err)
		}
		if !strings.HasPrefix(m.Reply, "_PUBLISHER.") && !strings.HasPrefix(m.Reply, "_INBOX.") {
			return // answers go to inboxes only: a node's rights are not lent
		}
		answer := []byte(`{"ok":true}`)
		if err != nil {
			answer, _ = json.Marshal(map[string]string{"error": err.Error()}) // a text can be encoded
		}
		_ = m.Respond(answer) // who has gone does not want to know
	})
	return err
}

// ownEvents are the shop's: what they say, only its nodes may say, and pages believe it.
var ownEvents = []string{
	"released", "scheduled", "stock_change", "product", "item_out", "cart", "cart_news", "disconnect",
}

var errPublishCrashed = errors.New("the message crashed, see the node's log")

// protect turns a panic of a subscriber into an error: a message from outside must not take the
// node with it.
func (p *publisher) protect(data []byte) (err error) {
	defer func() {
		if crash := recover(); crash != nil {
			p.log.Error("a message from outside panicked", "panic", crash, "stack", string(debug.Stack()))
			err = errPublishCrashed
		}
	}()
	return p.publish(data)
}

// publish broadcasts one message to the topic that it names, on all nodes, or says what is wrong
// with it.
func (p *publisher) publish(data []byte) error {
	if !p.rate.Allow() {
		return fmt.Errorf("more than %d messages a second", publishedASecond)
	}
	if len(data) > maxPublished {
		return fmt.Errorf("%d bytes, at most %d", len(data), maxPublished)
	}
	var m published
	if err := json.Unmarshal(data, &m); err != nil {
		return errors.New(`want JSON like {"topic":"product:1","event":"note","payload":{}}`)
	}
	switch {
	case m.Topic == "" || m.Event == "":
		return errors.New("topic and event must be there")
	case len(m.Topic) > operator.MaxTopic || len(m.Event) > operator.MaxTopic:
		return fmt.Errorf("topic and event have at most %d bytes", operator.MaxTopic)
	case !p.allows(m.Topic):
		return errors.New("this topic is not among --publish-topics (SNEAKERS23_PUBLISH_TOPICS)")
	case strings.HasPrefix(m.Event, "phx_"), slices.Contains(ownEvents, m.Event):
		return errors.New("this event belongs to the shop, or to the protocol")
	}
	if len(m.Payload) == 0 {
		m.Payload = json.RawMessage("{}")
	}
	p.topics.Broadcast(m.Topic, m.Event, m.Payload)
	return nil
}

func (p *publisher) allows(topic string) bool {
	for _, pattern := range p.allowed {
		if base, open := strings.CutSuffix(pattern, "*"); topic == pattern || open && strings.HasPrefix(topic, base) {
			return true
		}
	}
	return false
}

// checkPublishTopic tells why systems outside must not publish to the topics of a pattern.
func checkPublishTopic(pattern string) error {
	base, open := strings.CutSuffix(pattern, "*")
	if pattern == "" || strings.Contains(base, "*") {
		return fmt.Errorf("--publish-topics: %q is no topic, nor one that ends with a *", pattern)
	}
	for _, p := range private {
		if strings.HasPrefix(base, p) || open && strings.HasPrefix(p, base) {
			return fmt.Errorf("--publish-topics: %q takes in %s, which nobody outside may publish to", pattern, p)
		}
	}
	return nil
}
