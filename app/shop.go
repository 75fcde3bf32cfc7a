package app

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"sneakers23/app/operator"
	"sneakers23/assets"
	"sneakers23/checkout"
	"sneakers23/inventory"
	"sneakers23/replication/pubsub"
	"sneakers23/templates"
	"sneakers23/web"
	"sneakers23/web/admin"
	"sneakers23/web/admin/drops"
	"sneakers23/web/admin/products"
	"sneakers23/web/admin/shopfront"
	"sneakers23/web/channel"
	"sneakers23/web/forwarded"
	"sneakers23/web/images"
	"sneakers23/web/quota"
	"sneakers23/web/shop"
	"sneakers23/web/tally"
)

// shopServer is the HTTP side of a node. It is a service: see Serve.
type shopServer struct {
	listener net.Listener
	assets   *assets.Set
	topics   *pubsub.PubSub
	sockets  *channel.Server // of shoppers
	admins   *channel.Server // sockets of admins
	board    *admin.Board    // of their dashboards
	signIn   *admin.SignIn   // to them
	feed     *channel.Feed
	pusher   *shop.Pusher
	carts    *shop.Carts
	images   *images.Images // of the products; a service of its own
	unnamed  *tally.Tally   // proxies that were not named; a service of its own
	http     *http.Server   // nil until open
}

// newShopServer opens the port, so that one in use is told at once. Nothing is served before Serve.
func newShopServer(ctx context.Context, listenAddress string) (*shopServer, error) {
	built, err := assets.Open()
	if err != nil {
		return nil, err
	}
	listener, err := listen(ctx, "--listen", listenAddress, "127.0.0.1:4001")
	if err != nil {
		return nil, err
	}
	return &shopServer{listener: listener, assets: built, topics: pubsub.New()}, nil
}

// secrets sign cookies and tokens.
func (n *Node) secrets() ([]string, error) {
	if len(n.cfg.Secrets) > 0 {
		return n.cfg.Secrets, nil
	}
	own, err := n.dir.secret()
	return []string{own}, err
}

// openSockets counts the sockets of shoppers and admins.
func (s *shopServer) openSockets() int {
	if s.sockets == nil || s.admins == nil {
		return 0 // not open yet
	}
	return s.sockets.Sockets() + s.admins.Sockets()
}

