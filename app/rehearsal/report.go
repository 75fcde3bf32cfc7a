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
	Refused    int64   `json:"refused"`          // purchases, for want of stock
	Reconnects int64   `json:"reconnects"`       // of tabs, by choice or after a connection was lost
	Lost       int64   `json:"lost_connections"` // that the shop or the network ended
	// requests and messages that were sent again, after a refusal or a lost connection
	Retried int64 `json:"retried"`
	Pushes  int64 `json:"pushes_received"` // by all sockets, of all kinds

	Waited int64 `json:"waited"` // shoppers, for the release of a product
	Rushed int64 `json:"rushed"` // of them, those who saw the release and bought, or found nothing left

	// SoldOut says that nothing was left to buy, if something was waited for in vain that needs
	// stock.
	SoldOut bool `json:"sold_out,omitempty"`

	Reply    Latency `json:"reply"`
	Push     Latency `json:"push"`
	Purchase Latency `json:"purchase"`
	Page     Latency `json:"page"`
	Rush     Latency `json:"release_to_bought"` // of those who waited and bought, with the time in which they chose

	Dashboard *Dashboard `json:"dashboard,omitempty"` // if one was open

	Errors   map[string]int64  `json:"errors"`             // by what was being done
	Examples map[string]string `json:"examples,omitempty"` // of them: what the first of each kind was
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
	here, settled, deeds, orders, refused atomic.Int64
	reconnects, lost, retried, pushes     atomic.Int64
	waited, rushed                        atomic.Int64
	reply, push, purchase, page, rush     histogram

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
		err = of.Err // its address may hold a cart, which is private
	}
	text, _, _ := strings.Cut(err.Error(), "\n") // of several the first
	m.examples[kind] = strings.ToValidUTF8(text[:min(len(text), 200)], "")
}

func (m *measures) report(shoppers int, took time.Duration) Report {
	m.mu.Lock()
	defer m.mu.Unlock()
	return Report{
		Shoppers: shoppers, Duration: took.Seconds(), Deeds: m.deeds.Load(), Orders: m.orders.Load(),
		Refused:    m.refused.Load(),
		Reconnects: m.reconnects.Load(), Lost: m.lost.Load(), Retried: m.retried.Load(), Pushes: m.pushes.Load(),
		Waited: m.waited.Load(), Rushed: m.rushed.Load(), Rush: m.rush.latency(),
		Reply: m.reply.latency(), Push: m.push.latency(), Purchase: m.purchase.latency(), Page: m.page.latency(),
		Errors: maps.Clone(m.errors), Examples: maps.Clone(m.examples),
	}
}
