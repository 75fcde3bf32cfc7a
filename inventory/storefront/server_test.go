package storefront

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// fakeStore keeps rows in memory, as the database does.
type fakeStore struct {
	mu    sync.Mutex
	rows  Rows
	next  Revision
	away  bool
	reads int

	ahead    time.Duration // is the clock of the database
	readOnly bool
	over     bool // the row has a banner that is over: Rows does not show it
}

var (
	errAway     = errors.New("the database is away")
	errReadOnly = errors.New("the database is read-only")
)

func (f *fakeStore) Rows(context.Context) (Rows, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.away {
		return Rows{}, errAway
	}
	f.reads++
	return f.rows, nil
}

func (f *fakeStore) Revisions(context.Context) (map[Slug]Revision, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.away {
		return nil, errAway
	}
	all := map[Slug]Revision{}
	if f.rows.Settings.Revision > 0 {
		all[""] = f.rows.Settings.Revision
	}
	for _, p := range f.rows.Pages {
		all[p.Slug] = p.Revision
	}
	return all, nil
}

func (f *fakeStore) Set(_ context.Context, edit Edit) (Saved, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.next++
	f.rows.Settings = SettingsRow{edit.over(defaults.Settings), f.next}
	row := f.rows.Settings
	return Saved{Settings: &row, Changed: []string{"name"}}, nil
}

func (f *fakeStore) SavePage(_ context.Context, edit PageEdit) (Saved, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.next++
	row := PageRow{edit.Page, f.next}
	f.rows.Pages = []PageRow{row}
	return Saved{Page: &row, Changed: []string{"markdown"}}, nil
}

func (f *fakeStore) EndBanner(context.Context) (*SettingsRow, time.Duration, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.readOnly {
		return nil, 0, errReadOnly
	}
	row, now := &f.rows.Settings, time.Now().Add(f.ahead)
	if f.over {
		f.next++
		f.over, row.Revision = false, f.next
		return new(*row), 0, nil
	}
	if row.Banner == "" || row.BannerEnds == nil {
		return nil, 0, nil
	}
	if left := row.BannerEnds.Sub(now); left > 0 {
		return nil, left, nil
	}
	f.next++
	row.Banner, row.BannerEnds, row.Revision = "", nil, f.next
	return new(*row), 0, nil
}

// change changes rows as another node does.
func (f *fakeStore) change(do func(*Rows)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	do(&f.rows)
}

// line carries messages to another node, unless it is down.
type line struct {
	to   *Server
	down bool
	sent [][]byte
}

func (l *line) Send(data []byte) error {
	l.sent = append(l.sent, data)
	if l.down {
		return errors.New("the line is down")
	}
	l.to.Receive(data)
	return nil
}

func newServer(f *fakeStore) *Server {
	return NewServer(Config{Store: f, Every: DefaultEvery, Log: slog.New(slog.DiscardHandler)})
}

// served runs servers in a bubble until the returned function is called.
func served(t *testing.T, servers ...*Server) (stop func()) {
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	for _, s := range servers {
		wg.Go(func() { _ = s.Serve(ctx) })
	}
	synctest.Wait()
	return func() {
		cancel()
		wg.Wait()
	}
}

// TestChangesTravel changes the name at one node: it shows there when the call returns, and at the
// other by a message, without a read.
func TestChangesTravel(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fakeStore{}
		a, b := newServer(f), newServer(f)
		l := &line{to: b}
		a.SendTo(l)
		if a.Look().Loaded() || a.Look().Settings().Name != DefaultName {
			t.Error("a shop that was not read has settings")
		}
		defer served(t, a, b)()
		reads := f.reads
		before := b.Look()
		saved, err := a.Set(t.Context(), Edit{Name: new("Volt")})
		if err != nil || a.Look().Settings().Name != "Volt" || b.Look().Settings().Name != "Volt" {
			t.Errorf("names %q and %q, %v", a.Look().Settings().Name, b.Look().Settings().Name, err)
		}
		if b.Look().Shown() == before.Shown() || f.reads != reads {
			t.Errorf("shown %d after %d, and %d reads", b.Look().Shown(), before.Shown(), f.reads-reads)
		}
		shown := b.Look()
		b.Receive(l.sent[0]) // again
		b.Receive([]byte(`{"settings":{"name":"Older","revision":0}}`))
		if b.Look() != shown {
			t.Error("what is no news changes the look")
		}
		if err := b.Wait(t.Context(), Change{Settings: saved.Settings}.Mark()); err != nil {
			t.Error(err)
		}
		if _, err := a.SavePage(t.Context(), PageEdit{Page: Page{"help", "Help", "Ask."}}); err != nil {
			t.Error(err)
		}
		if p, ok := b.Look().Page("help"); !ok || p.Title != "Help" || b.Look().Seen("help") != p.Revision {
			t.Errorf("the page is %+v, %v", p, ok)
		}
		if _, ok := before.Page("help"); ok {
			t.Error("a look has changed")
		}
	})
}

