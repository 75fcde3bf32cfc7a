package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"sync/atomic"
	"syscall"

	"github.com/thejerf/suture/v4"

	"sneakers23/app/devices"
	"sneakers23/app/operator"
	"sneakers23/app/sleep"
	"sneakers23/app/store"
	"sneakers23/checkout"
	"sneakers23/checkout/ledger"
	"sneakers23/inventory"
	"sneakers23/inventory/storefront"
	"sneakers23/replication"
	"sneakers23/replication/cluster"
	"sneakers23/replication/presence"
	"sneakers23/web/channel"
)

// Node is a running node. Start makes one; its owner calls Stop when it is no longer wanted, or
// when Done is closed.
type Node struct {
	cfg     Config
	log     *slog.Logger
	dir     *dataDir
	db      *store.Database
	stock   *inventory.Server
	front   *storefront.Server
	healer  *replication.Healer
	ledger  *ledger.Committer
	teller  *checkout.Teller
	orders  *checkout.Orders
	devices *devices.Store
	logs    *devices.Writer
	gateway *gatewayServer
	commits *commits
	shop    *shopServer
	cluster *cluster.Node
	others  *together
	limits  limits

	operator *operator.Operator

	madePassword string // for admins, when the node made one itself

	supervised <-chan error            // the end of the supervisor
	end        context.CancelCauseFunc // ends the services, and tells why
	services   context.Context         // lives as long as the services do; its cause is why they ended
	served     bool                    // they have come up, and clients may have connected
	draining   atomic.Bool
}

// Start brings a node up and returns when it is ready: the secrets and the listener first, so that
// a file that others may read and a port in use are told at once; then the database with its
// schema, the services, the pages, and last the file by which the command line finds the node. ctx
// bounds the start only.
func Start(ctx context.Context, cfg Config) (_ *Node, err error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	n := &Node{cfg: cfg, log: cfg.Log, limits: newLimits(cfg)}
	n.services, n.end = context.WithCancelCause(context.WithoutCancel(ctx))
	defer func() {
		if err != nil {
			err = errors.Join(err, n.Stop(context.WithoutCancel(ctx)))
		}
	}()
	if n.dir, err = openDataDir(cfg.DataDir); err != nil {
		return nil, err
	}
	secrets, err := n.secrets()
	if err != nil {
		return nil, err
	}
	password, err := n.adminPassword()
	if err != nil {
		return nil, err
	}
	if n.shop, err = newShopServer(ctx, cfg.Listen); err != nil {
		return nil, err
	}
	if n.gateway, err = newGatewayServer(ctx, cfg.GatewayListen); err != nil {
		return nil, err
	}
	if n.cfg.NodeName == "" {
		n.cfg.NodeName = defaultName(n.shop.listener)
	}
	database := store.Config{URL: cfg.DatabaseURL, DataDir: n.dir.path, BinDir: cfg.PostgresBin}
	if n.db, err = store.Open(ctx, database, n.log); err != nil {
		return nil, err
	}
	if err = n.db.Prepare(ctx, cfg.Seed); err != nil {
		return nil, err
	}
	if err = n.db.LogDurability(ctx); err != nil {
		return nil, err
	}
	if err = n.startServices(ctx, database.Name(), secrets, password); err != nil {
		return nil, err
	}
	if err = n.operator.Listen(n.services, n.cluster); err != nil {
		return nil, fmt.Errorf("take commands: %w", err)
	}
	if err = newPublisher(cfg.PublishTopics, cfg.NoLimits, n.shop.topics, n.log).listen(n.cluster); err != nil {
		return nil, fmt.Errorf("take what is published: %w", err)
	}
	if err = n.cluster.Announce(); err != nil {
		return nil, err
	}
	n.log.Info("node is ready", "replica", n.cfg.NodeName, "address", n.shop.listener.Addr().String())
	return n, nil
}

