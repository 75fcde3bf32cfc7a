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

// How long Join waits: for a connection to one of the addresses to join, for the status of each
// node, and at the most for this node's name. Other nodes report a killed one for silentAfter and a
// statusEvery; if a witness is killed then, its report expires after another silentAfter. The rest
// of nameWithin is for slow machines.
const (
	routeWithin  = 3 * time.Second
	answerWithin = 2 * time.Second
	nameWithin   = 15 * time.Second
	helloEvery   = 100 * time.Millisecond
)

// Join makes this node one of those that are here, or finds out that it does not go with them: then
// the error is a *Mismatch, or ErrRefused. Nodes to join that are not there yet are called until
// they are: that is no error. Serve must be running.
func (n *Node) Join(ctx context.Context) error {
	if n.cfg.Listen != "" || n.cfg.NATS != "" {
		if err := n.meet(ctx); err != nil {
			return err
		}
	}
	n.mu.Lock()
	n.joined, n.met = true, nil
	n.mu.Unlock()
	n.sendStatus(func(*status) {})
	return nil
}

// meet sends hellos until all nodes have answered and none reports this node's name.
func (n *Node) meet(ctx context.Context) error {
	found := n.cfg.NATS != ""
	if !found && len(n.cfg.others()) > 0 {
		var err error
		if found, err = n.awaitRoute(ctx); err != nil {
			return err
		}
	}
	began := time.Now()
	again := time.NewTicker(helloEvery)
	defer again.Stop()
	hello := func(s *status) { s.Hello = true }
	n.sendStatus(hello)
	for {
		select {
		case <-n.changed:
		case <-again.C:
			n.sendStatus(hello)
		case <-ctx.Done():
			return context.Cause(ctx)
		}
		if err := n.fits(); err != nil {
			return err
		}
		if may, err := n.mayJoin(time.Since(began), found); may || err != nil {
			return err
		}
	}
}

// mayJoin is that of [witnesses]. It logs once that others report the node's name.
func (n *Node) mayJoin(waited time.Duration, found bool) (bool, error) {
	runs := n.connected()
	n.mu.Lock()
	defer n.mu.Unlock()
	may, err := n.met.mayJoin(time.Now(), waited, runs, found)
	if witness, holder, taken := n.met.holder(); taken && !n.nameTold {
		n.nameTold = true
		n.cfg.Log.Info("another node still reports one of this name, perhaps killed; waiting until that is certain",
			"replica", n.addr.Name, "address", holder.HTTP, "witness", witness)
	}
	return may, err
}

// connected returns the runs of the connected nodes. A NATS outside does not tell them.
func (n *Node) connected() (runs []string) {
	routes, err := n.server.Routez(nil)
	if err != nil {
		return nil // as of now it never fails
	}
	for _, r := range routes.Routes {
		_, run, _ := cutLast(r.RemoteName, ".")
		runs = append(runs, run)
	}
	return runs
}

// awaitRoute waits until this node is connected to another, and reports whether it is: without an
// answer for routeWithin, it may be the first. The error is that of a node that was refused.
func (n *Node) awaitRoute(ctx context.Context) (found bool, err error) {
	over := time.NewTimer(routeWithin)
	defer over.Stop()
	look := time.NewTicker(20 * time.Millisecond)
	defer look.Stop()
	for n.server.NumRemotes() == 0 {
		select {
		case <-look.C:
			if err := n.fits(); err != nil {
				return false, err
			}
		case <-over.C:
			n.cfg.Log.Info("no node answers yet, this one may be the first; will go on trying",
				"join", strings.Join(n.cfg.others(), ","))
			return false, nil
		case <-ctx.Done():
			return false, context.Cause(ctx)
		}
	}
	return true, nil
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
