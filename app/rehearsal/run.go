package rehearsal

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"sync"
	"time"
)

// Config of a rehearsal. URLs and Shoppers must be given; the zero value of every other field
// stands for its default.
type Config struct {
	URLs     []string      // of nodes, or of what stands before them; shoppers are spread over them
	Shoppers int           // MostShoppers at the most
	For      time.Duration // how long, or longer: until Limits can be judged; a minute
	AtMost   time.Duration // how long in any case; three times For, and 30 s at the least
	Limits   Limits        // what must have been measured before it ends; the zero value: nothing
	Ramp     time.Duration // within which they come; a fifth of For
	Think    time.Duration // pause between two deeds, in the mean; 2 s
	Buy      float64       // share of the deeds that are purchases; 0.05, negative for none
	// share of the shoppers who wait for a release, while a product is not released; 0.5, negative
	// for none
	Wait     float64
	Patience time.Duration // how long a shopper waits for an answer before that is a failure; 10 s

	// Releases happen meanwhile, in the order of After.
	Releases []Release

	AdminPassword string    // of the shop: then a dashboard is open meanwhile
	Record        io.Writer // gets what that is sent, a line for each frame with its time in ms; may be nil

	// Progress is told twice a second how things are, on Run's goroutine.
	Progress func(Progress)
}

// Release is one that happens during a rehearsal. It happens After its begin at the earliest, when
// the shoppers who should have come by then have done so, however slow the machine is.
type Release struct {
	After time.Duration
	Do    func(context.Context) error // called on Run's goroutine
}