// startServices runs what lives under the supervisor, and returns when the catalog is loaded and
// the node is one of its cluster. A node that does not go with the others never serves a page.
func (n *Node) startServices(ctx context.Context, about string, secrets []string, password string) (err error) {
	stored := inventory.NewStore(n.db.Pool)
	watchers := inventory.NewDispatcher()
	n.stock = inventory.NewServer(stored, n.cfg.Levels, watchers, n.log)
	n.healer = replication.NewHealer(n.stock, stored.Rows, n.cfg.HealEvery, n.log)
	n.front = storefront.NewServer(storefront.Config{
		Store: storefront.NewStore(n.db.Pool), Every: n.cfg.HealEvery, Log: n.log,
	})
	n.commits = newCommits(func(ctx context.Context) error { return n.orders.TryWrite(ctx) }, n.log)
	n.ledger = ledger.New(ledger.Config{
		Pool: n.db.Sales, Inventory: n.stock, Log: n.log, MaxWaiting: maxWaiting, Attempted: n.commits.attempted,
	})
	scheduler := inventory.NewScheduler(n.stock, n.openDrop, n.log)
	n.orders = checkout.NewOrders(n.db.Pool, n.ledger)
	n.teller = checkout.NewTeller(checkout.TellerConfig{
		Ledger: n.ledger, Inventory: n.stock, Log: n.log, MaxLines: checkout.MostLines,
		OrderLines: n.cfg.CartLines, MaxWaiting: maxWaiting, Places: n.limits.purchases,
	})
	changes := replication.NewChanges(n.stock, n.healer, n.log)
	if n.cluster, err = cluster.Start(n.clusterConfig(about, secrets, n.db.Schema())); err != nil {
		return err
	}
	tracker, err := n.newTracker(n.cluster)
	if err != nil {
		return err
	}
	n.others = &together{
		node: n.cluster, changes: changes, applied: replication.NewApplied(), healer: n.healer, topics: n.shop.topics,
		tracker: tracker, front: n.front,
	}
	n.devices = devices.NewStore(devices.Config{Pool: n.db.Pool, Secrets: secrets, Log: n.log})
	n.logs = devices.NewWriter(devices.WriterConfig{
		Pool: n.db.Logs, Spool: filepath.Join(n.dir.path, logSpool), Log: n.log,
	})
	retention := devices.NewRetention(devices.RetentionConfig{Pool: n.db.Logs, Days: n.cfg.DeviceLogDays, Log: n.log})
	n.operator = operator.New(operator.Config{
		Inventory: n.stock, Front: n.front, Ledger: n.ledger, Store: stored, Orders: n.orders, Devices: n.devices,
		Healer: n.healer,
		Nodes:  n.others, Carts: tracker, Log: n.log,
		Audit: func(ctx context.Context) (ledger.Audit, error) { return ledger.Check(ctx, n.db.Pool) },
	})
	n.stock.OnCommitted(changes.Announce)
	if err := n.gateway.open(n, tracker); err != nil {
		return err
	}
	if err := n.shop.open(n, stored, secrets, password); err != nil {
		return err
	}
	n.others.exchange = newExchange(n.shop.carts.Exchange)
	n.others.tie(map[string]*channel.Server{askPoll: n.shop.sockets, askAdminPoll: n.shop.admins}, n.log)
	loaded := make(chan struct{})
	watchers.Add(scheduler.Watch)
	watchers.Add(n.shop.images.Watch) // before the pusher: what pages are told to show, is known
	watchers.Add(n.shop.pusher.Watch)
	watchers.Add(n.shop.board.Watch)
	watchers.Add(newReturns(n.log).Watch)
	watchers.Add(n.others.applied.Watch) // behind the pusher: what is applied, pages were told
	watchers.Add(closeOnce(loaded))

	s := newSupervisor(n.log, n.end)
	s.Add(n.cluster)
	if n.db.Private != nil {
		s.Add(n.db.Private)
	}
	n.supervised = s.ServeBackground(n.services)
	if err := n.cluster.Join(ctx); err != nil {
		return err
	}
	services := []suture.Service{
		n.stock, n.front, watchers, n.healer, changes, n.others.exchange, tracker, n.shop.board, n.shop.signIn,
		n.shop.unnamed, n.shop.images, scheduler, n.commits, n.ledger, n.teller, n.shop, n.logs, retention,
	}
	for _, service := range append(services, n.gateway.services()...) {
		s.Add(service)
	}
	if err := n.awaitFront(ctx); err != nil {
		return err
	}
	select {
	case <-loaded:
		n.served = true
		return nil
	case <-n.services.Done():
		return context.Cause(n.services)
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// awaitFront returns when the settings and pages of the shop are read.
func (n *Node) awaitFront(ctx context.Context) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	defer context.AfterFunc(n.services, func() { cancel(context.Cause(n.services)) })()
	return n.front.Wait(ctx)
}

// closeOnce is a watcher that tells of the first notice, which comes when the catalog is loaded.
func closeOnce(c chan<- struct{}) func(context.Context, inventory.Notice) {
	closed := false // watchers are called one at a time
	return func(context.Context, inventory.Notice) {
		if !closed {
			closed = true
			close(c)
		}
	}
}

// Name of the node among the others.
func (n *Node) Name() string { return n.cfg.NodeName }

// URL of the shop on this machine.
func (n *Node) URL() string { return shopURL(n.shop.listener.Addr()) }

// DevicesAddress is where devices connect, as host:port; empty when they can't.
func (n *Node) DevicesAddress() string { return n.gateway.address() }

// AdminURL is the dashboard on this machine.
func (n *Node) AdminURL() string { return n.URL() + "/admin" }

// MadePassword is the one of the user admin, if the node has made it itself; empty if it was given
// one.
func (n *Node) MadePassword() string { return n.madePassword }

// ClusterAddress is where other nodes reach this one, as host:port; empty when they don't.
func (n *Node) ClusterAddress() string { return n.cluster.Routes() }

// Database tells where the truth is, in words for an operator.
func (n *Node) Database() string { return n.db.Where() }

// Done is closed when the node has failed and must be stopped; Err tells why.
func (n *Node) Done() <-chan struct{} { return n.services.Done() }

// Err is why the node failed, nil while it has not.
func (n *Node) Err() error {
	if errors.Is(context.Cause(n.services), errStopped) {
		return nil
	}
	return context.Cause(n.services)
}

var errStopped = errors.New("node is stopped")

// Stop ends the node in order and returns when everything that it started has ended: it says that
// it is not ready and goes on accepting for DrainDelay; then sockets are closed in slices and
// requests finish; then purchases, the commands, the services, the pool and the private database.
// Work that is not done after StopWithin, or when ctx ends, is cut off.
func (n *Node) Stop(ctx context.Context) error {
	n.draining.Store(true)
	var errs []error
	if n.served { // a node that did not come up has no clients
		_ = sleep.For(ctx, n.cfg.DrainDelay)
	}
	ctx, cancel := context.WithTimeoutCause(ctx, n.cfg.StopWithin,
		fmt.Errorf("not stopped within %v", n.cfg.StopWithin))
	defer cancel()
	errs = append(errs, n.stopServing(ctx))
	if n.served {
		errs = append(errs, n.finishPurchases(ctx))
		// with its services, which have failed
		if err := n.others.tracker.GracefulPermdown(ctx); !errors.Is(err, presence.ErrStopped) {
			errs = append(errs, err)
		}
	}
	if n.cluster != nil {
		errs = append(errs, n.cluster.Stop(ctx))
	}
	n.end(errStopped)
	if n.supervised != nil {
		errs = append(errs, within(ctx, "services", func() { <-n.supervised }))
	}
	if n.db != nil {
		errs = append(errs, n.db.Close(ctx))
	}
	if n.dir != nil {
		errs = append(errs, n.dir.close())
	}
	return errors.Join(errs...)
}

// stopServing closes what shoppers, admins and devices are connected to, side by side.
func (n *Node) stopServing(ctx context.Context) error {
	devices := make(chan error, 1) // buffer 1: it may be done first
	go func() {
		if n.gateway == nil {
			devices <- nil
			return
		}
		devices <- n.gateway.stop(ctx)
	}()
	var err error
	if n.shop != nil {
		err = n.shop.stop(ctx)
	}
	return errors.Join(err, <-devices)
}

// finishPurchases returns when the operations that wait are committed or refused.
func (n *Node) finishPurchases(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(n.services, cancel)() // a node that has failed has no committer
	if err := n.ledger.Drain(ctx); err != nil && n.services.Err() == nil {
		return err
	}
	return nil
}

// within waits for what may not be waited for without end: it goes on in the background when ctx
// ends, and the process is about to end with it.
func within(ctx context.Context, what string, do func()) error {
	done := make(chan struct{})
	go func() {
		defer close(done)
		do()
	}()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("%s cut off: %w", what, context.Cause(ctx))
	}
}

