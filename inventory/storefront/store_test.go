package storefront_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"sneakers23/app/postgres/pgtest"
	"sneakers23/inventory"
	"sneakers23/inventory/picture/picturetest"
	"sneakers23/inventory/stocktest"
	"sneakers23/inventory/storefront"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

func newStore(t testing.TB) (*storefront.Store, *pgxpool.Pool) {
	t.Helper()
	pool := pgtest.Pool(t, stocktest.Migrate)
	return storefront.NewStore(pool), pool
}

func rowsOf(t testing.TB, s *storefront.Store) storefront.Rows {
	t.Helper()
	rows, err := s.Rows(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

// events are what the journal says, the oldest first.
func events(t testing.TB, pool *pgxpool.Pool) []string {
	t.Helper()
	rows, _ := pool.Query(t.Context(), `SELECT concat_ws(' | ', kind, subject, who, why) FROM events ORDER BY id`)
	list, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func TestSet(t *testing.T) {
	t.Parallel()
	store, pool := newStore(t)
	if rows := rowsOf(t, store); rows.Settings.Revision != 0 || len(rows.Pages) != 0 {
		t.Fatalf("a new shop has %+v", rows)
	}
	ctx := inventory.ActingAs(t.Context(), "ann")
	first, err := store.Set(ctx, storefront.Edit{Name: new(" Volt "), Accent: new("064"),
		URL: new("https://volt.example/")})
	if err != nil {
		t.Fatal(err)
	}
	want := storefront.Settings{Name: "Volt", Zone: "UTC", Accent: "#006644", URL: "https://volt.example"}
	if diff := cmp.Diff(want, first.Settings.Settings); diff != "" {
		t.Errorf("saved (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"name", "url", "accent"}, first.Changed); diff != "" {
		t.Errorf("changed (-want +got):\n%s", diff)
	}
	same, err := store.Set(ctx, storefront.Edit{Name: new("Volt")})
	if err != nil || !same.Unchanged() || same.Settings.Revision != first.Settings.Revision {
		t.Errorf("the same again: %+v, %v", same, err)
	}
	second, err := store.Set(ctx, storefront.Edit{Zone: new("Europe/Berlin"), Shipping: new("Free.")})
	if err != nil || second.Settings.Revision <= first.Settings.Revision {
		t.Errorf("the revision is %d after %d, %v", second.Settings.Revision, first.Settings.Revision, err)
	}
	if diff := cmp.Diff(*second.Settings, rowsOf(t, store).Settings); diff != "" {
		t.Errorf("read (-saved +read):\n%s", diff)
	}
	_, err = store.Set(ctx, storefront.Edit{Name: new("Volt\x00"), Zone: new("Nowhere")})
	if problems, ok := errors.AsType[storefront.Problems](err); !ok || len(problems) != 2 {
		t.Errorf("two problems: %v", err)
	}
	if diff := cmp.Diff([]string{
		"shop_set | Volt | ann", "shop_set | Volt | ann | zone UTC to Europe/Berlin, words about shipping",
	}, events(t, pool)); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
}

// TestTwoOperators holds that the second of two operators who have looked at the same settings is
// told so, and that nothing of the first is lost.
func TestTwoOperators(t *testing.T) {
	t.Parallel()
	store, _ := newStore(t)
	var (
		wg  sync.WaitGroup
		mu  sync.Mutex
		won []string
	)
	for i := range 8 {
		wg.Go(func() {
			name := fmt.Sprint("Shop ", i)
			_, err := store.Set(t.Context(), storefront.Edit{Name: &name, Seen: new(storefront.Revision(0))})
			mu.Lock()
			defer mu.Unlock()
			if err == nil {
				won = append(won, name)
			} else if !errors.Is(err, storefront.ErrEdited) {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if got := rowsOf(t, store).Settings.Name; len(won) != 1 || got != won[0] {
		t.Errorf("%q were told that they saved, and the name is %q", won, got)
	}
	page := storefront.Page{Slug: "help", Title: "Help", Body: "One."}
	first, err := store.SavePage(t.Context(), storefront.PageEdit{Page: page, Seen: new(storefront.Revision(0))})
	if err != nil {
		t.Fatal(err)
	}
	for name, edit := range map[string]storefront.PageEdit{
		"written": {Page: storefront.Page{Slug: "help", Title: "Help", Body: "Two."},
			Seen: new(storefront.Revision(0))},
		"the same": {Page: page, Seen: new(storefront.Revision(0))},
		"removed":  {Page: page, Remove: true, Seen: new(first.Page.Revision - 1)},
	} {
		if _, err := store.SavePage(t.Context(), edit); !errors.Is(err, storefront.ErrEdited) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestPages(t *testing.T) {
	t.Parallel()
	store, pool := newStore(t)
	ctx := inventory.ActingAs(t.Context(), "ann")
	save := func(edit storefront.PageEdit) storefront.Saved {
		t.Helper()
		saved, err := store.SavePage(ctx, edit)
		if err != nil {
			t.Fatal(err)
		}
		return saved
	}
	help := storefront.Page{Slug: "help", Title: " Help ", Body: "Ask\r\nus.\n"}
	first := save(storefront.PageEdit{Page: help})
	if first.Page.Title != "Help" || first.Page.Body != "Ask\nus." {
		t.Errorf("saved %+v", first.Page)
	}
	if again := save(storefront.PageEdit{Page: help}); !again.Unchanged() ||
		again.Page.Revision != first.Page.Revision {
		t.Errorf("the same again: %+v", again)
	}
	help.Body = "Write to us."
	second := save(storefront.PageEdit{Page: help, Seen: &first.Page.Revision})
	if !slices.Equal(second.Changed, []string{"markdown"}) {
		t.Errorf("changed %q", second.Changed)
	}
	gone := save(storefront.PageEdit{Page: storefront.Page{Slug: "help"}, Remove: true})
	if gone.Page.There() || gone.Page.Revision <= second.Page.Revision {
		t.Errorf("removed: %+v", gone.Page)
	}
	if _, err := store.SavePage(ctx, storefront.PageEdit{Page: help, Remove: true}); !errors.Is(err,
		storefront.ErrNoPage) {
		t.Errorf("removed twice: %v", err)
	}
	save(storefront.PageEdit{Page: help})
	for _, bad := range []storefront.Page{{"jobs", "Jobs", "None."}, {"help", "", "x"}, {"help", "x", "\x00"}} {
		if _, err := store.SavePage(ctx, storefront.PageEdit{Page: bad}); err == nil {
			t.Errorf("%q is taken", bad)
		}
	}
	revisions, err := store.Revisions(t.Context())
	rows := rowsOf(t, store)
	if err != nil || len(rows.Pages) != 1 || len(revisions) != 1 || revisions["help"] != rows.Pages[0].Revision {
		t.Errorf("revisions %v, %v, of %+v", revisions, err, rows)
	}
	want := []string{"page_written | help | ann", "page_edited | help | ann", "page_removed | help | ann",
		"page_written | help | ann"}
	if diff := cmp.Diff(want, events(t, pool)); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
}

// TestLogo uploads two photos, shows one after the other, and holds that the shop's logo is kept
// however long ago it was uploaded.
func TestLogo(t *testing.T) {
	t.Parallel()
	store, pool := newStore(t)
	stock := inventory.NewServer(inventory.NewStore(pool), inventory.DefaultThresholds, inventory.NewDispatcher(),
		slog.New(slog.DiscardHandler))
	upload := func(width int) string {
		t.Helper()
		id, err := stock.AddPicture(t.Context(), picturetest.PNG(picturetest.Quarters(width, 120)))
		if err != nil {
			t.Fatal(err)
		}
		return id
	}
	one, two := upload(300), upload(200)
	saved, err := store.Set(t.Context(), storefront.Edit{Logo: &one})
	if err != nil || saved.Settings.Logo == nil || saved.Settings.Logo.Picture != one ||
		len(saved.Settings.Logo.Renditions) == 0 {
		t.Fatalf("saved %+v, %v", saved.Settings, err)
	}
	if !saved.Settings.Shows(saved.Settings.Logo.Renditions[0].Name) || saved.Settings.Shows("other.png") {
		t.Error("the shop does not know what its logo is")
	}
	old := `UPDATE pictures SET used_at = now() - interval '60 days'`
	if _, err := pool.Exec(t.Context(), old); err != nil {
		t.Fatal(err)
	}
	upload(150) // sweeps
	pictures := func() (ids []string) {
		t.Helper()
		rows, _ := pool.Query(t.Context(), `SELECT id FROM pictures`)
		ids, err := pgx.CollectRows(rows, pgx.RowTo[string])
		if err != nil {
			t.Fatal(err)
		}
		return ids
	}
	if ids := pictures(); !slices.Contains(ids, one) || slices.Contains(ids, two) {
		t.Errorf("after a sweep there are %q; the logo is %s, and nothing shows %s", ids, one, two)
	}
	if _, err := store.Set(t.Context(), storefront.Edit{Logo: &two}); err == nil ||
		!strings.Contains(err.Error(), "was not uploaded") {
		t.Errorf("a logo that is not there: %v", err)
	}
	if saved, err = store.Set(t.Context(), storefront.Edit{Logo: new("")}); err != nil || saved.Settings.Logo != nil {
		t.Errorf("removed: %+v, %v", saved.Settings, err)
	}
	upload(160)
	if ids := pictures(); !slices.Contains(ids, one) {
		t.Error("a logo that was just removed is deleted at once")
	}
}

// TestAwayIsAnError holds that the error of the database comes out.
func TestAwayIsAnError(t *testing.T) {
	t.Parallel()
	store, _ := newStore(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := store.Set(ctx, storefront.Edit{Name: new("x")}); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	if _, err := store.Rows(ctx); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}
