package app

import (
	"context"
	"errors"
	"log/slog"
	"strconv"
	"sync"
	"time"

	"sneakers23/app/devices"
	"sneakers23/replication/presence"
	"sneakers23/web/admin/fleet"
)

// devicePresences tells the tracker which devices are connected to this node. It is a service: the
// gateway must not wait for the tracker, which may be busy.
type devicePresences struct {
	node    string
	tracker *presence.Tracker
	log     *slog.Logger
	wake    chan struct{} // buffer 1: a token says that something has changed, more would say no more

	mu      sync.Mutex
	current map[devices.ID]fleet.Presence // of the devices that are connected
	changes map[devices.ID]bool           // what the tracker does not have yet
}

func newDevicePresences(node string, tracker *presence.Tracker, log *slog.Logger) *devicePresences {
	return &devicePresences{
		node: node, tracker: tracker, log: log, wake: make(chan struct{}, 1),
		current: make(map[devices.ID]fleet.Presence), changes: make(map[devices.ID]bool),
	}
}

// changed goes into gateway.Config.Presence.
func (p *devicePresences) changed(id devices.ID, name string, connections int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now, known := p.current[id]
	switch {
	case connections == 0:
		delete(p.current, id)
	case known:
		now.Connections = connections
		p.current[id] = now
	default:
		p.current[id] = fleet.Presence{
			Name: name, Node: p.node, Since: time.Now().UnixMilli(), Connections: connections,
		}
	}
	p.changes[id] = true
	p.signal()
}

func (p *devicePresences) signal() {
	select {
	case p.wake <- struct{}{}:
	default: // a token is there already
	}
}

// String names the service in logs.
func (p *devicePresences) String() string { return "app.devicePresences" }

// Serve tells the tracker until ctx ends; then nothing is tracked any more.
func (p *devicePresences) Serve(ctx context.Context) error {
	owned, end := context.WithCancel(ctx)
	defer end()
	owner := p.tracker.NewOwner(owned)
	tracked := make(map[devices.ID]bool)
	p.all()
	for {
		select {
		case <-p.wake:
			p.update(owner, tracked)
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// all makes everything news, for an owner that tracks nothing yet.
func (p *devicePresences) all() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for id := range p.current {
		p.changes[id] = true
	}
	p.signal()
}

// update tells the tracker what it does not have yet. While it is busy, the rest is news again.
func (p *devicePresences) update(owner *presence.Owner, tracked map[devices.ID]bool) {
	p.mu.Lock()
	changes := p.changes
	p.changes = make(map[devices.ID]bool)
	p.mu.Unlock()
	for id := range changes {
		err := p.track(owner, tracked, id)
		switch {
		case errors.Is(err, presence.ErrBusy):
			p.mu.Lock()
			p.changes[id] = true
			p.signal()
			p.mu.Unlock()
		case err != nil && !errors.Is(err, presence.ErrEnded) && !errors.Is(err, presence.ErrStopped):
			p.log.Warn("a device is not shown as it is", "device", id, "err", err)
		}
	}
}

// track begins, updates or ends the presence of a device.
func (p *devicePresences) track(owner *presence.Owner, tracked map[devices.ID]bool, id devices.ID) error {
	p.mu.Lock()
	now, connected := p.current[id]
	p.mu.Unlock()
	key := strconv.FormatInt(int64(id), 10)
	var err error
	switch {
	case connected && tracked[id]:
		_, err = owner.Update(fleet.Presences, key, now)
	case connected:
		_, err = owner.Track(fleet.Presences, key, now)
		tracked[id] = err == nil
	case tracked[id]:
		if err = owner.Untrack(fleet.Presences, key); err == nil {
			delete(tracked, id)
		}
	}
	return err
}
