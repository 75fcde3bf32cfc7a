// Package tally reports what strangers do again and again: for each client at once when it begins,
// and then once a minute with its count. So a log tells who does it and how often, and no client
// can flood it.
package tally

import (
	"context"
	"net/netip"
	"sync"
	"time"
)

const (
	every   = time.Minute     // between two reports of a client
	look    = 5 * time.Second // between two looks for counts that are due
	clients = 1000            // that are told apart; all others count as one
)

// Tally counts by client. Note may be called from any goroutine. It is a service: Serve reports the
// counts that are due.
type Tally struct {
	report func(client netip.Prefix, count int)

	mu   sync.Mutex
	seen map[netip.Prefix]*entry
}

// entry is a client of whom something was reported within the last minute.
type entry struct {
	count    int // since then
	reported time.Time
}

// others stands for the clients beyond the first so many of a minute.
var others netip.Prefix

// New makes a tally. It calls report from the goroutine of Note or Serve, without a lock, for a
// client with the count since the last report. The zero Prefix stands for all clients that are too
// many to be told apart.
func New(report func(client netip.Prefix, count int)) *Tally {
	return &Tally{report: report, seen: make(map[netip.Prefix]*entry)}
}

// String names the service in logs.
func (t *Tally) String() string { return "tally.Tally" }

// Note counts one for the client. The first one is reported at once.
func (t *Tally) Note(client netip.Prefix) {
	if as, first := t.count(client); first {
		t.report(as, 1)
	}
}

// count returns as whom the client counts, and whether it is the first of that one for a minute or
// more.
func (t *Tally) count(client netip.Prefix) (as netip.Prefix, first bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	e, known := t.seen[client]
	if !known && len(t.seen) >= clients {
		client = others
		e, known = t.seen[others]
	}
	if !known {
		t.seen[client] = &entry{reported: time.Now()}
		return client, true
	}
	e.count++
	return client, false
}

// Serve reports what is due until ctx ends, and then what is left.
func (t *Tally) Serve(ctx context.Context) error {
	tick := time.NewTicker(look)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			t.flush(every)
		case <-ctx.Done():
			t.flush(0)
			return context.Cause(ctx)
		}
	}
}

// flush reports the counts of clients whose last report is at least so old. Those that have none
// are forgotten.
func (t *Tally) flush(age time.Duration) {
	due := make(map[netip.Prefix]int)
	now := time.Now()
	t.mu.Lock()
	for client, e := range t.seen {
		switch {
		case now.Sub(e.reported) < age:
		case e.count == 0:
			delete(t.seen, client)
		default:
			due[client] = e.count
			e.count, e.reported = 0, now
		}
	}
	t.mu.Unlock()
	for client, count := range due {
		t.report(client, count)
	}
}
