package operator

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"runtime/debug"
	"time"

	"github.com/jackc/pgerrcode"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/nats-io/nats.go"

	"sneakers23/app/devices"
	"sneakers23/checkout"
	"sneakers23/checkout/ledger"
	"sneakers23/inventory"
	"sneakers23/inventory/picture"
	"sneakers23/inventory/storefront"
	"sneakers23/replication"
	"sneakers23/replication/cluster"
	"sneakers23/replication/presence"
)

// Operator carries out the commands to this node. Its methods may be called from any goroutine.
type Operator struct {
	inventory *inventory.Server
	front     *storefront.Server
	ledger    *ledger.Committer
	store     *inventory.Store
	orders    *checkout.Orders
	devices   *devices.Store
	healer    *replication.Healer
	nodes     nodes
	carts     *presence.Tracker
	check     func(context.Context) (ledger.Audit, error)
	log       *slog.Logger

	uploads uploads
}

// Config is what an Operator works with. All of it is needed.
type Config struct {
	Inventory *inventory.Server
	Front     *storefront.Server
	Ledger    *ledger.Committer
	Store     *inventory.Store
	Orders    *checkout.Orders
	Devices   *devices.Store
	Healer    *replication.Healer
	Nodes     nodes
	Carts     *presence.Tracker                           // of the tabs in which carts are open
	Audit     func(context.Context) (ledger.Audit, error) // audits the books
	Log       *slog.Logger
}

// nodes are this node and the others. Its methods are called from any goroutine.
type nodes interface {
	Self() cluster.Peer
	Peers() []cluster.Peer
	// Missing returns when every live node shows these rows as this one does, or after
	// EverywhereWithin, and names those that do not.
	Missing(ctx context.Context, rows []replication.Mark) []string
	// MissingFront is Missing for rows of the storefront.
	MissingFront(ctx context.Context, rows []storefront.Mark) []string
	// Followers returns how many follow a topic at each node that answers, by the node's name.
	Followers(ctx context.Context, topic string) map[string]int
}

// EverywhereWithin is how long a command waits for the other nodes to show what it did.
const EverywhereWithin = 5 * time.Second

// New returns an operator. Listen starts its work.
func New(c Config) *Operator {
	return &Operator{
		inventory: c.Inventory, front: c.Front, ledger: c.Ledger, store: c.Store, orders: c.Orders, devices: c.Devices,
		healer: c.Healer, nodes: c.Nodes, carts: c.Carts, check: c.Audit, log: c.Log,
		uploads: make(uploads),
	}
}

// commandTimeout bounds a command on the node; the command line waits a little longer for the
// answer.
const commandTimeout = 10 * time.Second

// timeoutOf is commandTimeout, but for an audit, which reads all movements and orders, for edits of
// products, which may be thousands, and for photos, each of which waits until others are made.
func timeoutOf(command string) time.Duration {
	if command == commandAudit {
		return 5 * time.Minute
	}
	if command == commandSave || command == commandPart || command == commandPause {
		return time.Minute
	}
	return commandTimeout
}

