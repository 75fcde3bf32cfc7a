package states

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"sync"

	"github.com/prometheus/client_golang/prometheus"

	"sneakers23/assets"
	"sneakers23/checkout"
	"sneakers23/inventory"
	"sneakers23/inventory/storefront"
	"sneakers23/replication/presence"
	"sneakers23/replication/pubsub"
	"sneakers23/templates"
	"sneakers23/web"
	"sneakers23/web/admin"
	"sneakers23/web/admin/drops"
	"sneakers23/web/admin/fleet"
	"sneakers23/web/admin/products"
	"sneakers23/web/admin/shopfront"
	"sneakers23/web/channel"
	"sneakers23/web/images"
	"sneakers23/web/shop"
)

const (
	secret   = "a secret of the gallery, which guards nothing"
	password = "a password of the gallery"
)

// parts are what all shops of a gallery share.
type parts struct {
	log       *slog.Logger
	assets    *assets.Set
	templates *templates.Set
}

// settings say what a state's shop is.
type settings struct {
	stock     func() *stock           // usual, if it is nil
	closed    bool                    // the catalog was not read yet
	broken    bool                    // every page fails
	offline   bool                    // no socket can connect
	forgetful bool                    // the browser keeps no cookies
	busy      bool                    // the dashboard has much to show
	away      bool                    // the dashboard's database is
	edited    bool                    // another admin has saved what an admin saves
	front     func() *storefront.Look // that of a new shop, if it is nil
}

// Look is what the state's shop looks like.
func (s settings) Look() *storefront.Look {
	if s.front == nil {
		return storefront.NewLook(1, storefront.Settings{})
	}
	return s.front()
}

// A stage is the shop of one state, while it runs.
type stage struct {
	settings
	shelf   *shelf
	desk    *desk
	handler http.Handler

	pusher  *shop.Pusher
	images  *images.Images
	board   *admin.Board
	kiosks  kiosks
	sockets []*channel.Server
	end     context.CancelFunc
	served  sync.WaitGroup
}

// open builds and starts a shop. Its owner must close it.
func (pl parts) open(s settings) (*stage, error) {
	sh := &stage{settings: s, shelf: &shelf{broken: s.broken}}
	sh.desk = &desk{shelf: sh.shelf}
	sessions, err := shop.NewSessions([]string{secret}, scheme)
	if err != nil {
		return nil, err
	}
	tokens, err := checkout.NewTokens([]string{secret})
	if err != nil {
		return nil, err
	}
	tracker, err := presence.New(presence.Options{Name: "gallery"})
	if err != nil {
		return nil, err
	}
	topics := pubsub.New()
	carts := shop.NewCarts(shop.CartsConfig{Tokens: tokens, PubSub: topics})
	pages := shop.NewPages(shop.PagesConfig{
		Shelf: sh.shelf, Front: sh, Templates: pl.templates, Asset: pl.assets.URL, Sessions: sessions, Carts: carts,
	})
	sh.pusher = shop.NewPusher(pages, topics, pl.log)
	sh.images = images.New(images.Config{
		Catalog: sh.shelf.Catalog, Read: readPhoto, MaxBytes: 8 << 20, Log: pl.log,
		Also: sh.Look().Settings().Shows,
	})
	cfg := web.Config{
		Log: pl.log, Pages: pages, Images: sh.images, Checkout: shop.NewCheckout(pages, sh.desk, sh.desk, pl.log),
		Templates: pl.templates, Assets: pl.assets, Metrics: prometheus.NewRegistry(),
	}
	shoppers := shop.NewShoppers(tracker, admin.CartTracker, pl.log)
	routes := []channel.Route{
		shop.ShopRoute(shop.NewBanner(sh, topics)), shop.ProductRoute(sh.pusher),
		shop.CartRoute(sh.pusher, carts, shoppers),
	}
	admins, adminRoutes, err := sh.openAdmin(pl, &cfg, topics, tracker)
	if err != nil {
		return nil, err
	}
	if cfg.ProductSocket, err = sh.socket(pl, topics, shop.Connect, routes); err == nil {
		cfg.AdminSocket, err = sh.socket(pl, topics, admins.Connect, adminRoutes)
	}
	if err != nil {
		return nil, errors.Join(err, sh.close())
	}
	if s.offline {
		cfg.ProductSocket, cfg.AdminSocket = http.HandlerFunc(cut), http.HandlerFunc(cut)
	}
	handler, err := web.New(cfg)
	if err != nil {
		return nil, errors.Join(err, sh.close())
	}
	sh.handler = handler
	sh.start(tracker)
	return sh, nil
}