// open builds pages, sockets and routes.
func (s *shopServer) open(n *Node, stored *inventory.Store, secrets []string, adminPassword string) error {
	proxies, err := forwarded.Parse(n.cfg.TrustedProxies)
	if err != nil {
		return err
	}
	sessions, err := shop.NewSessions(secrets, proxies.Scheme)
	if err != nil {
		return err
	}
	set, err := templates.Parse(s.assets.URL)
	if err != nil {
		return err
	}
	tokens, err := checkout.NewTokens(secrets)
	if err != nil {
		return err
	}
	cartRate := float64(n.cfg.CartRate)
	if n.cfg.NoLimits {
		cartRate = -1
	}
	s.carts = shop.NewCarts(shop.CartsConfig{
		Tokens: tokens, PubSub: s.topics, MaxLines: n.cfg.CartLines, PerSecond: cartRate,
	})
	pages := shop.NewPages(shop.PagesConfig{
		Shelf: n.stock, Front: n.front, Templates: set, Asset: s.assets.URL, Sessions: sessions, Carts: s.carts,
	})
	s.images = images.New(images.Config{
		Catalog: n.stock.Catalog, Read: stored.Rendition, MaxBytes: n.cfg.ImageMemory << 20, Log: n.log,
		Also: func(name string) bool { return n.front.Look().Settings().Shows(name) },
	})
	s.pusher = shop.NewPusher(pages, s.topics, n.log)
	banner := shop.NewBanner(n.front, s.topics)
	n.front.Watch(banner.Watch)
	tracked := shop.NewShoppers(n.others.tracker, admin.CartTracker, n.log)
	shoppers := s.socketConfig(n, proxies, askPoll)
	shoppers.Connect = shop.Connect
	if n.cfg.NoLimits {
		shoppers.Connect = shop.ConnectUnlimited
	}
	shoppers.Routes = []channel.Route{
		shop.ShopRoute(banner), shop.ProductRoute(s.pusher), shop.CartRoute(s.pusher, s.carts, tracked),
	}
	shoppers.MaxQueue, shoppers.MaxChannels, shoppers.MaxMailbox = n.cfg.MaxQueue, shopperChannels, shopperMailbox
	if s.sockets, err = channel.New(shoppers); err != nil {
		return err
	}
	dashboard, err := s.openAdmin(n, proxies, set, secrets, adminPassword)
	if err != nil {
		return err
	}
	s.unnamed = newUnnamed(n, s.board)
	s.feed, err = channel.NewFeed(channel.FeedConfig{
		PubSub:      s.topics,
		Log:         n.log,
		Public:      shop.PublicTopics,
		State:       s.pusher.State,
		ErrorStatus: web.ErrorStatus,
		Origins:     n.cfg.Origins,
		Scheme:      proxies.Scheme,
		Client:      clientOf(proxies),
		Readers:     n.limits.feeds,
		Ping:        n.cfg.FeedPing,
		DrainShare:  n.cfg.DrainShare,
		DrainLeast:  n.cfg.DrainLeast,
		MaxQueue:    n.cfg.MaxQueue,
	})
	if err != nil {
		return err
	}
	handler, err := web.New(web.Config{
		Log:           n.log,
		Pages:         pages,
		Images:        s.images,
		Checkout:      shop.NewCheckout(pages, n.teller, n.orders, n.log),
		Templates:     set,
		Assets:        s.assets,
		Metrics:       s.metrics(n),
		Ready:         n.ready,
		ProductSocket: s.sockets,
		Admin:         dashboard,
		Drops: drops.New(drops.Config{
			Catalog: n.stock.Catalog, Templates: set, Desk: operator.DropDesk{Operator: n.operator},
			Zone: func() string { return n.front.Look().Settings().Zone },
		}),
		Products: products.New(products.Config{
			Catalog: n.stock.Catalog, Templates: set, Asset: s.assets.URL,
			Desk: operator.ProductDesk{Operator: n.operator},
		}),
		Shopfront: shopfront.New(shopfront.Config{
			Look: n.front.Look, Templates: set, Sheet: shop.SheetOf, Desk: operator.ShopDesk{Operator: n.operator},
		}),
		AdminSocket: s.admins,
		Feed:        s.feed,
		Origins:     n.cfg.Origins,
		Proxies:     proxies,
		Unnamed:     func(peer netip.Addr) { s.unnamed.Note(quota.Network(peer)) },
	})
	if err != nil {
		return err
	}
	s.http = handler.HTTPServer()
	s.http.ConnState = newGate(n.limits.connections, proxies).changed
	return nil
}

// clientOf counts requests by who asked.
func clientOf(proxies forwarded.Proxies) func(*http.Request) netip.Prefix {
	return func(r *http.Request) netip.Prefix { return quota.Network(proxies.Client(r)) }
}

// newUnnamed reports proxies that the operator did not name, in the log and on the dashboard. All
// shoppers behind one of them are one address, and share the places of one.
func newUnnamed(n *Node, board *admin.Board) *tally.Tally {
	return tally.New(func(peer netip.Prefix, count int) {
		n.log.Warn("this address looks like a proxy, since it sends X-Forwarded-For: see --trusted-proxies",
			"address", quota.Name(peer), "requests", count)
		board.LooksLikeProxy(quota.Name(peer))
	})
}

// socketConfig is what the sockets of shoppers and admins have in common. Other nodes ask for their
// long-poll sessions by the question of that name.
func (s *shopServer) socketConfig(n *Node, proxies forwarded.Proxies, question string) channel.Config {
	return channel.Config{
		PubSub:        s.topics,
		Log:           n.log,
		ErrorResponse: web.ErrorResponse,
		Origins:       n.cfg.Origins,
		Scheme:        proxies.Scheme,
		Client:        clientOf(proxies),
		Sockets:       n.limits.sockets,
		Polls:         n.limits.polls,
		MaxPolls:      maxPolls,
		Node:          n.cfg.NodeName,
		AskNode:       n.others.asks(question),
		Epoll:         n.cfg.Epoll,
		Timeout:       n.cfg.SocketTimeout,
		MaxFrame:      n.cfg.MaxFrame,
		DrainShare:    n.cfg.DrainShare,
		DrainLeast:    n.cfg.DrainLeast,
	}
}