// Listen takes the commands to this node. NATS calls each kind on a goroutine of its own, one
// command after the other, until the node's connection is drained, which waits for those that were
// begun. Those end when ctx does.
func (o *Operator) Listen(ctx context.Context, node *cluster.Node) error {
	return errors.Join(
		serve(ctx, o.log, node, commandProducts, o.products),
		serve(ctx, o.log, node, commandDetails, o.details),
		serve(ctx, o.log, node, commandSave, o.save),
		serve(ctx, o.log, node, commandPictures, o.pictures),
		serve(ctx, o.log, node, commandPart, o.addPart),
		serve(ctx, o.log, node, commandRendition, o.rendition),
		serve(ctx, o.log, node, commandShop, o.shop),
		serve(ctx, o.log, node, commandShopSet, o.setShop),
		serve(ctx, o.log, node, commandPage, o.page),
		serve(ctx, o.log, node, commandPageSave, o.savePage),
		serve(ctx, o.log, node, commandRelease, o.Release),
		serve(ctx, o.log, node, commandPause, o.Pause),
		serve(ctx, o.log, node, commandDrops, o.drops),
		serve(ctx, o.log, node, commandPlan, o.PlanDrop),
		serve(ctx, o.log, node, commandChange, o.ChangeDrop),
		serve(ctx, o.log, node, commandRestock, o.restock),
		serve(ctx, o.log, node, commandCorrect, o.correct),
		serve(ctx, o.log, node, commandAudit, o.audit),
		serve(ctx, o.log, node, commandSell, o.sell),
		serve(ctx, o.log, node, commandSeed, o.seed),
		serve(ctx, o.log, node, commandSeedMore, o.seedMore),
		serve(ctx, o.log, node, commandOrders, o.listOrders),
		serve(ctx, o.log, node, commandOrder, o.showOrder),
		serve(ctx, o.log, node, commandCancel, o.cancelOrder),
		serve(ctx, o.log, node, commandNodes, o.listNodes),
		serve(ctx, o.log, node, commandCarts, o.listCarts),
		serve(ctx, o.log, node, commandDevices, o.listDevices),
		serve(ctx, o.log, node, commandDeviceAdd, o.addDevice),
		serve(ctx, o.log, node, commandDeviceRevoke, o.revokeDevice),
		serve(ctx, o.log, node, commandDeviceLogs, o.deviceLogs),
		serve(ctx, o.log, node, commandDeviceVars, o.deviceVariables),
		serve(ctx, o.log, node, commandDeviceSet, o.setDevice),
		serve(ctx, o.log, node, commandDeviceUnset, o.unsetDevice),
	)
}

// serve answers one kind of command.
func serve[Q, R any](ctx context.Context, log *slog.Logger, node *cluster.Node, command string,
	do func(context.Context, Q) (R, error),
) error {
	_, err := node.Conn().Subscribe(node.Address().Commands(command), func(m *nats.Msg) {
		var (
			q   Q
			ans reply[R]
		)
		who := cleanWho(m.Header.Get(whoHeader))
		ctx, cancel := context.WithTimeout(inventory.ActingAs(ctx, who), timeoutOf(command))
		defer cancel()
		err := json.Unmarshal(m.Data, &q)
		if err == nil {
			ans.Result, err = protect(ctx, log, command, q, do)
		}
		if asks, ok := errors.AsType[*Question](err); ok {
			ans.Asks, ans.Error = asks.Words, asks.Words+" That must be meant."
		} else if err != nil {
			ans.Error = words(err)
			log.Info("command refused", "command", command, "who", who, "err", err)
		}
		b, err := json.Marshal(ans)
		if err == nil {
			err = m.Respond(b)
		}
		if err != nil {
			log.Error("command not answered", "command", command, "err", err)
		}
	})
	return err
}

var errCommandCrashed = errors.New("the command crashed, see the node's log")

// protect turns a panic into an error: a command must not take the node with it.
func protect[Q, R any](
	ctx context.Context, log *slog.Logger, command string, q Q, do func(context.Context, Q) (R, error),
) (result R, err error) {
	defer func() {
		if p := recover(); p != nil {
			log.Error("command panicked", "command", command, "panic", p, "stack", string(debug.Stack()))
			err = errCommandCrashed
		}
	}()
	return do(ctx, q)
}