// cut breaks the connection, as a network does that is away.
func cut(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }

func scheme(*http.Request) string { return "http" }

func (sh *stage) socket(
	pl parts, topics *pubsub.PubSub, connect func(channel.ConnectInfo) (any, error), routes []channel.Route,
) (http.Handler, error) {
	server, err := channel.New(channel.Config{
		PubSub: topics, Log: pl.log, Connect: connect, Routes: routes, ErrorResponse: web.ErrorResponse,
		MaxQueue: 1 << 20,
	})
	if err != nil {
		return nil, err
	}
	sh.sockets = append(sh.sockets, server)
	return server, nil
}

// openAdmin puts the dashboard's page into the config, and returns what its socket is made of.
func (sh *stage) openAdmin(
	pl parts, cfg *web.Config, topics *pubsub.PubSub, tracker *presence.Tracker,
) (*admin.Tokens, []channel.Route, error) {
	signIn, err := admin.NewSignIn(admin.SignInConfig{
		Secrets: []string{secret}, Password: password, Scheme: scheme, Log: pl.log,
	})
	if err != nil {
		return nil, nil, err
	}
	tokens, err := admin.NewTokens([]string{secret}, password)
	if err != nil {
		return nil, nil, err
	}
	sh.board = admin.NewBoard(admin.BoardConfig{
		Catalog: sh.shelf.Catalog, ShopTime: sh.shelf.ShopTime, Orders: book{sh.busy}, Journal: past{sh.busy},
		Nodes: nodesOf(sh.busy), Fault: func(context.Context) admin.Fault { return "" },
		Topics: topics, Log: pl.log,
	})
	cfg.Drops = drops.New(drops.Config{
		Catalog: sh.shelf.Catalog, Templates: pl.templates, Desk: plans{sh.busy, sh.away},
		Zone: func() string { return "Europe/Berlin" },
	})
	cfg.Products = products.New(products.Config{
		Catalog: sh.shelf.Catalog, Templates: pl.templates, Asset: pl.assets.URL, Desk: counter{sh.edited},
	})
	cfg.Shopfront = shopfront.New(shopfront.Config{
		Look: sh.Look, Templates: pl.templates, Sheet: shop.SheetOf, Desk: office{sh.edited},
	})
	cfg.Admin = admin.NewPages(sh.shelf, pl.templates, pl.assets.URL, signIn, tokens)
	sh.kiosks = kiosks{sh.busy, sh.away}
	return tokens, append(admin.Routes(tokens, tracker, sh.board, idle{}), fleet.Route(fleet.Config{
		KeepFresh: tokens.KeepFresh, Store: sh.kiosks, Tracker: tracker, Desk: sh.kiosks, Log: pl.log,
	})), nil
}

// start fills the shelf, and runs what a node runs beside its pages.
func (sh *stage) start(tracker *presence.Tracker) {
	switch {
	case sh.closed || sh.broken:
		sh.shelf.close()
	case sh.stock != nil:
		sh.put(sh.stock())
	default:
		sh.put(usual())
	}
	if sh.busy {
		sh.board.Diff(crowd())
		sh.put(busyStock())
	}
	ctx, end := context.WithCancel(context.Background())
	sh.end = end
	sh.served.Go(func() { _ = tracker.Serve(ctx) })
	sh.kiosks.connect(ctx, tracker)
	if !sh.broken {
		sh.served.Go(func() { _ = sh.board.Serve(ctx) })
	}
}

// put changes the stock, and pushes the change to the pages that are open.
func (sh *stage) put(st *stock) {
	before := sh.shelf.catalog.Load()
	now := sh.shelf.put(st)
	notice := inventory.Notice{Catalog: now}
	notice.Products, notice.Items = rowsOf(now)
	if before != nil {
		products, items := rowsOf(before)
		notice.Products = append(notice.Products, products...)
		notice.Items = append(notice.Items, items...)
	}
	sh.images.Watch(context.Background(), notice)
	sh.pusher.Watch(context.Background(), notice)
	sh.board.Watch(context.Background(), notice)
}

func rowsOf(c *inventory.Catalog) (products []inventory.ProductID, items []inventory.ItemID) {
	for p := range c.Products() {
		products = append(products, p.ID)
		for _, it := range p.Items {
			items = append(items, it.ID)
		}
	}
	return products, items
}

// close ends the shop, and waits for its end.
func (sh *stage) close() error {
	for _, s := range sh.sockets {
		s.Close()
	}
	if sh.end != nil {
		sh.end()
	}
	sh.served.Wait()
	return nil
}
