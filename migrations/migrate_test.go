package migrations_test

import (
	"context"
	"errors"
	"sync"
	"testing"

	"sneakers23/app/postgres/pgtest"
	"sneakers23/migrations"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

func TestUpDownUp(t *testing.T) {
	t.Parallel()
	url := pgtest.URL(t)
	ctx := t.Context()
	up, err := migrations.Up(ctx, url)
	if err != nil || len(up) == 0 {
		t.Fatalf("up: %v, %v", up, err)
	}
	if again, err := migrations.Up(ctx, url); err != nil || len(again) != 0 {
		t.Errorf("up again: %v, %v, want nothing to do", again, err)
	}
	for i := len(up) - 1; i >= 0; i-- {
		undone, err := migrations.Down(ctx, url)
		if err != nil || undone.Version != up[i].Version {
			t.Fatalf("down: %v, %v, want version %d", undone, err, up[i].Version)
		}
	}
	if _, err := migrations.Down(ctx, url); !errors.Is(err, migrations.ErrNone) {
		t.Errorf("down from nothing: %v, want ErrNone", err)
	}
	state, err := migrations.Status(ctx, url)
	steps := state.Steps
	if err != nil || len(steps) != len(up) {
		t.Fatalf("status: %v, %v", steps, err)
	}
	for _, s := range steps {
		if s.Applied {
			t.Errorf("%s is applied after all was taken back", s.Name)
		}
	}
	if up, err := migrations.Up(ctx, url); err != nil || len(up) != len(steps) {
		t.Errorf("up after down: %v, %v", up, err)
	}
}

func TestUpOfSeveralNodesAtOnce(t *testing.T) {
	t.Parallel()
	url := pgtest.URL(t)
	var (
		wg      sync.WaitGroup
		mu      sync.Mutex
		applied int
	)
	for range 4 {
		wg.Go(func() {
			steps, err := migrations.Up(context.WithoutCancel(t.Context()), url)
			if err != nil {
				t.Error(err)
			}
			mu.Lock()
			applied += len(steps)
			mu.Unlock()
		})
	}
	wg.Wait()
	if state, _ := migrations.Status(t.Context(), url); applied != len(state.Steps) {
		t.Errorf("four nodes applied %d steps together, want %d", applied, len(state.Steps))
	}
}