// shopperMailbox is more than a second of what a wild tab may send, so that its cart says too_fast,
// and not the channel too busy.
const shopperMailbox = 512

// shopperChannels is how many topics a shopper's socket may join: one for each product, the
// cart, and the shop. Of carts it may join fewer, see [shop.Connect].
const shopperChannels = 1000

// metrics are what the node itself knows; the HTTP server adds its own.
func (s *shopServer) metrics(n *Node) *prometheus.Registry {
	r := prometheus.NewRegistry()
	r.MustRegister(
		collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "sneakers23_product_sockets", Help: "Open sockets of shoppers.",
		}, func() float64 { return float64(s.sockets.Sockets()) }),
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "sneakers23_admin_sockets", Help: "Open sockets of admins.",
		}, func() float64 { return float64(s.admins.Sockets()) }),
		feedReaders("websocket", func() int { return s.feed.Stats().WebSockets }),
		feedReaders("sse", func() int { return s.feed.Stats().Streams }),
		prometheus.NewCounterFunc(prometheus.CounterOpts{
			Name: "sneakers23_feed_too_slow_total",
			Help: "Readers of feeds that were closed because they did not keep up.",
		}, func() float64 { return float64(s.feed.Stats().TooSlow) }),
		prometheus.NewCounterFunc(prometheus.CounterOpts{
			Name: "sneakers23_cluster_dropped_total", Help: "Messages to the other nodes that NATS did not take.",
		}, func() float64 { return float64(n.cluster.Dropped()) }),
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "sneakers23_ledger_waiting",
			Help: "Sales and other changes of stock that wait for the next transaction.",
		}, func() float64 { return float64(n.ledger.Waiting()) }),
		prometheus.NewCounterFunc(prometheus.CounterOpts{
			Name: "sneakers23_stock_breaches_total",
			Help: "Items that this node has frozen because their counts contradicted their movements.",
		}, func() float64 { return float64(n.ledger.Frozen()) }),
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "sneakers23_frozen_items", Help: "Items that are sold no more until their count is corrected.",
		}, func() float64 { return float64(frozen(n.stock.Catalog().All())) }),
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "sneakers23_image_bytes", Help: "Bytes of images in memory.",
		}, func() float64 { return float64(s.images.Bytes()) }),
		prometheus.NewCounterFunc(prometheus.CounterOpts{
			Name: "sneakers23_image_reads_total", Help: "Images that were read from the database.",
		}, func() float64 { return float64(s.images.Reads()) }),
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "sneakers23_catalog_revision", Help: "Highest revision in the catalog of this node.",
		}, func() float64 { return float64(n.stock.Catalog().Revision()) }),
	)
	r.MustRegister(n.limits.collectors()...)
	r.MustRegister(n.gateway.collectors()...)
	return r
}

// frozen counts the items that are frozen.
func frozen(c *inventory.Catalog) (n int) {
	for p := range c.Products() {
		for _, it := range p.Items {
			if it.Frozen {
				n++
			}
		}
	}
	return n
}

// feedReaders counts the readers of one kind.
func feedReaders(transport string, count func() int) prometheus.Collector {
	return prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "sneakers23_feed_readers", Help: "Open readers of feeds.",
		ConstLabels: prometheus.Labels{"transport": transport},
	}, func() float64 { return float64(count()) })
}

// String names the service in logs.
func (s *shopServer) String() string { return "app.shopServer" }

// Serve answers requests until stop is called.
func (s *shopServer) Serve(ctx context.Context) error {
	err := s.http.Serve(s.listener)
	if errors.Is(err, http.ErrServerClosed) {
		<-ctx.Done() // stop has closed it, and the other services end soon
		return context.Cause(ctx)
	}
	return fmt.Errorf("serve: %w", err)
}

// stop closes sockets and feeds in slices, lets requests finish and takes no more, in an orderly
// way until ctx ends.
func (s *shopServer) stop(ctx context.Context) error {
	defer s.listener.Close() // of one that never served
	if s.http == nil {
		return nil
	}
	drained := make(chan error, 2) // buffer 2: all three drain in the same time
	go func() { drained <- s.feed.Drain(ctx) }()
	go func() { drained <- s.admins.Drain(ctx) }()
	return errors.Join(s.sockets.Drain(ctx), <-drained, <-drained, s.http.Shutdown(ctx), s.http.Close())
}
