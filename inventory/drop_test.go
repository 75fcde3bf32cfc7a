package inventory_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sneakers23/inventory"
)

// inAnHour is a plan of both products, of which sizes of the first one get pairs.
func inAnHour(t testing.TB, store *inventory.Store) inventory.Plan {
	t.Helper()
	var items []inventory.ItemID
	for _, it := range readRows(t, store).Items {
		if it.ProductID == 1 {
			items = append(items, it.ID)
		}
	}
	slices.Sort(items)
	return inventory.Plan{
		At: time.Now().Add(time.Hour).Truncate(time.Second), Zone: "Europe/Berlin",
		Releases:  []inventory.ProductID{1, 2},
		Restocks:  []inventory.DropRestock{{Item: items[0], Pairs: 10}, {Item: items[1], Pairs: 20}},
		Announces: "Both are here.",
	}
}

func TestPlanDrop(t *testing.T) {
	t.Parallel()
	store, pool := newStore(t)
	ctx := inventory.ActingAs(t.Context(), "ann")
	plan := inAnHour(t, store)
	d, changes, err := store.PlanDrop(ctx, plan)
	if err != nil {
		t.Fatal(err)
	}
	got := d.Plan
	got.At = got.At.Local()
	for i := range got.Restocks {
		if got.Restocks[i].Operation == [16]byte{} {
			t.Error("a restock has no name, and could come twice")
		}
		got.Restocks[i].Operation = [16]byte{}
	}
	if diff := cmp.Diff(plan, got); diff != "" || d.PlannedBy != "ann" || d.State(time.Now()) != inventory.DropPlanned {
		t.Errorf("planned %+v; want, got: %s", d, diff)
	}
	if len(changes) != 2 || !changes[0].Product.ReleaseAt.Equal(plan.At) {
		t.Errorf("changes %+v, want both products scheduled", changes)
	}
	var other *inventory.PlannedError
	if _, _, err := store.PlanDrop(ctx, plan); !errors.As(err, &other) || other.Drop != d.ID {
		t.Errorf("planned twice: %v", err)
	}
	if _, err := store.Schedule(ctx, 1, plan.At); !errors.As(err, &other) {
		t.Errorf("scheduled beside the drop: %v", err)
	}
	if _, err := store.CallOff(ctx, 1); !errors.As(err, &other) {
		t.Errorf("called off beside the drop: %v", err)
	}

	moved, changes, err := store.MoveDrop(ctx, d.ID, d.Version, plan.At.Add(time.Hour))
	if err != nil || !moved.At.Equal(plan.At.Add(time.Hour)) || len(changes) != 2 ||
		!changes[1].Product.ReleaseAt.Equal(moved.At) {
		t.Errorf("moved to %v with %+v, %v", moved.At, changes, err)
	}
	if _, _, err := store.MoveDrop(ctx, d.ID, d.Version, plan.At); !errors.Is(err, inventory.ErrEdited) {
		t.Errorf("moved by somebody who has not seen the last move: %v", err)
	}
	if _, _, err := store.MoveDrop(ctx, d.ID, 0, time.Now().Add(-time.Second)); !errors.Is(err, inventory.ErrPast) {
		t.Errorf("moved into the past: %v", err)
	}
	if d, err := store.EndDrop(ctx, d.ID, 0, new(moved.At.Add(time.Hour))); err != nil || d.EndsAt == nil {
		t.Errorf("ends at %v, %v", d.EndsAt, err)
	}
	if _, _, err := store.MoveDrop(ctx, d.ID, 0, moved.At.Add(2*time.Hour)); !errors.Is(err, inventory.ErrEndsBefore) {
		t.Errorf("moved behind its end: %v", err)
	}
	if _, err := store.EndDrop(ctx, d.ID, 0, new(moved.At)); !errors.Is(err, inventory.ErrEnd) {
		t.Errorf("ends when it begins: %v", err)
	}

	cancelled, changes, err := store.CancelDrop(ctx, d.ID, 0)
	if err != nil || cancelled.State(time.Now()) != inventory.DropCancelled || len(changes) != 2 ||
		changes[0].Product.ReleaseAt != nil {
		t.Errorf("cancelled %+v with %+v, %v", cancelled, changes, err)
	}
	if _, _, err := store.CancelDrop(ctx, d.ID, 0); !errors.Is(err, inventory.ErrCancelled) {
		t.Errorf("cancelled twice: %v", err)
	}
	if _, err := store.EndDrop(ctx, d.ID, 0, nil); !errors.Is(err, inventory.ErrCancelled) {
		t.Errorf("the end of a cancelled drop: %v", err)
	}
	again, _, err := store.PlanDrop(ctx, plan)
	if err != nil {
		t.Errorf("planned again: %v", err)
	}
	drops, now, err := store.Drops(ctx, 10)
	if err != nil || len(drops) != 2 || drops[0].ID != again.ID || drops[1].ID != d.ID ||
		time.Since(now) > time.Minute {
		t.Errorf("drops %+v at %v, %v", drops, now, err)
	}
	journal := strings.Join(events(t, pool), "\n")
	for _, kind := range []string{"drop_planned Drop 1 ann", "drop_moved Drop 1 ann", "drop_cancelled Drop 1 ann"} {
		if !strings.Contains(journal, kind) {
			t.Errorf("no %q in the events:\n%s", kind, journal)
		}
	}
}

