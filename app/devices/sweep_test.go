package devices_test

import (
	"fmt"
	"slices"
	"testing"

	"sneakers23/app/devices"
)

// TestSweep reports each change once, to each node.
func TestSweep(t *testing.T) {
	t.Parallel()
	s, pool := newStore(t)
	ctx := t.Context()
	one, _ := add(t, s, "one")
	two, _ := add(t, s, "two")
	sweep, other := s.NewSweep(), storeOn(pool, secret).NewSweep()
	next := func(want string, sweeps ...*devices.Sweep) {
		t.Helper()
		for _, sweep := range sweeps {
			got, err := sweep.Next(ctx)
			if err != nil {
				t.Fatal(err)
			}
			slices.Sort(got.Revoked)
			slices.Sort(got.Wanted)
			if text := fmt.Sprintf("revoked %v wanted %v check %v", got.Revoked, got.Wanted, got.Check); text != want {
				t.Errorf("%s\nwant %s", text, want)
			}
		}
	}
	const nothing = "revoked [] wanted [] check false"
	next(nothing, sweep, other)
	a := []devices.Variable{variable("a", "integer", "1")}
	if err := s.Want(ctx, one.ID, a, "bob"); err != nil {
		t.Fatal(err)
	}
	next(fmt.Sprintf("revoked [] wanted [%d] check false", one.ID), sweep)
	next(nothing, sweep)
	if err := s.Want(ctx, one.ID, a, "bob"); err != nil { // the same once more is a change
		t.Fatal(err)
	}
	if _, err := s.Revoke(ctx, two.ID, ""); err != nil {
		t.Fatal(err)
	}
	next(fmt.Sprintf("revoked [%d] wanted [%d] check false", two.ID, one.ID), sweep, other)
	if err := s.Report(ctx, one.ID, a); err != nil {
		t.Fatal(err)
	}
	next(nothing, sweep, other)
	if _, err := pool.Exec(ctx, `INSERT INTO restores (backup_of) VALUES (now())`); err != nil {
		t.Fatal(err)
	}
	next("revoked [] wanted [] check true", sweep, other)
	next(nothing, sweep, other)
}

// TestSweepSeesLateCommits revokes in a transaction that began before a sweep and is committed
// after it.
func TestSweepSeesLateCommits(t *testing.T) {
	t.Parallel()
	s, pool := newStore(t)
	ctx := t.Context()
	d, _ := add(t, s, "kiosk")
	sweep := s.NewSweep()
	tx, err := pool.Begin(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tx.Rollback(ctx) }()
	if _, err := tx.Exec(ctx, `UPDATE devices SET revoked_at = clock_timestamp()`); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if got, err := sweep.Next(ctx); err != nil || len(got.Revoked) > 0 {
			t.Fatalf("before the commit: %+v, %v", got, err)
		}
	}
	if err := tx.Commit(ctx); err != nil {
		t.Fatal(err)
	}
	if got, err := sweep.Next(ctx); err != nil || !slices.Equal(got.Revoked, []devices.ID{d.ID}) {
		t.Errorf("after it: %+v, %v", got, err)
	}
}
