package replication

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"time"

	"sneakers23/inventory"
)

// sender takes a message to all other nodes, or loses it.
type sender interface {
	Send(data []byte) error
}

// Changes carries what this node has committed to the others, and what they have committed to this
// node's inventory. It is a service: its owner runs Serve and waits for its end.
type Changes struct {
	door   door
	healer *Healer
	log    *slog.Logger

	to sender
	// buffer backlog: what comes while changes are applied; beyond it, the healer makes up for it
	received chan []inventory.Change
}

// How much may wait, and how many changes stand in one message.
const (
	backlog    = 4096
	perMessage = 1000
)

// NewChanges makes the carrier of changes. Changes that it can't apply in time it leaves to the
// healer, at once.
func NewChanges(d door, healer *Healer, log *slog.Logger) *Changes {
	return &Changes{door: d, healer: healer, log: log, received: make(chan []inventory.Change, backlog)}
}

// SendTo says where Announce sends. It is called before anything is announced.
func (c *Changes) SendTo(to sender) { c.to = to }

// String names the service in logs.
func (c *Changes) String() string { return "replication.Changes" }

// Announce sends the other nodes what this one has committed. It waits for none of them, and may be
// called from any goroutine. The others find lost changes by comparing.
func (c *Changes) Announce(changes []inventory.Change) {
	for len(changes) > 0 {
		some := changes[:min(perMessage, len(changes))]
		changes = changes[len(some):]
		data, err := json.Marshal(some)
		if err == nil {
			err = c.to.Send(data)
		}
		if err != nil {
			c.log.Warn("changes not told to the other nodes, they will find out by comparing", "changes", len(some),
				"err", err)
		}
	}
}

// Receive takes what another node has announced. It never waits.
func (c *Changes) Receive(data []byte) {
	changes, err := decodeChanges(data)
	if err != nil {
		c.log.Error("changes of another node can't be read", "err", err)
		c.healer.Kick()
		return
	}
	select {
	case c.received <- changes:
	default:
		c.healer.Kick()
	}
}

func decodeChanges(data []byte) ([]inventory.Change, error) {
	var changes []inventory.Change
	if err := json.Unmarshal(data, &changes); err != nil {
		return nil, err
	}
	for _, c := range changes {
		if (c.Product == nil) == (c.Item == nil) {
			return nil, fmt.Errorf("replication: a change is of a product or of an item")
		}
	}
	return changes, nil
}

// applyWithin bounds how long a change waits for an inventory that is loading.
const applyWithin = time.Second

// Serve applies what was received until ctx ends: as much at once as has come meanwhile.
func (c *Changes) Serve(ctx context.Context) error {
	for {
		select {
		case changes := <-c.received:
			c.apply(ctx, c.gather(changes))
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

func (c *Changes) gather(changes []inventory.Change) []inventory.Change {
	for len(changes) < perMessage {
		select {
		case more := <-c.received:
			changes = append(changes, more...)
		default:
			return changes
		}
	}
	return changes
}

func (c *Changes) apply(ctx context.Context, changes []inventory.Change) {
	ctx, cancel := context.WithTimeout(ctx, applyWithin)
	defer cancel()
	if err := c.door.Apply(ctx, changes...); err != nil {
		c.healer.Kick()
	}
}