func TestPlanDropRefuses(t *testing.T) {
	t.Parallel()
	store, _ := newStore(t)
	if _, err := store.Release(t.Context(), 2); err != nil {
		t.Fatal(err)
	}
	saved, _ := save(t, store, volt()) // a draft
	first := inventory.Plan{At: time.Now().Add(time.Hour), Releases: []inventory.ProductID{1}}
	for name, test := range map[string]struct {
		change func(p *inventory.Plan)
		want   error
	}{
		"past":     {func(p *inventory.Plan) { p.At = time.Now().Add(-time.Second) }, inventory.ErrPast},
		"nothing":  {func(p *inventory.Plan) { p.Releases = nil }, inventory.ErrNoActs},
		"released": {func(p *inventory.Plan) { p.Releases = []inventory.ProductID{1, 2} }, inventory.ErrReleased},
		"draft": {func(p *inventory.Plan) { p.Releases = []inventory.ProductID{saved[0].ID} },
			inventory.ErrNotLive},
		"unknown": {func(p *inventory.Plan) { p.Releases = []inventory.ProductID{1, 99} }, inventory.ErrNotFound},
		"unknown size": {func(p *inventory.Plan) { p.Restocks = []inventory.DropRestock{{Item: 999, Pairs: 1}} },
			inventory.ErrNotFound},
		"no pairs": {func(p *inventory.Plan) { p.Restocks = []inventory.DropRestock{{Item: 1, Pairs: 0}} },
			inventory.ErrBadCount},
		"many pairs": {func(p *inventory.Plan) { p.Restocks = []inventory.DropRestock{{Item: 1, Pairs: 1_000_001}} },
			inventory.ErrBadCount},
		"twice": {func(p *inventory.Plan) {
			p.Restocks = []inventory.DropRestock{{Item: 1, Pairs: 1}, {Item: 1, Pairs: 2}}
		}, inventory.ErrTwiceInDrop},
		"many acts": {func(p *inventory.Plan) { p.Releases = make([]inventory.ProductID, inventory.MaxActs+1) },
			inventory.ErrTooMany},
		"ends before": {func(p *inventory.Plan) { p.EndsAt = &p.At }, inventory.ErrEnd},
		"long banner": {func(p *inventory.Plan) { p.Announces = strings.Repeat("ä", inventory.MaxAnnounce+1) },
			inventory.ErrAnnounce},
		"two lines":    {func(p *inventory.Plan) { p.Announces = "Here\nit is." }, inventory.ErrAnnounce},
		"separator":    {func(p *inventory.Plan) { p.Announces = "Here\u2028it is." }, inventory.ErrAnnounce},
		"turns around": {func(p *inventory.Plan) { p.Announces = "Here \u202eit is." }, inventory.ErrAnnounce},
	} {
		p := first
		test.change(&p)
		if d, _, err := store.PlanDrop(t.Context(), p); !errors.Is(err, test.want) {
			t.Errorf("%s: planned %+v, %v; want %v", name, d, err, test.want)
		}
	}
	if drops, _, err := store.Drops(t.Context(), 10); err != nil || len(drops) > 0 {
		t.Errorf("drops %+v, %v; want none", drops, err)
	}
}

// TestPlanOfPairsAlone plans a drop that releases nothing.
func TestPlanOfPairsAlone(t *testing.T) {
	t.Parallel()
	store, _ := newStore(t)
	d, changes, err := store.PlanDrop(t.Context(), inventory.Plan{
		At: time.Now().Add(time.Hour), Restocks: []inventory.DropRestock{{Item: 1, Pairs: 5}},
	})
	if err != nil || len(d.Releases) > 0 || len(d.Restocks) != 1 || len(changes) > 0 {
		t.Errorf("planned %+v with %+v, %v", d, changes, err)
	}
}

