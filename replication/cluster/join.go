package cluster

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
)

// ErrRefused says that another node does not let this one in, for it has another cluster secret.
var ErrRefused = errors.New("cluster: refused")

// How long Join waits: for somebody to answer at the addresses to join, and for those who are there to say who they are.
const (
	routeWithin  = 3 * time.Second
	answerWithin = 2 * time.Second
	helloEvery   = 100 * time.Millisecond
	// forgottenWithin is how long one of this node's name that was killed is remembered, at the most.
	forgottenWithin = silentAfter + 2*statusEvery
)

// Join makes this node one of those that are here, or finds out that it does not go with them: then the error is a *Mismatch,
// or ErrRefused. Nodes to join that are not there yet are called until they are: that is no error. Serve must be running.
func (n *Node) Join(ctx context.Context) error {
	if n.cfg.Listen != "" || n.cfg.NATS != "" {
		if err := n.meet(ctx); err != nil {
			return err
		}
	}
	n.mu.Lock()
	n.joined, n.met = true, nil
	n.mu.Unlock()
	n.tell(func(*status) {})
	return nil
}

// meet says hello until everybody has answered, and nobody has this node's name.
func (n *Node) meet(ctx context.Context) error {
	if n.cfg.NATS == "" && len(n.cfg.others()) > 0 {
		if err := n.awaitRoute(ctx); err != nil {
			return err
		}
	}
	over := time.NewTimer(answerWithin)
	defer over.Stop()
	forgotten := time.NewTimer(forgottenWithin)
	defer forgotten.Stop()
	again := time.NewTicker(helloEvery)
	defer again.Stop()
	hello := func(s *status) { s.Hello = true }
	n.tell(hello)
	for waits := true; waits || n.nameTaken() != nil; {
		select {
		case <-n.changed:
		case <-again.C:
			n.tell(hello)
		case <-over.C:
			waits = false
		case <-forgotten.C:
			return n.nameTaken()
		case <-ctx.Done():
			return context.Cause(ctx)
		}
		if err := n.fits(); err != nil {
			return err
		}
		// a NATS outside does not tell how many nodes there are: they have all the time there is
		waits = waits && (n.cfg.NATS != "" || !n.hasMetAll())
	}
	return nil
}

// hasMetAll tells whether every node that is connected has said who it is.
func (n *Node) hasMetAll() bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	return len(n.met) >= n.server.NumRemotes()
}

// nameTaken tells who has this node's name, as those say who were met: this node may not be connected to it yet.
func (n *Node) nameTaken() error {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, holder := range n.met {
		if holder.Run != "" {
			return &Mismatch{n.addr.Name, holder.HTTP, ErrNameTaken}
		}
	}
	return nil
}

// awaitRoute returns when this node is connected to another, when it was refused, or when it has waited for long enough: it
// may be the first.
func (n *Node) awaitRoute(ctx context.Context) error {
	over := time.NewTimer(routeWithin)
	defer over.Stop()
	look := time.NewTicker(20 * time.Millisecond)
	defer look.Stop()
	for n.server.NumRemotes() == 0 {
		select {
		case <-look.C:
			if err := n.fits(); err != nil {
				return err
			}
		case <-over.C:
			n.cfg.Log.Warn("no node answers yet, this one may be the first; will go on trying",
				"join", strings.Join(n.cfg.others(), ","))
			return nil
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	return nil
}

// fits tells why this node does not go with those that are here.
func (n *Node) fits() error {
	if n.refused.Load() {
		return fmt.Errorf("%w: a node at %s has another --cluster-secret (SNEAKERS23_CLUSTER_SECRET)",
			ErrRefused, strings.Join(n.cfg.others(), ", "))
	}
	if why := n.why.Load(); why != nil {
		return why
	}
	return nil
}
