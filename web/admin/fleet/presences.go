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

// Presences is the topic of the tracker in which connected devices are, each by its id. No socket joins it.
const Presences = "devices"

// Presence is the meta of a device in the tracker.
type Presence struct {
	Name        string `json:"name"`
	Node        string `json:"node"`
	Since       int64  `json:"since"` // ms since 1970: when the first of the connections was verified
	Connections int    `json:"connections"`
}

// recount is how old a count of presences may be.
const recount = time.Second

// presences sums up the tracker's presences for all pages of a node. Its methods may be called from any goroutine.
type presences struct {
	tracker *presence.Tracker

	mu    sync.Mutex // held while the tracker is asked, which takes microseconds while little changes
	count *count
	known map[*presence.Presence]Presence // by what the tracker has: nobody decodes a meta twice
}

// count is who is connected at one moment. Nobody changes it.
type count struct {
	at      time.Time
	devices map[devices.ID][]Presence
	nodes   []nodeCount
}

// nodeCount is how much is connected at a node.
type nodeCount struct {
	Name        string `json:"name"`
	Devices     int    `json:"devices"`
	Connections int    `json:"connections"`
}

// now returns a count that is a second old at most. The error is the tracker's.
func (p *presences) now() (*count, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.count != nil && time.Since(p.count.at) < recount {
		return p.count, nil
	}
	list, err := p.tracker.List(Presences)
	if err != nil {
		return nil, err
	}
	known := make(map[*presence.Presence]Presence, len(list))
	c := &count{at: time.Now(), devices: make(map[devices.ID][]Presence, len(list))}
	nodes := make(map[string]nodeCount)
	for _, one := range list {
		id, err := strconv.ParseInt(one.Key, 10, 64)
		if err != nil {
			continue // another version's
		}
		here, was := p.known[one]
		if !was {
			_ = json.Unmarshal(one.Meta, &here) // the same
		}
		known[one] = here
		c.devices[devices.ID(id)] = append(c.devices[devices.ID(id)], here)
		n := nodes[here.Node]
		nodes[here.Node] = nodeCount{here.Node, n.Devices + 1, n.Connections + here.Connections}
	}
	for _, n := range nodes {
		c.nodes = append(c.nodes, n)
	}
	slices.SortFunc(c.nodes, func(a, b nodeCount) int { return strings.Compare(a.Name, b.Name) })
	for _, at := range c.devices {
		slices.SortFunc(at, func(a, b Presence) int { return strings.Compare(a.Node, b.Node) })
	}
	p.count, p.known = c, known
	return c, nil
}

// place is where a device is connected, as pages are told it.
type place struct {
	Name        string `json:"name"` // of the node
	Since       int64  `json:"since"`
	Connections int    `json:"connections"`
}

// places are where a device is connected.
func (c *count) places(id devices.ID) []place {
	places := []place{}
	for _, p := range c.devices[id] {
		places = append(places, place{p.Node, p.Since, p.Connections})
	}
	return places
}

// connected are the devices that are.
func (c *count) connected() []devices.ID {
	ids := make([]devices.ID, 0, len(c.devices))
	for id := range c.devices {
		ids = append(ids, id)
	}
	return ids
}
