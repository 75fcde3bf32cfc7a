package fleet

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"sneakers23/app/devices"
	"sneakers23/replication/presence"
)

// Presences is the tracker's topic of connected devices, each by its id. No socket joins it.
const Presences = "devices"

// Presence is the meta of a device in the tracker.
type Presence struct {
	Name        string `json:"name"`
	Node        string `json:"node"`
	Since       int64  `json:"since"` // ms since 1970: when the first of the connections was verified
	Connections int    `json:"connections"`
}

// countEvery is the highest age of a count.
const countEvery = time.Second

// presences counts the tracker's presences for all pages of a node. Its methods may be called from
// any goroutine.
type presences struct {
	tracker *presence.Tracker

	mu    sync.Mutex // held while the tracker is asked: microseconds, unless it is overloaded
	count *count
	metas map[*presence.Presence]Presence // decoded, so that each is decoded once
}

// count is the presences at one moment. It is never changed.
type count struct {
	at      time.Time
	changes int // how often the presences have changed
	devices map[devices.ID][]Presence
	nodes   []nodeCount // by name
}

// nodeCount counts what is connected at a node.
type nodeCount struct {
	Name        string `json:"name"`
	Devices     int    `json:"devices"`
	Connections int    `json:"connections"`
}

// now returns a count that is at most countEvery old. The error is the tracker's.
func (p *presences) now() (*count, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.count != nil && time.Since(p.count.at) < countEvery {
		return p.count, nil
	}
	list, err := p.tracker.List(Presences)
	if err != nil {
		return nil, err
	}
	c := &count{at: time.Now(), devices: make(map[devices.ID][]Presence, len(list))}
	if p.count != nil {
		c.changes = p.count.changes
	}
	metas, changed := make(map[*presence.Presence]Presence, len(list)), len(list) != len(p.metas)
	nodes := make(map[string]nodeCount)
	for _, one := range list {
		meta, known := p.metas[one]
		if !known {
			_ = json.Unmarshal(one.Meta, &meta) // a newer version's meta may differ: the device counts all the same
			changed = true
		}
		metas[one] = meta
		id, err := strconv.ParseInt(one.Key, 10, 64)
		if err != nil {
			continue // a newer version's key
		}
		c.devices[devices.ID(id)] = append(c.devices[devices.ID(id)], meta)
		n := nodes[meta.Node]
		nodes[meta.Node] = nodeCount{meta.Node, n.Devices + 1, n.Connections + meta.Connections}
	}
	if changed {
		c.changes++
	}
	for _, n := range nodes {
		c.nodes = append(c.nodes, n)
	}
	slices.SortFunc(c.nodes, func(a, b nodeCount) int { return strings.Compare(a.Name, b.Name) })
	for _, at := range c.devices {
		slices.SortFunc(at, func(a, b Presence) int { return strings.Compare(a.Node, b.Node) })
	}
	p.count, p.metas = c, metas
	return c, nil
}

// connections returns where a device is connected.
func (c *count) connections(id devices.ID) []connection {
	all := []connection{}
	for _, p := range c.devices[id] {
		all = append(all, connection{p.Node, p.Since, p.Connections})
	}
	return all
}

// connected returns the devices that are connected.
func (c *count) connected() []devices.ID {
	ids := make([]devices.ID, 0, len(c.devices))
	for id := range c.devices {
		ids = append(ids, id)
	}
	return ids
}
