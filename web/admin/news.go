package admin

import (
	"context"
	"encoding/json"
	"slices"
	"strconv"
	"sync"
)

// news is what the dashboards of a node know. A new dashboard gets this snapshot, then every later
// change. The lock keeps a change from being sent in between.
type news struct {
	mu      sync.Mutex // held while dashboards are told; that waits for none of them
	told    *state     // nil while there is none
	encoded json.RawMessage
}

// welcome pushes the state to a dashboard that has just subscribed. For the first one the state is
// made again, with the orders: they are not summed while no dashboard is open. It waits for the
// database then, but not for long.
func (b *Board) welcome(ctx context.Context, push func(json.RawMessage) error) error {
	if !b.known() {
		b.awaitDatabase(ctx)
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	b.news.mu.Lock()
	defer b.news.mu.Unlock()
	if b.news.told == nil {
		b.news.told = b.state()
	}
	if b.news.encoded == nil {
		encoded, err := json.Marshal(b.news.told)
		if err != nil {
			return err
		}
		b.news.encoded = encoded
	}
	shown, err := b.withRecent(b.news.encoded)
	if err != nil {
		return err
	}
	return push(shown)
}

// withRecent adds to a state what was before it, and the time: only the server's clock tells how
// long a release takes.
func (b *Board) withRecent(state json.RawMessage) (json.RawMessage, error) {
	b.mu.Lock()
	recent := b.crowd.recent()
	b.mu.Unlock()
	more, err := json.Marshal(recent)
	if err != nil {
		return nil, err
	}
	now := strconv.AppendInt(nil, b.cfg.ShopTime().UnixMilli(), 10)
	return slices.Concat(state[:len(state)-1], []byte(`,"recent":`), more, []byte(`,"now":`), now, []byte("}")), nil
}

func (b *Board) known() bool {
	b.news.mu.Lock()
	defer b.news.mu.Unlock()
	return b.news.told != nil
}

// broadcastChanges broadcasts what has changed since it did so last. It is called by the service's
// goroutine.
func (b *Board) broadcastChanges() {
	b.news.mu.Lock()
	defer b.news.mu.Unlock()
	if b.cfg.Topics.Count(Dashboard) == 0 {
		b.news.told, b.news.encoded = nil, nil
		return
	}
	if b.news.told == nil || !b.changed() { // who is there was not welcomed yet, or knows all
		return
	}
	now := b.state()
	changes := now.changes(b.news.told)
	b.news.told, b.news.encoded = now, nil
	if len(changes) == 0 {
		return
	}
	payload, err := json.Marshal(changes)
	if err != nil {
		b.cfg.Log.Error("dashboards not told", "err", err)
		return
	}
	b.cfg.Topics.LocalBroadcast(Dashboard, changeEvent, json.RawMessage(payload))
}
