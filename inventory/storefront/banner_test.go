package storefront_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sneakers23/app/waittest"
	"sneakers23/inventory"
	"sneakers23/inventory/storefront"
)

// TestBanner sets a banner, changes its end, and ends it by the shop's clock.
func TestBanner(t *testing.T) {
	t.Parallel()
	store, pool := newStore(t)
	ctx := inventory.ActingAs(t.Context(), "ann")
	ends := time.Now().Add(time.Hour).Truncate(time.Second)
	set := func(edit storefront.Edit) storefront.Settings {
		t.Helper()
		saved, err := store.Set(ctx, edit)
		if err != nil {
			t.Fatal(err)
		}
		return saved.Settings.Settings
	}
	s := set(storefront.Edit{Banner: new(" Here. "), BannerEnds: &ends})
	if s.Banner != "Here." || !s.BannerEnds.Equal(ends) {
		t.Errorf("set: %q until %v", s.Banner, s.BannerEnds)
	}
	if s := set(storefront.Edit{Name: new("Volt")}); s.Banner != "Here." || s.BannerEnds == nil {
		t.Errorf("after another edit: %q until %v", s.Banner, s.BannerEnds)
	}
	if s := set(storefront.Edit{BannerEnds: new(time.Time)}); s.Banner != "Here." || s.BannerEnds != nil {
		t.Errorf("without its end: %q until %v", s.Banner, s.BannerEnds)
	}
	set(storefront.Edit{BannerEnds: &ends})
	if s := set(storefront.Edit{Banner: new("There.")}); s.BannerEnds != nil {
		t.Errorf("another banner has the end of the one before, %v", s.BannerEnds)
	}
	set(storefront.Edit{BannerEnds: &ends})
	if row, left, err := store.EndBanner(ctx); err != nil || row != nil || left < time.Minute || left > time.Hour {
		t.Errorf("early: %v, %v left, %v", row, left, err)
	}
	if _, err := pool.Exec(ctx, `CREATE OR REPLACE FUNCTION shop_time() RETURNS timestamptz LANGUAGE sql VOLATILE
		AS 'SELECT clock_timestamp() + interval ''1 hour'''`); err != nil {
		t.Fatal(err)
	}
	before := rowsOf(t, store).Settings
	if before.Banner != "" || before.BannerEnds != nil {
		t.Errorf("a banner that is over is read as %q until %v", before.Banner, before.BannerEnds)
	}
	row, _, err := store.EndBanner(ctx)
	if err != nil || row == nil || row.Banner != "" || row.BannerEnds != nil || row.Name != "Volt" ||
		row.Revision <= before.Revision {
		t.Errorf("at its end: %+v, %v", row, err)
	}
	if row, left, err := store.EndBanner(ctx); err != nil || row != nil || left != 0 {
		t.Errorf("again: %v, %v left, %v", row, left, err)
	}
	if got := strings.Join(events(t, pool), "\n"); !strings.Contains(got, "banner “There.”") ||
		!strings.Contains(got, "no banner") {
		t.Errorf("events:\n%s", got)
	}
}

