package rehearsal

import (
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// Report tells what became of a rehearsal.
type Report struct {
	Shoppers   int     `json:"shoppers"`
	Duration   float64 `json:"duration_s"`
	Deeds      int64   `json:"deeds"` // looks, adds, removes, purchases, reconnects
	Orders     int64   `json:"orders"`
	Refused    int64   `json:"refused"` // purchases, for want of stock
	Reconnects int64   `json:"reconnects"`
	Pushes     int64   `json:"pushes_received"` // by all sockets, of all kinds

	Reply    Latency `json:"reply"`
	Push     Latency `json:"push"`
	Purchase Latency `json:"purchase"`
	Page     Latency `json:"page"`

	Dashboard *Dashboard `json:"dashboard,omitempty"` // if one was open

	Errors   map[string]int64  `json:"errors"`             // by what was being done
	Examples map[string]string `json:"examples,omitempty"` // of them: what the first of each kind was
}

// Limits are what a rehearsal must keep to pass. A duration of 0 is no limit.
type Limits struct {
	Reply, Push, Purchase, Page time.Duration // at the 99th percentile
	Errors                      float64       // share of the deeds that fail; 0: none may, 1: all may
}

// Check tells which limits were not kept. What was never measured keeps no limit.
func (r Report) Check(l Limits) (broken []string) {
	for _, of := range []struct {
		what  string
		limit time.Duration
		got   Latency
	}{{"reply", l.Reply, r.Reply}, {"push", l.Push, r.Push}, {"purchase", l.Purchase, r.Purchase}, {"page", l.Page, r.Page}} {
		switch {
		case of.limit == 0:
		case of.got.Count == 0:
			broken = append(broken, fmt.Sprintf("no %s was measured: rehearse for longer, or with more shoppers", of.what))
		case of.got.P99 > milliseconds(of.limit):
			broken = append(broken, fmt.Sprintf("%s: 99 of 100 took up to %.1f ms, limit %v", of.what, of.got.P99, of.limit))
		}
	}
	if share := r.failed(); share > l.Errors {
		broken = append(broken, fmt.Sprintf("errors: %.2f %% of what was done failed, limit %.2f %%", 100*share, 100*l.Errors))
	}
	return append(broken, r.Dashboard.check()...)
}

// failed is the share of the deeds that failed, 1 at the most; all of them if none was done.
func (r Report) failed() float64 {
	var all int64
	for n := range maps.Values(r.Errors) {
		all += n
	}
	if r.Deeds == 0 {
		return 1
	}
	return min(1, float64(all)/float64(r.Deeds)) // who can't even come does no deed, and fails
}

// Failures lists what failed, the most frequent first.
func (r Report) Failures() []string {
	kinds := slices.SortedFunc(maps.Keys(r.Errors), func(a, b string) int { return int(r.Errors[b] - r.Errors[a]) })
	for i, kind := range kinds {
		kinds[i] = fmt.Sprintf("%d × %s", r.Errors[kind], kind)
		if example := r.Examples[kind]; example != "" {
			kinds[i] += " (" + example + ")"
		}
	}
	return kinds
}

// measures are what shoppers find out. Any goroutine may add to them.
type measures struct {
	here, deeds, orders, refused, reconnects, pushes atomic.Int64
	reply, push, purchase, page                      histogram

	mu       sync.Mutex
	errors   map[string]int64 // by kinds of our own, which are few
	examples map[string]string
}

// fail counts a failure. The kind may say all that there is to say: then err is nil.
func (m *measures) fail(kind string, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.errors[kind]++
	if m.examples[kind] != "" || err == nil {
		return
	}
	if of, ok := errors.AsType[*url.Error](err); ok {
		err = of.Err // its address may hold a cart, which is nobody else's business
	}
	text, _, _ := strings.Cut(err.Error(), "\n") // of several the first
	m.examples[kind] = strings.ToValidUTF8(text[:min(len(text), 200)], "")
}

func (m *measures) report(shoppers int, took time.Duration) Report {
	m.mu.Lock()
	defer m.mu.Unlock()
	return Report{
		Shoppers: shoppers, Duration: took.Seconds(), Deeds: m.deeds.Load(), Orders: m.orders.Load(), Refused: m.refused.Load(),
		Reconnects: m.reconnects.Load(), Pushes: m.pushes.Load(),
		Reply: m.reply.latency(), Push: m.push.latency(), Purchase: m.purchase.latency(), Page: m.page.latency(),
		Errors: maps.Clone(m.errors), Examples: maps.Clone(m.examples),
	}
}
