package operator

import (
	"context"
	"fmt"
	"net/url"
	"slices"
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

// MaxTopic is the longest topic that can be asked for.
const MaxTopic = 255

func (o *Operator) listNodes(ctx context.Context, q NodesRequest) ([]NodeView, error) {
	if len(q.Topic) > MaxTopic {
		return nil, fmt.Errorf("a topic has at most %d bytes", MaxTopic)
	}
	self := viewNode(o.nodes.Self())
	views := []NodeView{self}
	for _, p := range o.nodes.Peers() {
		views = append(views, viewNode(p))
	}
	if q.Topic != "" {
		followers := o.nodes.Followers(ctx, q.Topic)
		for i, v := range views {
			if n, ok := followers[v.Name]; ok {
				views[i].Followers = &n
			}
		}
	}
	slices.SortFunc(views, func(a, b NodeView) int { return strings.Compare(a.Name, b.Name) })
	return views, nil
}
