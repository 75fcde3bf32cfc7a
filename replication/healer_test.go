package replication

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"sneakers23/inventory"
)

// fakeDoor keeps what it was given.
type fakeDoor struct {
	catalog *inventory.Catalog
	applied []inventory.Change
	fails   error
}

func (d *fakeDoor) Catalog() *inventory.Catalog { return d.catalog }

func (d *fakeDoor) Apply(_ context.Context, changes ...inventory.Change) error {
	d.applied = append(d.applied, changes...)
	return d.fails
}

func stock(available int, revision inventory.Revision) inventory.Rows {
	return inventory.Rows{
		Products: []inventory.ProductRow{{ID: 1, SKU: "P", Revision: 1}},
		Items: []inventory.ItemRow{
			{ID: 1, ProductID: 1, SKU: "I", Size: "9", Available: available, Revision: revision},
		},
	}
}

// TestLostChangeShowsWithinFiveSeconds holds for every jitter, since each of a hundred runs draws
// its own.
func TestLostChangeShowsWithinFiveSeconds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for range 100 {
			door := &fakeDoor{catalog: inventory.NewCatalog(stock(5, 2), inventory.DefaultThresholds)}
			ctx, cancel := context.WithCancel(t.Context())
			read := func(context.Context) (inventory.Rows, error) { return stock(4, 3), nil }
			h := NewHealer(door, read, DefaultHealEvery, slog.New(slog.DiscardHandler))
			ended := make(chan error, 1)
			go func() { ended <- h.Serve(ctx) }()
			time.Sleep(5 * time.Second)
			cancel()
			<-ended
			if len(door.applied) == 0 || door.applied[0].Item.Available != 4 {
				t.Fatalf("after 5 s: applied %+v, want the item with 4 pairs", door.applied)
			}
		}
	})
}

func TestDatabaseThatWasAwayIsComparedSoon(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		door := &fakeDoor{catalog: inventory.NewCatalog(stock(5, 2), inventory.DefaultThresholds)}
		var away atomic.Bool
		away.Store(true)
		read := func(context.Context) (inventory.Rows, error) {
			if away.Load() {
				return inventory.Rows{}, errors.New("the database is away")
			}
			return stock(4, 3), nil
		}
		h := NewHealer(door, read, time.Minute, slog.New(slog.DiscardHandler))
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- h.Serve(ctx) }()
		time.Sleep(5 * time.Minute)
		away.Store(false)
		time.Sleep(2 * time.Second)
		cancel()
		<-ended
		if len(door.applied) == 0 {
			t.Error("2 s after the database came back nothing was applied")
		}
	})
}

// TestHealComparesWithTheCatalogBefore lets a sale come between the reading of the catalog and that
// of the database, and another between the reading of the database and the end: neither proves that
// the database went back.
func TestHealComparesWithTheCatalogBefore(t *testing.T) {
	door := &fakeDoor{catalog: inventory.NewCatalog(stock(5, 2), inventory.DefaultThresholds)}
	read := func(context.Context) (inventory.Rows, error) {
		rows := stock(4, 3)
		door.catalog = inventory.NewCatalog(stock(3, 4), inventory.DefaultThresholds)
		return rows, nil
	}
	if err := NewHealer(door, read, time.Hour, slog.New(slog.DiscardHandler)).Heal(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, c := range door.applied {
		if c.WentBack() {
			t.Errorf("applied %+v as if the database went back", c)
		}
	}
}

func TestHealTakesWhatADatabaseThatWentBackSays(t *testing.T) {
	door := &fakeDoor{catalog: inventory.NewCatalog(stock(5, 9), inventory.DefaultThresholds)}
	read := func(context.Context) (inventory.Rows, error) { return stock(7, 2), nil }
	h := NewHealer(door, read, time.Hour, slog.New(slog.DiscardHandler))
	if err := h.Heal(t.Context()); err != nil {
		t.Fatal(err)
	}
	if len(door.applied) != 1 || !door.applied[0].WentBack() || door.applied[0].Item.Available != 7 {
		t.Errorf("applied %+v, want the item as it was, marked as gone back", door.applied)
	}
}

func TestHealWaitsForTheFirstLoad(t *testing.T) {
	door := &fakeDoor{catalog: new(inventory.Catalog)}
	read := func(context.Context) (inventory.Rows, error) {
		t.Error("read before the catalog was loaded")
		return inventory.Rows{}, nil
	}
	if err := NewHealer(door, read, time.Hour, slog.New(slog.DiscardHandler)).Heal(t.Context()); err != nil {
		t.Error(err)
	}
}

// TestRestoreIsLogged notices a restore once, and none that was there at the start.
func TestRestoreIsLogged(t *testing.T) {
	var log bytes.Buffer
	door := &fakeDoor{catalog: inventory.NewCatalog(stock(5, 2), inventory.DefaultThresholds)}
	rows := stock(5, 2)
	read := func(context.Context) (inventory.Rows, error) { return rows, nil }
	h := NewHealer(door, read, time.Hour, slog.New(slog.NewTextHandler(&log, nil)))
	for _, step := range []struct {
		what    string
		restore int64
		logs    int
	}{
		{"at the start", 3, 0}, {"nothing new", 3, 0}, {"a restore", 4, 1}, {"the same", 4, 0},
		{"the database went back", 2, 0},
		{"a restore after that", 5, 1},
	} {
		log.Reset()
		rows.Restore = step.restore
		if err := h.Heal(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := strings.Count(log.String(), "restored from a backup"); got != step.logs {
			t.Errorf("%s: logged %d times, want %d: %s", step.what, got, step.logs, log.String())
		}
	}
}
