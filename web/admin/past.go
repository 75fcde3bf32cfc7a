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
		err = b.quarters.look(ctx, time.Now())
	}
	if err != nil {
		if !errors.Is(ctx.Err(), context.Canceled) {
			b.cfg.Log.Debug("events not read, will try again", "err", err)
		}
		return
	}
	written := make([]Event, len(records))
	for i, r := range records {
		written[i] = r.event()
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if !slices.Equal(written, b.written) || !slices.Equal(b.quarters.events, b.byQuarter) {
		b.written, b.byQuarter, b.dirty = written, b.quarters.events, true
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
