package rehearsal

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"regexp"
	"slices"
	"sync"
	"time"

	"github.com/gorilla/websocket"
)

// Config of a rehearsal. URLs and Shoppers must be given; the zero value of every other field stands for its default.
type Config struct {
	URLs     []string      // of nodes, or of what stands before them; shoppers are spread over them
	Shoppers int           // MostShoppers at the most
	For      time.Duration // how long; a minute
	Ramp     time.Duration // within which they come; a fifth of For
	Think    time.Duration // pause between two deeds, in the mean; 2 s
	Buy      float64       // share of the deeds that are purchases; 0.05, negative for none

	AdminPassword string    // of the shop: then a dashboard is open meanwhile
	Record        io.Writer // gets what that is sent, a line for each frame with its time in ms; nil for nobody

	// Progress is told twice a second how things are, on Run's goroutine.
	Progress func(Progress)
}

// Progress is how a rehearsal goes.
type Progress struct {
	Left   time.Duration
	Here   int64 // shoppers
	Deeds  int64
	Orders int64
	Failed int64
}

func (c *Config) fill() error {
	switch {
	case len(c.URLs) == 0:
		return errors.New("rehearsal: no URL to go to")
	case c.Shoppers < 1 || c.Shoppers > MostShoppers:
		return fmt.Errorf("rehearsal: from 1 to %d shoppers", MostShoppers)
	}
	if c.For == 0 {
		c.For = time.Minute
	}
	if c.Ramp == 0 {
		c.Ramp = c.For / 5
	}
	if c.Think == 0 {
		c.Think = 2 * time.Second
	}
	if c.Buy == 0 {
		c.Buy = 0.05
	}
	if c.Progress == nil {
		c.Progress = func(Progress) {}
	}
	return nil
}

// rehearsal is one that runs.
type rehearsal struct {
	cfg    Config
	http   http.Transport
	shelf  shelf
	result measures

	dashboard *Dashboard // when one was open and has been closed
}

// watch is one more goroutine among the shoppers.
func (r *rehearsal) watch(ctx context.Context, ws *websocket.Conn) {
	d, err := watch(ctx, ws, r.cfg.Record)
	if err != nil {
		r.result.fail("dashboard", err)
	}
	r.dashboard = &d
}

// shelf is what there is to buy.
type shelf struct {
	products []string // ids
	items    []int64
	pages    []string // paths
}

// Run sends the shoppers, and returns their report after Config.For, or when ctx ends: that is no error. It is an error when
// there is no shop, or nothing in it that could be put into a cart.
func Run(ctx context.Context, cfg Config) (Report, error) {
	if err := cfg.fill(); err != nil {
		return Report{}, err
	}
	r := &rehearsal{cfg: cfg, http: http.Transport{
		MaxConnsPerHost: mostConnections, MaxIdleConnsPerHost: mostConnections, IdleConnTimeout: time.Minute,
	}}
	r.result.errors, r.result.examples = make(map[string]int64), make(map[string]string)
	defer r.http.CloseIdleConnections()
	if err := r.look(ctx); err != nil {
		return Report{}, err
	}
	began := time.Now()
	// No deadline: contexts made of one with a deadline may end before it has, and that would look like a failure.
	all, cancel := context.WithCancel(ctx)
	defer cancel()
	defer time.AfterFunc(cfg.For, cancel).Stop()
	var here sync.WaitGroup
	if cfg.AdminPassword != "" {
		ws, err := openDashboard(ctx, cfg.URLs[0], cfg.AdminPassword)
		if err != nil {
			return Report{}, fmt.Errorf("rehearsal: %w", err)
		}
		here.Go(func() { r.watch(all, ws) })
	}
	for i := range cfg.Shoppers {
		comes := time.Duration(rand.Float64() * float64(cfg.Ramp))
		here.Go(func() { r.shopper(i).live(all, comes) })
	}
	gone := make(chan struct{})
	go func() {
		defer close(gone)
		here.Wait()
	}()
	tick := time.NewTicker(500 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			cfg.Progress(r.progress(began))
		case <-gone:
			report := r.result.report(cfg.Shoppers, time.Since(began))
			report.Dashboard = r.dashboard
			return report, nil
		}
	}
}

// mostConnections is how many requests may be under way at one node.
const mostConnections = 256

func (r *rehearsal) progress(began time.Time) Progress {
	p := Progress{
		Left: max(0, r.cfg.For-time.Since(began)), Here: r.result.here.Load(), Deeds: r.result.deeds.Load(),
		Orders: r.result.orders.Load(),
	}
	r.result.mu.Lock()
	defer r.result.mu.Unlock()
	for _, n := range r.result.errors {
		p.Failed += n
	}
	return p
}

// The hooks of pages, of which the shop's contract tells.
var (
	productHooks = regexp.MustCompile(`class="product-listing[^"]*"[^>]* data-product-id="(\d+)"`)
	sizeHooks    = regexp.MustCompile(`name="item_id" value="(\d+)"`)
	productLinks = regexp.MustCompile(`href="(/products/[^"?#]+)"`)
)

// look finds out what there is.
func (r *rehearsal) look(ctx context.Context) error {
	first := r.shopper(0)
	page, err := first.get(ctx, "/")
	if err != nil {
		return fmt.Errorf("rehearsal: there is no shop at %s: %w", first.base, err)
	}
	all := func(hook *regexp.Regexp) (found []string) {
		for _, m := range hook.FindAllStringSubmatch(page, -1) {
			found = append(found, m[1])
		}
		slices.Sort(found)
		return slices.Compact(found)
	}
	r.shelf = shelf{products: all(productHooks), pages: append(all(productLinks), "/")}
	for _, id := range all(sizeHooks) {
		r.shelf.items = append(r.shelf.items, number(id))
	}
	if len(r.shelf.items) == 0 {
		return fmt.Errorf("rehearsal: the shop at %s shows no size to choose: release a product first", first.base)
	}
	return nil
}
