package admin

import (
	"context"
	"errors"
	"slices"
	"time"
)

// mostUnwritten is how many records wait while the database is away. Those that come then are lost.
const mostUnwritten = mostEvents

// note takes a record for the journal. It must be called with the lock held.
func (b *Board) note(r Record) {
	if len(b.unwritten) == mostUnwritten {
		b.cfg.Log.Warn("an event is lost: the database has taken none for too long", "event", r.event().Text)
		return
	}
	b.unwritten = append(b.unwritten, r)
	b.dirty = true
}

// proxies are when addresses that look like proxies were noted. Anybody may look like one, from as
// many addresses as he has: that must push nothing else out.
type proxies []time.Time

const (
	mostProxies = 3 // in as long as proxyDay
	proxyDay    = 24 * time.Hour
)

// noteProxy must be called with the lock held.
func (b *Board) noteProxy(now time.Time, address string) {
	b.proxies = slices.DeleteFunc(b.proxies, func(at time.Time) bool { return now.Sub(at) >= proxyDay })
	if len(b.proxies) < mostProxies {
		b.proxies = append(b.proxies, now)
		b.note(Record{At: now, Kind: eventProxy, Subject: address})
	}
}

// write gives the journal what it has not taken yet. It is called by who asks the database.
func (b *Board) write(ctx context.Context) {
	b.mu.Lock()
	waiting := slices.Clone(b.unwritten)
	b.mu.Unlock()
	for _, r := range waiting {
		if err := b.cfg.Journal.Note(ctx, r); err != nil {
			if !errors.Is(ctx.Err(), context.Canceled) {
				b.cfg.Log.Debug("events not written, will try again", "err", err)
			}
			return
		}
		b.mu.Lock()
		b.unwritten = slices.Delete(b.unwritten, 0, 1) // others only append
		b.written = merged([]Event{r.event()}, b.written)
		b.mu.Unlock()
	}
}

// read learns what has happened. It is called by who asks the database.
func (b *Board) read(ctx context.Context) {
	records, err := b.cfg.Journal.Recent(ctx, mostEvents)
	if err == nil {
		written := make([]Event, len(records))
		for i, r := range records {
			written[i] = r.event()
		}
		b.mu.Lock()
		if !slices.Equal(written, b.written) {
			b.written, b.dirty = written, true
		}
		b.mu.Unlock()
	}
	err = errors.Join(err, b.quarters.look(ctx, time.Now()))
	if err != nil && !errors.Is(ctx.Err(), context.Canceled) {
		b.cfg.Log.Debug("events not read, will try again", "err", err)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if !slices.Equal(b.quarters.events, b.byQuarter) {
		b.byQuarter, b.dirty = b.quarters.events, true
	}
}

// events are those that are shown. It must be called with the lock held.
func (b *Board) events() []Event {
	waiting := make([]Event, len(b.unwritten))
	for i, r := range b.unwritten {
		waiting[i] = r.event()
	}
	return merged(waiting, b.written, b.byQuarter)
}