// Progress is how a rehearsal goes.
type Progress struct {
	Left    time.Duration // until Config.For is over, and then until AtMost is
	Waiting []Shortage    // what is still to be measured, once For is over
	Here    int64         // shoppers
	Deeds   int64
	Orders  int64
	Failed  int64
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
	if c.AtMost == 0 {
		c.AtMost = AtMost(c.For)
	}
	if c.Limits == (Limits{}) {
		c.Limits.Errors = 1
	}
	if c.Patience == 0 {
		c.Patience = 10 * time.Second
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
	if c.Wait == 0 {
		c.Wait = 0.5
	}
	if c.Progress == nil {
		c.Progress = func(Progress) {}
	}
	return nil
}

// AtMost is how long a rehearsal waits for measurements unless it is told otherwise.
func AtMost(planned time.Duration) time.Duration { return max(3*planned, 30*time.Second) }

// rehearsal is one that runs.
type rehearsal struct {
	cfg    Config
	urls   []*url.URL // of cfg
	http   http.Transport
	shelf  shelf
	result measures

	dashboard *Dashboard // when one was open and has been closed
	out       bool       // every size was seen to be out
	looked    time.Time  // when soldOut asked the shop last
	released  int        // how many of the releases have happened; Run's goroutine counts
}

// shelf is what there is to look at.
type shelf struct {
	products []string          // ids
	pages    []string          // paths
	pageOfID map[string]string // of a product, its path
}

// pageOf is the page of a product, the home page if it has none.
func (s shelf) pageOf(id string) string { return cmp.Or(s.pageOfID[id], "/") }

// Run sends the shoppers, and returns their report after Config.For, and after what Config.Limits
// are about was measured often enough, or after AtMost. It returns earlier when ctx ends: that is
// no error. It is an error when there is no shop, or no product in it.
func Run(ctx context.Context, cfg Config) (Report, error) {
	if err := cfg.fill(); err != nil {
		return Report{}, err
	}
	urls, err := parseURLs(cfg.URLs)
	if err != nil {
		return Report{}, fmt.Errorf("rehearsal: %w", err)
	}
	r := &rehearsal{cfg: cfg, urls: urls, http: http.Transport{
		MaxConnsPerHost: mostConnections, MaxIdleConnsPerHost: mostConnections, IdleConnTimeout: time.Minute,
	}}
	r.result.errors, r.result.examples = make(map[string]int64), make(map[string]string)
	defer r.http.CloseIdleConnections()
	if err := r.look(ctx); err != nil {
		return Report{}, err
	}
	began := time.Now()
	// No deadline: contexts made of one with a deadline may end before it has, and that would look
	// like a failure.
	all, end := context.WithCancel(ctx)
	defer end()
	var here sync.WaitGroup
	if cfg.AdminPassword != "" {
		ws, opened, err := openDashboard(ctx, cfg.URLs[0], cfg.AdminPassword, cfg.Patience)
		if err != nil {
			return Report{}, fmt.Errorf("rehearsal: %w", err)
		}
		here.Go(func() { r.watch(all, ws, opened) })
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
	r.direct(all, began)
	end()
	<-gone
	report := r.result.report(cfg.Shoppers, time.Since(began))
	report.Dashboard = r.dashboard
	report.SoldOut = r.waitsForStock(report) && r.soldOut(context.WithoutCancel(ctx))
	return report, nil
}

// direct returns when the rehearsal is over, or ctx is.
func (r *rehearsal) direct(ctx context.Context, began time.Time) {
	tick := time.NewTicker(500 * time.Millisecond)
	defer tick.Stop()
	planned := time.NewTimer(r.cfg.For)
	defer planned.Stop()
	most := time.NewTimer(r.cfg.AtMost)
	defer most.Stop()
	for over := false; ; {
		select {
		case <-planned.C:
			over = true
		case <-tick.C:
		case <-most.C:
			return
		case <-ctx.Done():
			return
		}
		r.release(ctx, began)
		now := r.progress(began)
		if over {
			report := r.result.report(r.cfg.Shoppers, time.Since(began))
			v := report.Judge(r.cfg.Limits)
			if v.Outcome != TooFew || r.waitsForStock(report) && r.soldOut(ctx) {
				return
			}
			now.Left, now.Waiting = max(0, r.cfg.AtMost-time.Since(began)), v.TooFew
		}
		r.cfg.Progress(now)
	}
}

// waitsForStock reports whether all that was measured too seldom for a verdict needs something to
// buy.
func (r *rehearsal) waitsForStock(so Report) bool {
	few := so.Judge(r.cfg.Limits).TooFew
	return len(few) > 0 && !slices.ContainsFunc(few, func(s Shortage) bool { return !s.NeedsStock() })
}

// release does the releases that are due.
func (r *rehearsal) release(ctx context.Context, began time.Time) {
	for r.released < len(r.cfg.Releases) && ctx.Err() == nil {
		next, took := r.cfg.Releases[r.released], time.Since(began)
		expected := int64(r.cfg.Shoppers)
		if next.After < r.cfg.Ramp {
			expected = int64(float64(expected) * float64(next.After) / float64(r.cfg.Ramp))
		}
		if took < next.After || r.result.settled.Load() < expected && took < next.After+r.cfg.Patience {
			return
		}
		r.released++
		if err := next.Do(ctx); err != nil && ctx.Err() == nil {
			r.result.fail("release", err)
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
	sizeButtons  = regexp.MustCompile(`<button class="size-container__entry[^"]*" name="item_id" value="(\d+)"[^>]*>`)
	disabled     = regexp.MustCompile(`\sdisabled[\s=>]`)
	productPages = regexp.MustCompile(`data-product-id="(\d+)"[^>]*>|href="(/products/[^"?#]+)"`)
	productLinks = regexp.MustCompile(`href="(/products/[^"?#]+)"`)
)

// look finds out what there is.
func (r *rehearsal) look(ctx context.Context) error {
	first := r.shopper(0)
	page, err := first.fetch(ctx, "/")
	if err != nil {
		return fmt.Errorf("rehearsal: there is no shop at %s: %w", first.origin, err)
	}
	all := func(hook *regexp.Regexp) (found []string) {
		for _, m := range hook.FindAllStringSubmatch(page, -1) {
			found = append(found, m[1])
		}
		slices.Sort(found)
		return slices.Compact(found)
	}
	r.shelf = shelf{products: all(productHooks), pages: append(all(productLinks), "/"), pageOfID: pagesOfProducts(page)}
	if len(r.shelf.products) == 0 {
		return fmt.Errorf("rehearsal: the shop at %s shows no product", first.origin)
	}
	return nil
}

// pagesOfProducts finds the page of each product: the first link in its block.
func pagesOfProducts(page string) map[string]string {
	pages, id := make(map[string]string), ""
	for _, m := range productPages.FindAllStringSubmatch(page, -1) {
		switch {
		case m[1] != "":
			id = m[1]
		case id != "" && pages[id] == "":
			pages[id] = m[2]
		}
	}
	return pages
}

// glance bounds a look at the home page, so that a shop that is silent does not keep a rehearsal
// from its end. glanceEvery is the pause between two looks.
const (
	glance      = 2 * time.Second
	glanceEvery = 5 * time.Second
)

// soldOut looks whether all sizes are out, and remembers it. It reports false when the shop does
// not answer. It is called on Run's goroutine.
func (r *rehearsal) soldOut(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(ctx, glance)
	defer cancel()
	if !r.out && time.Since(r.looked) > glanceEvery {
		r.looked = time.Now()
		a, err := r.shopper(0).requestOnce(ctx, http.MethodGet, "/", nil)
		r.out = err == nil && allOut(a.body)
	}
	return r.out
}

// allOut reports whether the page has sizes, and none of them can be chosen.
func allOut(page string) bool {
	buttons := sizeButtons.FindAllString(page, -1)
	return len(buttons) > 0 && !slices.ContainsFunc(buttons, func(b string) bool { return !disabled.MatchString(b) })
}
