package gateway

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"sneakers23/app/devices"
)

// shelf is a Store in memory. It does what the real one does, as far as a gateway can tell.
type shelf struct {
	mu       sync.Mutex
	devices  map[devices.Key]*kept
	fail     error         // what every method returns, if set
	logGate  chan struct{} // Log waits until it is closed; nil: it does not wait
	waiting  chan struct{} // gets a token for each Log that waits
	verified func()        // called by Verify, without the lock, before it returns
	wantedBy func()        // called by Wanted, the same

	wantedFail error // what Wanted returns, if set
}

// kept is what is known of a device.
type kept struct {
	devices.Device
	logs     []devices.Record
	reported map[string]devices.Variable
	wanted   []devices.Variable
}

func newShelf() *shelf {
	return &shelf{devices: make(map[devices.Key]*kept), waiting: make(chan struct{}, 1000)}
}

// add adds a device, whose id and name are made from its number.
func (s *shelf) add(number int) devices.Key {
	s.mu.Lock()
	defer s.mu.Unlock()
	key := devices.Key(fmt.Sprintf("%012x", 0xabc000000000+number))
	s.devices[key] = &kept{
		Device:   devices.Device{ID: devices.ID(number), Name: fmt.Sprintf("kiosk %d", number)},
		reported: make(map[string]devices.Variable),
	}
	return key
}

func (s *shelf) find(id devices.ID) *kept {
	for _, d := range s.devices {
		if d.ID == id {
			return d
		}
	}
	return nil
}

// set does something with a device, or with all of the shelf.
func (s *shelf) set(do func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	do()
}

func (s *shelf) Verify(_ context.Context, key devices.Key) (devices.Device, error) {
	s.mu.Lock()
	d, fail, hook := s.devices[key], s.fail, s.verified
	var found devices.Device
	if d != nil {
		found = d.Device
	}
	s.mu.Unlock()
	if hook != nil {
		hook()
	}
	switch {
	case fail != nil:
		return devices.Device{}, fail
	case d == nil:
		return devices.Device{}, devices.ErrUnknownKey
	case !found.Revoked.IsZero():
		return found, devices.ErrRevoked
	}
	return found, nil
}

func (s *shelf) Wanted(_ context.Context, id devices.ID) ([]devices.Variable, error) {
	s.mu.Lock()
	wanted, fail, hook := slices.Clone(s.find(id).wanted), s.fail, s.wantedBy
	s.mu.Unlock()
	if hook != nil {
		hook()
	}
	s.set(func() { fail = errors.Join(fail, s.wantedFail) })
	return wanted, fail
}

func (s *shelf) Log(ctx context.Context, id devices.ID, records []devices.Record) error {
	s.mu.Lock()
	gate := s.logGate
	s.mu.Unlock()
	if gate != nil {
		s.waiting <- struct{}{}
		select {
		case <-gate:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.fail != nil {
		return s.fail
	}
	d := s.find(id)
	d.logs = append(d.logs, records...)
	return nil
}

func (s *shelf) Report(_ context.Context, id devices.ID, variables []devices.Variable) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.fail != nil {
		return s.fail
	}
	d := s.find(id)
	switch {
	case d == nil:
		return devices.ErrNoSuchDevice
	case !d.Revoked.IsZero():
		return devices.ErrRevoked
	}
	if len(d.reported)+len(variables) > devices.MaxVariables {
		return devices.ErrTooManyVariables
	}
	for _, v := range variables {
		d.reported[v.Name] = v
		d.wanted = slices.DeleteFunc(d.wanted, func(w devices.Variable) bool {
			return w.Name == v.Name && w.Type == v.Type && bytes.Equal(w.Value, v.Value)
		})
	}
	return nil
}

// want sets what is wanted of a device, in place of what was.
func (s *shelf) want(id devices.ID, variables ...devices.Variable) {
	s.set(func() { s.find(id).wanted = variables })
}

// revoke ends the validity of a key.
func (s *shelf) revoke(id devices.ID) {
	s.set(func() { s.find(id).Revoked = time.Now() })
}

// messages returns what a device has logged.
func (s *shelf) messages(id devices.ID) (all []string) {
	s.set(func() {
		for _, r := range s.find(id).logs {
			all = append(all, r.Message)
		}
	})
	return all
}

func (s *shelf) variable(id devices.ID, name string) (v devices.Variable) {
	s.set(func() { v = s.find(id).reported[name] })
	return v
}

// forgetful is a shelf that keeps no logs.
type forgetful struct{ *shelf }

func (forgetful) Log(context.Context, devices.ID, []devices.Record) error { return nil }
