package app

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/jackc/pgerrcode"
	"github.com/jackc/pgx/v5/pgconn"

	"sneakers23/web/admin"
)

// unready are the faults for which the node is not ready, and what /readyz says of each.
var unready = map[admin.Fault]string{
	admin.FaultStopping: "the node is stopping",
	admin.FaultDatabase: "the database does not answer",
	admin.FaultCommits:  "the database commits nothing, so nothing can be sold",
	admin.FaultCatalog:  "the catalog is not loaded",
	admin.FaultHealing:  "the catalog can't be compared with the database",
}

// ready tells what keeps the node from selling.
func (n *Node) ready(ctx context.Context) error {
	var missing []error
	for _, f := range n.faults(ctx, commitPatience) {
		missing = append(missing, errors.New(unready[f]))
	}
	return errors.Join(missing...)
}

// dashboardPatience is for how long nothing may be committed before dashboards say so. One cart
// that can't be written for a reason of its own is no trouble of the shop.
const dashboardPatience = 1500 * time.Millisecond

// fault is what dashboards are told.
func (n *Node) fault(ctx context.Context) admin.Fault {
	if all := n.faults(ctx, dashboardPatience); len(all) > 0 {
		return all[0]
	}
	return ""
}

// faults are all that keep the node from selling, the worst first. It asks the database. Purchases
// may fail for as long as patience before that is one.
func (n *Node) faults(ctx context.Context, patience time.Duration) []admin.Fault {
	all := n.faultsBesides(patience)
	err := n.db.Health.Ping(ctx)
	if err == nil || isCrowded(err) {
		return all
	}
	if ctx.Err() == nil { // the server ended, and with it what the pools still take for connections
		n.db.Pool.Reset()
		n.db.Sales.Reset()
	}
	// FaultHealing follows: the catalog can't be compared with the database.
	all = slices.DeleteFunc(all, func(f admin.Fault) bool { return f == admin.FaultHealing })
	if len(all) > 0 && all[0] == admin.FaultStopping {
		return slices.Insert(all, 1, admin.FaultDatabase)
	}
	return slices.Insert(all, 0, admin.FaultDatabase)
}

// isCrowded reports whether the database has answered that it takes no more connections. Those that
// the node has go on.
func isCrowded(err error) bool {
	pg, ok := errors.AsType[*pgconn.PgError](err)
	return ok && pg.Code == pgerrcode.TooManyConnections
}

// faultsBesides are those that are known without asking the database.
func (n *Node) faultsBesides(patience time.Duration) (all []admin.Fault) {
	if n.draining.Load() {
		all = append(all, admin.FaultStopping)
	}
	if n.commits.failingFor() >= patience {
		all = append(all, admin.FaultCommits)
	}
	if !n.stock.Catalog().Loaded() {
		all = append(all, admin.FaultCatalog)
	}
	if n.healer.Failing() {
		all = append(all, admin.FaultHealing)
	}
	return all
}

// knownFault is the fault that other nodes are sent. It does not ask the database, but uses what
// was last found of it.
func (n *Node) knownFault() admin.Fault {
	found := admin.Fault("") // before the shop is open
	if n.shop.board != nil {
		found = n.shop.board.Fault()
	}
	all := n.faultsBesides(dashboardPatience)
	if len(all) > 0 && (all[0] == admin.FaultStopping || found == "") {
		return all[0]
	}
	return found
}
