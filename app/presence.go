package app

import (
	"context"
	"log/slog"

	"sneakers23/replication/cluster"
	"sneakers23/replication/presence"
	"sneakers23/web/admin"
	"sneakers23/web/channel"
)

// newTracker makes the tracker of who is here. Its changes are pushed to this node's admins.
func (n *Node) newTracker(node *cluster.Node) (*presence.Tracker, error) {
	var (
		tracker *presence.Tracker
		err     error
	)
	stream := node.Stream("presence", func(from cluster.Peer, data []byte) {
		if err := tracker.Receive(from.Name, data); err != nil {
			n.log.Warn("presences of another node not taken, it will be asked", "replica", from.Name, "err", err)
		}
	})
	tracker, err = presence.New(presence.Options{
		Name:            n.cfg.NodeName,
		BroadcastPeriod: n.cfg.PresenceEvery,
		DownPeriod:      n.cfg.PresenceDown,
		PermdownPeriod:  n.cfg.PresencePermdown,
		OnDiff: func(diffs map[string]presence.Diff) {
			n.shop.board.Diff(diffs[admin.CartTracker])
			channel.BroadcastPresences(n.shop.topics, diffs)
		},
		Link: presence.Link{
			Send: stream.Send,
			Ask: func(ctx context.Context, replica string, question []byte) ([]byte, error) {
				return node.Ask(ctx, replica, askPresence, question)
			},
		},
		Log: n.log, LogLevel: slog.LevelDebug,
	})
	if err != nil {
		return nil, err
	}
	node.Handle(askPresence, tracker.Answer)
	return tracker, nil
}
