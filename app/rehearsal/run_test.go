package rehearsal

import (
	"context"
	"maps"
	"net"
	"net/url"
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

// TestDirect ends a rehearsal when it can be judged, and not before its time, whatever is measured
// until then.
func TestDirect(t *testing.T) {
	t.Parallel()
	const sec = time.Second
	for name, tt := range map[string]struct {
		repliesEvery, pushesEvery time.Duration // 0: never
		failsAt, ctrlC            time.Duration // 0: never
		ends                      time.Duration // up to half a second later
		waiting                   string        // what is shown at last
	}{
		"enough in time": {repliesEvery: sec, pushesEvery: sec, ends: 30 * sec},
		"enough later": {
			repliesEvery: sec, pushesEvery: 2 * sec, ends: 40 * sec, waiting: "push: 19 measured, 20 needed",
		},
		"never enough":     {repliesEvery: sec, ends: 90 * sec, waiting: "push: 0 measured, 20 needed"},
		"a failure before": {repliesEvery: sec, failsAt: 5 * sec, ends: 30 * sec},
		"a failure while late": {
			repliesEvery: sec, failsAt: 45 * sec, ends: 45 * sec, waiting: "push: 0 measured, 20 needed",
		},
		"Ctrl-C": {repliesEvery: sec, ctrlC: 7 * sec, ends: 7 * sec},
		"Ctrl-C while late": {
			repliesEvery: sec, ctrlC: 37 * sec, ends: 37 * sec, waiting: "push: 0 measured, 20 needed",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				waiting := ""
				r := &rehearsal{urls: []*url.URL{{Scheme: "http", Host: "shop"}}, cfg: Config{
					For: 30 * sec, AtMost: AtMost(30 * sec),
					Limits: Limits{Reply: sec, Push: sec, Errors: 0.01, AtLeast: 20},
					Progress: func(p Progress) {
						if len(p.Waiting) > 1 {
							t.Errorf("waits for %v", p.Waiting)
						} else if len(p.Waiting) > 0 {
							waiting = p.Waiting[0].String()
						}
					},
				}}
				r.result.errors, r.result.examples = make(map[string]int64), make(map[string]string)
				r.result.deeds.Store(20)
				r.http.DialContext = func(context.Context, string, string) (net.Conn, error) {
					return nil, net.ErrClosed
				}
				happens := func(every time.Duration, h *histogram) {
					if every == 0 {
						return
					}
					go func() {
						for tick := time.NewTicker(every); ctx.Err() == nil; {
							select {
							case <-tick.C:
								h.add(time.Millisecond)
							case <-ctx.Done():
							}
						}
					}()
				}
				happens(tt.repliesEvery, &r.result.reply)
				happens(tt.pushesEvery, &r.result.push)
				if tt.failsAt > 0 {
					time.AfterFunc(tt.failsAt, func() { r.result.fail("page", nil) })
				}
				if tt.ctrlC > 0 {
					time.AfterFunc(tt.ctrlC, cancel)
				}
				began := time.Now()
				r.direct(ctx, began)
				if took := time.Since(began); took < tt.ends || took > tt.ends+sec/2 {
					t.Errorf("it ended after %v, want %v", took, tt.ends)
				}
				if waiting != tt.waiting {
					t.Errorf("waited at last for %q, want %q", waiting, tt.waiting)
				}
			})
		})
	}
}

func TestAtMost(t *testing.T) {
	t.Parallel()
	for planned, want := range map[time.Duration]time.Duration{
		time.Second: 30 * time.Second, time.Minute: 3 * time.Minute,
	} {
		if got := AtMost(planned); got != want {
			t.Errorf("of %v: %v, want %v", planned, got, want)
		}
	}
}

func TestAllOut(t *testing.T) {
	t.Parallel()
	const (
		in      = `<button class="size-container__entry a" name="item_id" value="1" title="few">6</button>`
		out     = `<button class="size-container__entry" name="item_id" value="2" title="none" aria-pressed="true" disabled>7</button>`
		another = `<button class="cart-item__remove" type="submit" name="item_id" value="0">Remove</button>`
	)
	for page, want := range map[string]bool{
		in + out: false, out + in: false, out + out: true, another + out: true, in: false, another: false, "": false,
	} {
		if got := allOut(page); got != want {
			t.Errorf("%v, want %v: %s", got, want, page)
		}
	}
}

// TestReleasesMeanwhile releases in order, each after its time and after the shoppers who should
// have come by then.
func TestReleasesMeanwhile(t *testing.T) {
	t.Parallel()
	const sec = time.Second
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		var at []time.Duration
		release := func(after time.Duration) Release {
			return Release{after, func(context.Context) error {
				at = append(at, time.Since(began))
				return nil
			}}
		}
		r := &rehearsal{cfg: Config{
			Shoppers: 100, Ramp: 10 * sec, Patience: 60 * sec,
			Releases: []Release{release(5 * sec), release(20 * sec), release(30 * sec)},
		}}
		for second, settled := range map[time.Duration]int64{7: 49, 8: 50, 25: 99, 28: 100} {
			time.AfterFunc(second*sec-time.Millisecond, func() { r.result.settled.Store(settled) })
		}
		for len(at) < 3 {
			time.Sleep(sec / 2)
			r.release(t.Context(), began)
		}
		if want := []time.Duration{8 * sec, 28 * sec, 30 * sec}; !slices.Equal(at, want) {
			t.Errorf("released after %v, want %v", at, want)
		}
		r.released = 0
		r.result.settled.Store(0)
		began = time.Now()
		for at = nil; len(at) < 1; time.Sleep(sec / 2) {
			r.release(t.Context(), began)
		}
		if at[0] != 65*sec {
			t.Errorf("where nobody comes, released after %v", at)
		}
	})
}

func TestPagesOfProducts(t *testing.T) {
	t.Parallel()
	got := pagesOfProducts(`<a href="/products/of-nothing">x</a>
		<article class="product-listing" data-product-id="1" data-shown="v"><h3><a href="/products/SHU1">One</a></h3>
			<a href="/products/other">y</a></article>
		<article class="product-listing" data-product-id="2"><a href="/products/SHU2?a=b">Two</a></article>
		<article class="product-listing" data-product-id="3"><a href="/products/SHU3">Three</a></article>`)
	if want := map[string]string{"1": "/products/SHU1", "3": "/products/SHU3"}; !maps.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}