func TestBannerProblems(t *testing.T) {
	t.Parallel()
	store, _ := newStore(t)
	later, before := time.Now().Add(time.Hour), time.Now().Add(-time.Minute)
	for name, tt := range map[string]struct {
		edit storefront.Edit
		want string // field
	}{
		"long":         {storefront.Edit{Banner: new(strings.Repeat("ä", storefront.MaxBanner+1))}, "banner"},
		"invisible":    {storefront.Edit{Banner: new("Now \u202eon")}, "banner"},
		"lines":        {storefront.Edit{Banner: new("one\ntwo")}, "banner"},
		"over":         {storefront.Edit{Banner: new("Here."), BannerEnds: &before}, "banner_ends"},
		"end of none":  {storefront.Edit{BannerEnds: &later}, "banner_ends"},
		"end of empty": {storefront.Edit{Banner: new(" "), BannerEnds: &later}, "banner_ends"},
	} {
		_, err := store.Set(t.Context(), tt.edit)
		problems, ok := errors.AsType[storefront.Problems](err)
		var fields []string
		for _, p := range problems {
			fields = append(fields, p.Field)
		}
		if diff := cmp.Diff([]string{tt.want}, fields); !ok || diff != "" {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestBannerMeetsAnEdit lets another service write a banner while an edit waits for it, with and
// without a row of settings: the edit keeps the banner, or is told that it has seen another row.
func TestBannerMeetsAnEdit(t *testing.T) {
	t.Parallel()
	for name, exists := range map[string]bool{"no settings yet": false, "settings": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			store, pool := newStore(t)
			if exists {
				if _, err := store.Set(t.Context(), storefront.Edit{Name: new("Bolt")}); err != nil {
					t.Fatal(err)
				}
			}
			seen := rowsOf(t, store).Settings.Revision
			tx, err := pool.Begin(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			defer tx.Rollback(context.WithoutCancel(t.Context()))
			if _, err := tx.Exec(t.Context(), `SELECT pg_advisory_xact_lock(`+inventory.StorefrontKey+`)`); err != nil {
				t.Fatal(err)
			}
			if _, err := tx.Exec(t.Context(), `INSERT INTO shop_settings (banner) VALUES ('Here.')
				ON CONFLICT (one) DO UPDATE SET banner = 'Here.', banner_drop = 7`); err != nil {
				t.Fatal(err)
			}
			blind, careful := make(chan error, 1), make(chan error, 1) // buffer: the test may end before
			go func() {
				_, err := store.Set(context.WithoutCancel(t.Context()), storefront.Edit{Name: new("Volt")})
				blind <- err
			}()
			go func() {
				edit := storefront.Edit{Zone: new("Europe/Berlin"), Seen: &seen}
				_, err := store.Set(context.WithoutCancel(t.Context()), edit)
				careful <- err
			}()
			waittest.Until(t, "both edits wait", func() bool {
				var waiting int
				err := pool.QueryRow(t.Context(), `SELECT count(*) FROM pg_stat_activity
					WHERE $1 = ANY (pg_blocking_pids(pid))`, tx.Conn().PgConn().PID()).Scan(&waiting)
				return err == nil && waiting == 2
			})
			if err := tx.Commit(t.Context()); err != nil {
				t.Fatal(err)
			}
			if err := <-blind; err != nil {
				t.Error(err)
			}
			if err := <-careful; !errors.Is(err, storefront.ErrEdited) {
				t.Errorf("an edit that had seen another row: %v", err)
			}
			if got := rowsOf(t, store).Settings; got.Banner != "Here." || got.Name != "Volt" {
				t.Errorf("after both: %+v", got.Settings)
			}
		})
	}
}

// TestBannerOfADrop edits the settings while they have the banner of a drop: it stays the drop's
// until an operator writes another one, or takes it away.
func TestBannerOfADrop(t *testing.T) {
	t.Parallel()
	store, pool := newStore(t)
	if _, err := pool.Exec(t.Context(), `INSERT INTO drops (id, at, opened_at, announces)
		VALUES (7, now() - interval '1 hour', now() - interval '1 hour', 'Here.')`); err != nil {
		t.Fatal(err)
	}
	plans := inventory.NewStore(pool)
	for name, tt := range map[string]struct {
		edit storefront.Edit
		want string // the banner after another end of the drop
	}{
		"another setting": {storefront.Edit{Name: new("Volt")}, "Here."},
		"another banner":  {storefront.Edit{Banner: new("There.")}, "There."},
		"none":            {storefront.Edit{Banner: new("")}, ""},
	} {
		for _, over := range []string{"banner_ends = NULL", "banner_ends = now() - interval '1 second'"} {
			if _, err := pool.Exec(t.Context(), `INSERT INTO shop_settings (banner, banner_drop) VALUES ('Here.', 7)
				ON CONFLICT (one) DO UPDATE SET name = 'Bolt', banner = 'Here.', banner_drop = 7, `+over); err != nil {
				t.Fatal(err)
			}
			want := tt.want
			if name == "none" && over != "banner_ends = NULL" {
				want = "Here." // it had gone before it was taken away
			}
			if _, err := store.Set(t.Context(), tt.edit); err != nil {
				t.Fatal(err)
			}
			later := time.Now().Add(time.Hour)
			if _, err := plans.EndDrop(t.Context(), 7, 0, &later); err != nil {
				t.Fatal(err)
			}
			if got := rowsOf(t, store).Settings.Banner; got != want {
				t.Errorf("%s, %s: the banner is %q, want %q", name, over, got, want)
			}
		}
	}
}
