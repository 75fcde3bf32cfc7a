package storefront

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

// TestBannerEnds holds that a banner goes at all nodes when its time has come, that those who watch
// are told of it once, and that a node that starts afterwards never shows it.
func TestBannerEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fakeStore{}
		a, b := newServer(f), newServer(f)
		a.SendTo(&line{to: b})
		b.SendTo(&line{to: a})
		var seen []string
		b.Watch(func(look *Look) { seen = append(seen, look.Settings().Banner) })
		defer served(t, a, b)()
		_, err := a.Set(t.Context(), Edit{Banner: new("Volt is here."), BannerEnds: new(time.Now().Add(time.Hour))})
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Hour - time.Second)
		for name, s := range map[string]*Server{"a": a, "b": b} {
			if got := s.Look().Settings().Banner; got != "Volt is here." {
				t.Errorf("%s shows %q a second before the end", name, got)
			}
		}
		time.Sleep(time.Second)
		synctest.Wait()
		for name, s := range map[string]*Server{"a": a, "b": b} {
			if got := s.Look().Settings(); got.Banner != "" || got.BannerEnds != nil {
				t.Errorf("%s shows %q at the end", name, got.Banner)
			}
		}
		if want := []string{"", "Volt is here.", ""}; !slices.Equal(seen, want) {
			t.Errorf("b was told of %q, want %q", seen, want)
		}
	})
}

// TestBannerEndsByTheDatabase ends a banner by the clock of the database, which is half a minute
// behind that of the node, or ahead.
func TestBannerEndsByTheDatabase(t *testing.T) {
	for _, ahead := range []time.Duration{-30 * time.Second, 30 * time.Second} {
		synctest.Test(t, func(t *testing.T) {
			f := &fakeStore{ahead: ahead}
			s := newServer(f)
			defer served(t, s)()
			_, err := s.Set(t.Context(), Edit{Banner: new("Here."), BannerEnds: new(time.Now().Add(time.Hour))})
			if err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Hour - ahead - 100*time.Millisecond)
			if s.Look().Settings().Banner == "" {
				t.Errorf("%v ahead: the banner is gone too early", ahead)
			}
			time.Sleep(100 * time.Millisecond)
			synctest.Wait()
			if s.Look().Settings().Banner != "" {
				t.Errorf("%v ahead: the banner is still there", ahead)
			}
		})
	}
}

// TestBannerEndsSoon gives a banner an end that comes long before the nodes compare again: both the
// node that has written it and the one that hears of it end it then.
func TestBannerEndsSoon(t *testing.T) {
	for name, ends := range map[string]int{"the node that has written it": 0, "another node": 1} {
		synctest.Test(t, func(t *testing.T) {
			f := &fakeStore{}
			nodes := []*Server{newServer(f), newServer(f)}
			for _, s := range nodes {
				s.cfg.Every = time.Hour
			}
			defer served(t, nodes[ends])()
			if ends == 1 { // the one that writes does nothing else
				nodes[0].SendTo(&line{to: nodes[1]})
				if _, err := nodes[0].heal(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
			edit := Edit{Banner: new("Here."), BannerEnds: new(time.Now().Add(time.Second))}
			if _, err := nodes[0].Set(t.Context(), edit); err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Second)
			synctest.Wait()
			if got := nodes[ends].Look().Settings().Banner; got != "" {
				t.Errorf("%s: shows %q at the end", name, got)
			}
		})
	}
}

// TestBannerThatWasOver starts a node after the end of a banner that no node has taken away: the
// node does.
func TestBannerThatWasOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fakeStore{next: 4, over: true}
		f.rows.Settings = SettingsRow{Settings{Name: "Volt", Zone: "UTC"}, 4}
		s := newServer(f)
		defer served(t, s)()
		if got := s.Look().Settings().Revision; f.over || got != 5 {
			t.Errorf("the banner is still there: %t; the node has revision %d, want 5", f.over, got)
		}
	})
}

// TestBannerOnAReadOnlyDatabase holds that a node whose database takes no writes shows what others
// have changed, and tries to end the banner until it can.
func TestBannerOnAReadOnlyDatabase(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fakeStore{readOnly: true}
		f.rows.Settings = SettingsRow{Settings{
			Name: "Volt", Zone: "UTC", Banner: "Here.", BannerEnds: new(time.Now().Add(time.Minute)),
		}, 4}
		f.next = 4
		s := newServer(f)
		defer served(t, s)()
		if s.Look().Settings().Name != "Volt" {
			t.Fatal("not loaded")
		}
		time.Sleep(2 * time.Minute)
		f.change(func(r *Rows) { r.Settings.Name, r.Settings.Revision = "Bolt", 5 })
		f.next = 5
		time.Sleep(DefaultEvery * 2)
		if got := s.Look().Settings(); got.Name != "Bolt" || got.Banner == "" {
			t.Errorf("the node shows %+v", got)
		}
		f.change(func(*Rows) { f.readOnly = false })
		time.Sleep(DefaultEvery * 2)
		if got := s.Look().Settings(); got.Name != "Bolt" || got.Banner != "" {
			t.Errorf("when it can write, the node shows %+v", got)
		}
	})
}

// TestReread shows at all nodes what another service of this one has written, also if this node has
// found it by comparing before it is told.
func TestReread(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fakeStore{}
		a, b := newServer(f), newServer(f)
		sent := &line{to: b}
		a.SendTo(sent)
		defer served(t, a, b)()
		f.change(func(r *Rows) { r.Settings = SettingsRow{Settings{Name: "Volt", Zone: "UTC", Banner: "Here."}, 1} })
		a.Kick()
		synctest.Wait()
		if mark, err := a.Reread(t.Context()); err != nil || mark != (Mark{Revision: 1}) {
			t.Fatal(mark, err)
		}
		for name, s := range map[string]*Server{"a": a, "b": b} {
			if got := s.Look().Settings().Banner; got != "Here." {
				t.Errorf("%s shows %q", name, got)
			}
		}
		if f.reads != 3 || len(sent.sent) != 1 {
			t.Errorf("%d reads and %d messages, want both nodes' first ones, one more, and a message", f.reads, len(sent.sent))
		}
	})
}