// TestLostChangesHeal loses the message: the other node shows the change within 5 s, for every
// jitter, and who waits for it is told.
func TestLostChangesHeal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for range 50 {
			f := &fakeStore{}
			a, b := newServer(f), newServer(f)
			a.SendTo(&line{to: b, down: true})
			stop := served(t, a, b)
			saved, err := a.Set(t.Context(), Edit{Name: new("Volt")})
			if err != nil {
				t.Fatal(err)
			}
			start := time.Now()
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			err = b.Wait(ctx, Change{Settings: saved.Settings}.Mark())
			cancel()
			if err != nil {
				t.Fatal(err)
			}
			if took := time.Since(start); took > 5*time.Second || b.Look().Settings().Name != "Volt" {
				t.Fatalf("%q after %v", b.Look().Settings().Name, took)
			}
			stop()
		}
	})
}

// TestQuietShopIsNotRead compares revisions alone while nothing changes.
func TestQuietShopIsNotRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fakeStore{rows: Rows{Pages: []PageRow{{Page{"help", "Help", "Ask."}, 7}}}}
		s := newServer(f)
		defer served(t, s)()
		look := s.Look()
		time.Sleep(time.Minute)
		if f.reads != 1 || s.Look() != look {
			t.Errorf("%d reads in a minute, want 1", f.reads)
		}
	})
}

// TestDatabaseThatWentBack takes lower revisions and missing rows from the database, but not from
// messages, and not if the row has changed since the comparison began.
func TestDatabaseThatWentBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fakeStore{rows: Rows{
			Settings: SettingsRow{Settings{Name: "New", Zone: "UTC"},
				9}, Pages: []PageRow{{Page{"help", "Help", "Ask."}, 8}},
		}}
		s := newServer(f)
		defer served(t, s)()
		s.Receive([]byte(`{"settings":{"name":"Old","zone":"UTC","revision":3}}`))
		if got := s.Look().Settings().Name; got != "New" {
			t.Errorf("a message brought back %q", got)
		}
		f.change(func(r *Rows) { *r = Rows{Settings: SettingsRow{Settings{Name: "Old", Zone: "UTC"}, 3}} })
		s.Kick()
		synctest.Wait()
		if _, there := s.Look().Page("help"); there || s.Look().Settings().Name != "Old" {
			t.Errorf("after a restore: %+v, page %v", s.Look().Settings(), there)
		}
	})
}

// TestDatabaseAway waits for the database at the start, and asks soon again.
func TestDatabaseAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fakeStore{away: true}
		s := newServer(f)
		defer served(t, s)()
		time.Sleep(time.Minute)
		if s.Look().Loaded() {
			t.Error("loaded without a database")
		}
		s.Receive([]byte(`{"settings":{"name":"Volt","zone":"UTC","revision":3}}`))
		if s.Look().Loaded() {
			t.Error("one row is not all")
		}
		f.change(func(*Rows) { f.away = false })
		time.Sleep(time.Second)
		if !s.Look().Loaded() {
			t.Error("not loaded a second after the database came back")
		}
	})
}

// TestBadMessages harm nothing, and lead to a comparison.
func TestBadMessages(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fakeStore{}
		s := newServer(f)
		defer served(t, s)()
		f.change(func(r *Rows) { r.Settings = SettingsRow{Settings{Name: "Volt", Zone: "UTC"}, 2} })
		for _, text := range []string{"garbage", "{}", `{"settings":{},"page":{}}`} {
			s.Receive([]byte(text))
		}
		synctest.Wait()
		if s.Look().Settings().Name != "Volt" {
			t.Error("nobody compared")
		}
	})
}