// TestPlanOfABanner plans a drop that shows a banner, and one that releases a product with it: that
// one is more than the release of a product, and is not planned as such.
func TestPlanOfABanner(t *testing.T) {
	t.Parallel()
	store, _ := newStore(t)
	at := time.Now().Add(time.Hour)
	if d, _, err := store.PlanDrop(t.Context(), inventory.Plan{At: at, Announces: "Soon."}); err != nil ||
		d.Announces != "Soon." {
		t.Errorf("planned %+v, %v", d, err)
	}
	release := inventory.Plan{At: at, Releases: []inventory.ProductID{1}, Announces: "Hop is here."}
	d, _, err := store.PlanDrop(t.Context(), release)
	if err != nil {
		t.Fatal(err)
	}
	var other *inventory.PlannedError
	if _, err := store.Schedule(t.Context(), 1, at); !errors.As(err, &other) || other.Drop != d.ID {
		t.Errorf("scheduled beside its banner: %v", err)
	}
	save(t, store, inventory.Edit{SKU: "SHU6000", State: new(inventory.Archived)})
	if d, _, err = store.Drop(t.Context(), d.ID); err != nil || d.CancelledAt == nil {
		t.Errorf("the product is archived, and its banner is still to come: %+v, %v", d, err)
	}
}

// TestPairsStayInTheirDrop archives a product of a drop that brings pairs of it, and releases it by
// hand: the drop goes on to bring the pairs, so no other can bring them too until it is cancelled.
func TestPairsStayInTheirDrop(t *testing.T) {
	t.Parallel()
	for name, leave := range map[string]func(*testing.T, *inventory.Store){
		"archived": func(t *testing.T, store *inventory.Store) {
			save(t, store, inventory.Edit{SKU: "SHU6000", State: new(inventory.Archived)})
			save(t, store, inventory.Edit{SKU: "SHU6000", State: new(inventory.Live)})
		},
		"released by hand": func(t *testing.T, store *inventory.Store) {
			if _, err := store.Release(t.Context(), 1); err != nil {
				t.Fatal(err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			store, _ := newStore(t)
			plan := inventory.Plan{
				At: time.Now().Add(time.Hour), Releases: []inventory.ProductID{1},
				Restocks: []inventory.DropRestock{{Item: 1, Pairs: 7}},
			}
			d, _, err := store.PlanDrop(t.Context(), plan)
			if err != nil {
				t.Fatal(err)
			}
			leave(t, store)
			got, _, err := store.Drop(t.Context(), d.ID)
			if err != nil || len(got.Releases) != 0 || len(got.Restocks) != 1 || got.CancelledAt != nil {
				t.Errorf("the drop is %+v, %v; want it to bring the pairs, and to release nothing", got, err)
			}
			plan.Releases = nil
			var planned *inventory.PlannedError
			if other, _, err := store.PlanDrop(t.Context(), plan); !errors.As(err, &planned) || planned.Drop != d.ID {
				t.Errorf("the same pairs are planned again: %+v, %v", other, err)
			}
			if _, _, err := store.CancelDrop(t.Context(), d.ID, 0); err != nil {
				t.Fatal(err)
			}
			if _, _, err := store.PlanDrop(t.Context(), plan); err != nil {
				t.Errorf("planned again after the drop was cancelled: %v", err)
			}
		})
	}
}

// TestDropsOfProductsThatLeave archives a product of a drop, and releases another one by hand: the
// drop goes on with the rest, and is cancelled when there is none.
func TestDropsOfProductsThatLeave(t *testing.T) {
	t.Parallel()
	store, _ := newStore(t)
	alone, err := store.Schedule(t.Context(), 1, time.Now().Add(time.Hour))
	if err != nil || len(alone) != 1 {
		t.Fatal(alone, err)
	}
	if _, err := store.Schedule(t.Context(), 1, time.Now().Add(2*time.Hour)); err != nil { // moves it
		t.Fatal(err)
	}
	save(t, store, inventory.Edit{SKU: "SHU6000", State: new(inventory.Archived)})
	save(t, store, inventory.Edit{SKU: "SHU6000", State: new(inventory.Live)})
	plan := inAnHour(t, store)
	plan.Restocks = nil
	d, _, err := store.PlanDrop(t.Context(), plan)
	if err != nil {
		t.Fatalf("the drop of one product was not cancelled when that was archived: %v", err)
	}
	if _, err := store.Release(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	if d, _, err = store.Drop(t.Context(), d.ID); err != nil || !slices.Equal(d.Releases, []inventory.ProductID{2}) ||
		d.CancelledAt != nil {
		t.Errorf("the drop is %+v, %v; want it to release product 2", d, err)
	}
	save(t, store, inventory.Edit{SKU: "SHU6100", State: new(inventory.Archived)})
	if d, _, err = store.Drop(t.Context(), d.ID); err != nil || d.CancelledAt == nil {
		t.Errorf("the drop is %+v, %v; want it cancelled", d, err)
	}
	if next, _, err := store.NextDrop(t.Context()); !errors.Is(err, inventory.ErrNotFound) {
		t.Errorf("next is %+v, %v", next, err)
	}
}
