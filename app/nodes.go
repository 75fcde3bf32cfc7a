package app

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"sneakers23/replication/cluster"
)

// NodesRequest asks who is in the cluster, and how many follow a topic at each node if one is
// named.
type NodesRequest struct {
	Topic string `json:"topic,omitempty"`
}

// NodeView is a node as the command line lists it.
type NodeView struct {
	Name     string `json:"name"`
	Address  string `json:"address"` // host:port of its shop
	Version  string `json:"version"`
	Uptime   int64  `json:"uptime_s"`
	Sockets  int    `json:"sockets"`
	Revision int64  `json:"revision"` // of its catalog
	Lag      int64  `json:"lag_ms"`   // for how long it has known that another node's catalog is newer
	Ready    bool   `json:"ready"`

	Followers *int `json:"followers,omitempty"` // of the topic that was named; absent where the node did not answer
}

func viewNode(p cluster.Peer) NodeView {
	address := p.HTTP
	if u, err := url.Parse(p.HTTP); err == nil && u.Host != "" {
		address = u.Host
	}
	return NodeView{
		Name: p.Name, Address: address, Version: p.Version, Uptime: int64(time.Since(p.Started).Seconds()),
		Sockets: p.Sockets, Revision: p.Revision, Lag: p.Lag.Milliseconds(), Ready: p.Ready,
	}
}

// maxTopic is the longest topic that can be asked for.
const maxTopic = 255

func (o *operator) nodes(ctx context.Context, q NodesRequest) ([]NodeView, error) {
	if len(q.Topic) > maxTopic {
		return nil, fmt.Errorf("a topic has at most %d bytes", maxTopic)
	}
	self := viewNode(o.others.node.Self())
	views := []NodeView{self}
	for _, p := range o.others.node.Peers() {
		views = append(views, viewNode(p))
	}
	if q.Topic != "" {
		o.countFollowers(ctx, views, q.Topic)
	}
	slices.SortFunc(views, func(a, b NodeView) int { return strings.Compare(a.Name, b.Name) })
	return views, nil
}

// countFollowers asks every node how many follow a topic there.
func (o *operator) countFollowers(ctx context.Context, views []NodeView, topic string) {
	ctx, cancel := context.WithTimeout(ctx, everywhereWithin)
	defer cancel()
	counts := map[string]int{o.others.node.Self().Name: o.others.count(topic)}
	for _, a := range o.others.node.AskAll(ctx, askFollowers, []byte(topic)) {
		if n, err := strconv.Atoi(string(a.Data)); err == nil && a.Err == nil {
			counts[a.Peer.Name] = n
		}
	}
	for i, v := range views {
		if n, ok := counts[v.Name]; ok {
			views[i].Followers = &n
		}
	}
}

// answerFollowers answers what countFollowers of another node asks.
func (c *together) answerFollowers(_ context.Context, question []byte) ([]byte, error) {
	if len(question) > maxTopic {
		return nil, errors.New("topic too long")
	}
	return strconv.AppendInt(nil, int64(c.count(string(question))), 10), nil
}
