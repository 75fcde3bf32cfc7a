package proxy

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// Health is what is known of a node.
type Health int

// Down nodes do not answer, unready ones say that they are not ready or were not asked yet.
const (
	Down Health = iota - 1
	Unready
	Ready
)

func (h Health) String() string { return [...]string{"down", "not ready", "ready"}[h+1] }

// State is what the proxy knows of a node.
type State struct {
	Node
	Health  Health
	LeftOut bool
	Served  int64 // answers so far
}

// node is one that requests go to.
type node struct {
	name, host string
	served     atomic.Int64

	mu      sync.Mutex
	health  Health
	failed  int  // questions in a row without an answer
	out     bool // left out
	waiting map[*attempt]bool
}

// errLost says that a node has fallen silent.
var errLost = errors.New("proxy: the node does not answer any more")

// States lists the nodes as they were configured.
func (p *Proxy) States() []State {
	var states []State
	for _, n := range p.nodes {
		n.mu.Lock()
		states = append(states, State{Node{n.name, "http://" + n.host}, n.health, n.out, n.served.Load()})
		n.mu.Unlock()
	}
	return states
}

// LeaveOut keeps new requests from a node, or lets them to it again. Open requests stay there. The
// error says that there is no such node.
func (p *Proxy) LeaveOut(name string, out bool) error {
	for _, n := range p.nodes {
		if n.name == name {
			n.mu.Lock()
			defer n.mu.Unlock()
			n.out = out
			return nil
		}
	}
	return fmt.Errorf("proxy: there is no node %q", name)
}

// choose lists the nodes to try: those that are ready, then the others; among equals the turn goes
// round.
func (p *Proxy) choose() []*node {
	var by [Ready - Down + 1][]*node
	for _, n := range p.nodes {
		n.mu.Lock()
		if !n.out {
			by[Ready-n.health] = append(by[Ready-n.health], n)
		}
		n.mu.Unlock()
	}
	turn := p.turn.Add(1)
	var chosen []*node
	for _, equals := range by {
		for i := range equals {
			chosen = append(chosen, equals[(turn+uint64(i))%uint64(len(equals))])
		}
	}
	return chosen
}

// watch asks a node again and again whether it is ready, until ctx ends.
func (p *Proxy) watch(ctx context.Context, n *node) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-timer.C:
		case <-ctx.Done():
			return
		}
		health, err := p.ask(ctx, n)
		if ctx.Err() != nil {
			return
		}
		p.learn(n, health, err)
		timer.Reset(time.Duration((0.75 + rand.Float64()/2) * float64(p.cfg.CheckEvery))) // proxies do not ask in step
	}
}

// ask puts the question once.
func (p *Proxy) ask(ctx context.Context, n *node) (Health, error) {
	ctx, cancel := context.WithTimeout(ctx, p.cfg.CheckWithin)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+n.host+"/readyz", nil)
	if err != nil {
		return Down, err
	}
	res, err := p.checks.RoundTrip(r)
	if err != nil {
		return Down, err
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return Unready, nil
	}
	return Ready, nil
}

// learn takes what the node has answered, or that it did not.
func (p *Proxy) learn(n *node, health Health, err error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if err == nil {
		n.failed = 0
		p.set(n, health, nil)
		return
	}
	if n.failed++; n.failed > 1 {
		for a := range n.waiting {
			a.cancel(errLost)
		}
	} else if !isDial(err) {
		health = Unready // once may be chance
	}
	p.set(n, health, err)
}

// markDown notes that nothing listens there. Requests that the node works on may still be answered:
// a node that stops closes its listener first.
func (p *Proxy) markDown(n *node, err error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	p.set(n, Down, err)
}

// set notes a node's health; its lock is held.
func (p *Proxy) set(n *node, health Health, err error) {
	if n.health == health {
		return
	}
	n.health = health
	if err != nil {
		p.cfg.Log.Info("node is "+health.String(), "replica", n.name, "err", err)
		return
	}
	p.cfg.Log.Info("node is "+health.String(), "replica", n.name)
}