// listen opens the port that a flag names, or says what to do.
func listen(ctx context.Context, flag, address, other string) (net.Listener, error) {
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", address)
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return nil, fmt.Errorf("%s %s: another program has this port; stop it, or choose another, like %s %s",
			flag, address, flag, other)
	case errors.Is(err, syscall.EACCES):
		return nil, fmt.Errorf("%s %s: not permitted; choose a port from 1024 on", flag, address)
	case err != nil:
		return nil, fmt.Errorf("%s %s: %w", flag, address, err)
	}
	return l, nil
}

// shopURL is how a browser on this machine reaches the address.
func shopURL(a net.Addr) string {
	tcp, ok := a.(*net.TCPAddr)
	if !ok {
		return "http://" + a.String()
	}
	host := tcp.IP.String()
	if tcp.IP.IsLoopback() || tcp.IP.IsUnspecified() {
		host = "localhost"
	}
	return fmt.Sprintf("http://%s", net.JoinHostPort(host, fmt.Sprint(tcp.Port)))
}

// defaultName of a node is its host and port, which no other node of the cluster has.
func defaultName(l net.Listener) string {
	host, err := os.Hostname()
	if err != nil || !nodeName.MatchString(host) || len(host) > 50 {
		host = "node"
	}
	_, port, _ := net.SplitHostPort(l.Addr().String()) // a listener's own address is well formed
	return host + "-" + port
}

// logSpool is the file of the data directory that keeps logs of devices from one run of a node to
// the next, when the database is away in between.
const logSpool = "device-logs.spool"
