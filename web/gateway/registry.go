package gateway

import (
	"slices"
	"sync"
	"time"

	"sneakers23/app/devices"
)

// registry knows the verified connections by device.
type registry struct {
	perKey int
	tell   func(devices.ID, string, int) // see Config.Presence

	telling sync.Mutex // held while tell runs, so that it is called in order; taken before mu

	mu      sync.Mutex
	devices map[devices.ID]*device
	revoked map[devices.ID]time.Time // when that was last, for a while
}

// device is a device with verified connections.
type device struct {
	id    devices.ID
	name  string
	conns []*conn // guarded by the registry's lock; perKey at most

	large chan struct{} // buffer largePerDevice: a token is a large place that a line of the device has
}

func newRegistry(perKey int, tell func(devices.ID, string, int)) *registry {
	return &registry{
		perKey:  perKey,
		tell:    tell,
		devices: make(map[devices.ID]*device),
		revoked: make(map[devices.ID]time.Time),
	}
}

// moment is what add wants to know: when the key was about to be verified.
func (r *registry) moment() time.Time { return time.Now() }

// add makes a connection one of a device, until remove. Nothing is pushed to it before settle.
// Between the verification at that moment and now, the key may have been revoked.
func (r *registry) add(c *conn, found devices.Device, key secret, since time.Time) error {
	r.telling.Lock()
	defer r.telling.Unlock()
	d, n, err := r.insert(c, found, since)
	if err != nil || n == 0 {
		return err
	}
	c.mu.Lock()
	c.device, c.key = d, key
	c.mu.Unlock()
	r.tell(d.id, d.name, n)
	return nil
}

// insert returns the number of the device's connections, 0 if the connection is none that is new.
func (r *registry) insert(c *conn, found devices.Device, since time.Time) (d *device, n int, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if at, ok := r.revoked[found.ID]; ok && !at.Before(since) {
		return nil, 0, errRevoked
	}
	if c.device != nil {
		c.joining = true
		return c.device, 0, nil
	}
	d = r.devices[found.ID]
	if d == nil {
		d = &device{id: found.ID, name: found.Name, large: make(chan struct{}, largePerDevice)}
		r.devices[d.id] = d
	}
	if len(d.conns) >= r.perKey {
		return nil, 0, errPerKey
	}
	d.conns = append(d.conns, c)
	c.joining = true
	return d, len(d.conns), nil
}

// settle reports whether something was pushed to the connection since add, or since the last call.
// If not, it sends the lines, and pushes go to the connection from now on, behind them.
func (r *registry) settle(c *conn, lines [][]byte) (again bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	again, c.again = c.again, false
	if again {
		return true
	}
	c.joining = false
	if len(lines) > 0 {
		c.send(lines...) // only queues
	}
	return false
}

// remove is called when a connection ends, by its goroutine.
func (r *registry) remove(c *conn) {
	d := c.device
	if d == nil {
		return
	}
	r.telling.Lock()
	defer r.telling.Unlock()
	r.mu.Lock()
	d.conns = slices.DeleteFunc(d.conns, func(other *conn) bool { return other == c })
	n := len(d.conns)
	if n == 0 {
		delete(r.devices, d.id)
	}
	r.mu.Unlock()
	c.mu.Lock()
	c.device = nil
	c.mu.Unlock()
	r.tell(d.id, d.name, n)
}

// toPush returns the connections of a device that are pushed to now. Their keys don't change any
// more: they were set before settle.
func (r *registry) toPush(id devices.ID) (settled []*conn) {
	r.mu.Lock()
	defer r.mu.Unlock()
	d := r.devices[id]
	if d == nil {
		return nil
	}
	for _, c := range d.conns {
		if c.joining {
			c.again = true
		} else {
			settled = append(settled, c)
		}
	}
	return settled
}

// revokedFor is how long it is remembered that a key was revoked: longer than a verification.
const revokedFor = 2 * storeTimeout

// revoke returns the connections of a device, and keeps those from joining that were verified
// before.
func (r *registry) revoke(id devices.ID) []*conn {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := time.Now()
	for other, at := range r.revoked {
		if now.Sub(at) > revokedFor {
			delete(r.revoked, other)
		}
	}
	r.revoked[id] = now
	if d := r.devices[id]; d != nil {
		return slices.Clone(d.conns)
	}
	return nil
}

// known is a device that is connected, and its key.
type known struct {
	id  devices.ID
	key secret
}

// keys returns the devices with connections that are verified.
func (r *registry) keys() []known {
	r.mu.Lock()
	defer r.mu.Unlock()
	all := make([]known, 0, len(r.devices))
	for id, d := range r.devices {
		for _, c := range d.conns {
			if !c.joining { // else its key was verified just now
				all = append(all, known{id, c.key})
				break
			}
		}
	}
	return all
}

// count returns how many devices have connections.
func (r *registry) count() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.devices)
}

// all returns the devices with connections, in no order.
func (r *registry) all() []Connected {
	r.mu.Lock()
	defer r.mu.Unlock()
	list := make([]Connected, 0, len(r.devices))
	for _, d := range r.devices {
		list = append(list, Connected{Device: d.id, Name: d.name, Connections: len(d.conns)})
	}
	return list
}
