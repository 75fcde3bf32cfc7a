package app

import (
	"context"
	"log/slog"
	"time"

	"sneakers23/app/devices"
	"sneakers23/web/gateway"
)

// deviceSweep brings to the connections of this node what was changed at the database, by this node
// or by another: a key that was revoked, a variable that an admin has changed. It is a service.
type deviceSweep struct {
	server *gateway.Server
	store  *devices.Store
	log    *slog.Logger

	// Serve's own.
	failing  bool
	reverify bool                // the keys of all connections must be verified again
	wanted   map[devices.ID]bool // devices that may have to be sent something
	noted    map[devices.ID]bool // as connected, since notedAt
	notedAt  time.Time
}

// How often it looks for changes, and how often it notes which devices are connected.
const (
	deviceSweepEvery = time.Second
	noteDevicesEvery = 30 * time.Second

	// A silent database must not hold up the next look for ever.
	sweepWithin     = 10 * time.Second
	verifyAllWithin = time.Minute
)

func newDeviceSweep(server *gateway.Server, store *devices.Store, log *slog.Logger) *deviceSweep {
	return &deviceSweep{server: server, store: store, log: log, wanted: make(map[devices.ID]bool)}
}

// String names the service in logs.
func (s *deviceSweep) String() string { return "app.deviceSweep" }

// Serve looks for changes until ctx ends.
func (s *deviceSweep) Serve(ctx context.Context) error {
	changes := s.store.NewSweep()
	tick := time.NewTicker(deviceSweepEvery)
	defer tick.Stop()
	for {
		err := s.next(ctx, changes)
		if err == nil {
			err = s.noteConnected(ctx)
		}
		s.note(ctx, err)
		select {
		case <-tick.C:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// next looks once, and acts on the changes. Work that fails is done by the next look.
func (s *deviceSweep) next(ctx context.Context, sweep *devices.Sweep) error {
	looking, cancel := context.WithTimeout(ctx, sweepWithin)
	defer cancel()
	changes, err := sweep.Next(looking)
	if err != nil {
		return err
	}
	for _, id := range changes.Revoked {
		s.server.Close(id)
	}
	for _, id := range changes.Wanted {
		s.wanted[id] = true
	}
	if s.reverify = s.reverify || changes.Check; s.reverify { // the database was restored
		if err := s.verifyAll(ctx); err != nil {
			return err
		}
		s.reverify = false
	}
	return s.push(looking)
}

// verifyAll has more time: it looks at the keys of all connections.
func (s *deviceSweep) verifyAll(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, verifyAllWithin)
	defer cancel()
	return s.server.Reverify(ctx)
}

// push sends what is wanted of devices that are connected here. Others are sent it when they are
// verified.
func (s *deviceSweep) push(ctx context.Context) error {
	if len(s.wanted) == 0 {
		return nil
	}
	here := make(map[devices.ID]bool)
	for _, c := range s.server.Devices() {
		here[c.Device] = true
	}
	for id := range s.wanted {
		if here[id] {
			wanted, err := s.store.Wanted(ctx, id)
			if err != nil {
				return err
			}
			s.server.Push(id, wanted)
		}
		delete(s.wanted, id)
	}
	return nil
}

// noteConnected notes which devices are connected: those that have come at once, and all every 30
// s.
func (s *deviceSweep) noteConnected(ctx context.Context) error {
	if time.Since(s.notedAt) >= noteDevicesEvery {
		s.noted, s.notedAt = make(map[devices.ID]bool), time.Now()
	}
	var ids []devices.ID
	for _, c := range s.server.Devices() {
		if !s.noted[c.Device] {
			ids = append(ids, c.Device)
		}
	}
	if len(ids) == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, sweepWithin)
	defer cancel()
	if err := s.store.Saw(ctx, ids); err != nil {
		return err
	}
	for _, id := range ids {
		s.noted[id] = true
	}
	return nil
}

// note logs the first failure, and the end of failures.
func (s *deviceSweep) note(ctx context.Context, err error) {
	switch {
	case ctx.Err() != nil:
	case err != nil && !s.failing:
		s.failing = true
		s.log.Error("devices don't learn of changes, will try again", "err", err)
	case err == nil && s.failing:
		s.failing = false
		s.log.Info("devices learn of changes again")
	}
}