// words are what an operator reads of an error.
func words(err error) string {
	if refused, ok := errors.AsType[*dropError](err); ok {
		return refused.words
	}
	switch {
	case errors.Is(err, inventory.ErrBadCount):
		return "COUNT must be from 1 to 1000000 pairs"
	case errors.Is(err, inventory.ErrFull):
		return "the item would hold more than 1000000000 pairs"
	case errors.Is(err, inventory.ErrNoReason):
		return fmt.Sprintf("--why must say why, in 1 to %d characters", ledger.MaxWhy)
	case errors.Is(err, inventory.ErrSold):
		return "pairs of it are sold, so the release stands; it can be taken back when their orders are cancelled: sneakers23 orders"
	case errors.Is(err, inventory.ErrNotLive):
		return "shoppers do not see the product: make it live first, with `sneakers23 products edit SKU --state live`"
	case errors.Is(err, inventory.ErrEdited):
		return "the product has changed meanwhile; nothing was saved: look at it again, then repeat what is still right"
	case errors.Is(err, storefront.ErrEdited):
		return "somebody else has changed it meanwhile; nothing was saved: look at it again with " +
			"`sneakers23 shop show` or `pages show`, then repeat what is still right"
	case errors.Is(err, storefront.ErrNoPage):
		return "the shop has no such page: see `sneakers23 pages list`"
	case errors.Is(err, picture.ErrBusy):
		return errUploads.Error()
	case errors.Is(err, inventory.ErrTwice):
		return "a SKU or the name of a size is taken; nothing was saved: look at `sneakers23 products`, and try again"
	case errors.Is(err, checkout.ErrNoOrder):
		return "no order has this id; see: sneakers23 orders list"
	case errors.Is(err, checkout.ErrCancelled):
		return "the order was cancelled before; its pairs are back already"
	}
	if text, ok := wordsOfDevices(err); ok {
		return text
	}
	notDone := errors.Is(err, ledger.ErrNotDone)
	unknown := errors.Is(err, ledger.ErrUnknown) && !notDone
	pg, said := errors.AsType[*pgconn.PgError](err)
	if _, away := errors.AsType[*pgconn.ConnectError](err); notDone && !said && !away {
		return "nothing was done: " + whyNotDone(err) + "; try again, and if it lasts, see /readyz and the node's log"
	}
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, inventory.ErrCrashed) {
		return "no answer in time: it may have been done, look with `sneakers23 products`, `orders show` or `devices list`; if it lasts, see /readyz and the node's log"
	}
	if _, ok := errors.AsType[*pgconn.ConnectError](err); ok && !unknown {
		return "the node does not reach its database, try again when /readyz says that it does"
	}
	if isBroken(err) && !notDone || unknown {
		return "the connection to the database broke: it may have been done, look with `sneakers23 products`, `orders show` or `devices list`, and try again"
	}
	switch {
	case said && pgerrcode.IsSyntaxErrororAccessRuleViolation(pg.Code): // undefined table, undefined column
		return "the tables of the store are not as they should be (" + pg.Message + "): see `sneakers23 migrate status`"
	case said:
		return "the database says: " + pg.Message
	}
	return err.Error()
}

// whyNotDone says why an operation was not carried out.
func whyNotDone(err error) string {
	if errors.Is(err, ledger.ErrBusy) {
		return "too many buyers wait"
	}
	return "the database did not answer in time"
}

// isBroken reports whether the connection to the database ended before its answer came: the outcome
// is unknown.
func isBroken(err error) bool {
	if pg, ok := errors.AsType[*pgconn.PgError](err); ok {
		return pg.Code == pgerrcode.AdminShutdown
	}
	if _, never := errors.AsType[*pgconn.ConnectError](err); never {
		return false
	}
	return pgconn.Timeout(err) || errors.Is(err, io.ErrUnexpectedEOF) || errors.As(err, new(net.Error))
}

func (o *Operator) products(context.Context, none) ([]Product, error) {
	return viewProducts(o.inventory.Catalog().All()), nil
}

// everywhere returns when all nodes show these rows as this one does, or names those that do not.
func (o *Operator) everywhere(
	ctx context.Context, products []inventory.ProductID, items []inventory.ItemID,
) (missing []string) {
	rows := marks(o.inventory.Catalog(), products, items)
	if len(rows) == 0 {
		return nil
	}
	missing = o.nodes.Missing(ctx, rows)
	if len(missing) > 0 {
		o.log.Warn("some nodes do not show a change yet", "nodes", missing)
	}
	return missing
}

// marks are those of some rows as this node shows them.
func marks(c *inventory.Catalog, products []inventory.ProductID, items []inventory.ItemID) (marks []replication.Mark) {
	for _, id := range products {
		if m, ok := replication.MarkProduct(c, id); ok {
			marks = append(marks, m)
		}
	}
	for _, id := range items {
		if m, ok := replication.MarkItem(c, id); ok {
			marks = append(marks, m)
		}
	}
	return marks
}

func (o *Operator) seed(ctx context.Context, _ none) (bool, error) {
	seeded, err := o.store.Seed(ctx)
	if err != nil {
		return false, err
	}
	if seeded {
		o.did(ctx, "two products are put in")
	}
	return seeded, o.healer.Heal(ctx)
}

func (o *Operator) seedMore(ctx context.Context, _ none) (inventory.Seeded, error) {
	seeded, err := o.store.SeedMore(ctx)
	if err != nil {
		return inventory.Seeded{}, err
	}
	if len(seeded.Added) > 0 {
		o.did(ctx, "products of the seed are put in", "skus", seeded.Added)
	}
	return seeded, o.healer.Heal(ctx)
}
