package devices_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"sneakers23/app/devices"
	"sneakers23/app/postgres/pgtest"
	"sneakers23/migrations"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

func migrate(ctx context.Context, url string) error {
	_, err := migrations.Up(ctx, url)
	return err
}

const secret = "a secret of thirty-two characters"

var quiet = slog.New(slog.DiscardHandler)

// newStore is a store in a schema of its own.
func newStore(t testing.TB) (*devices.Store, *pgxpool.Pool) {
	t.Helper()
	pool := pgtest.Pool(t, migrate)
	return storeOn(pool, secret), pool
}

func storeOn(pool *pgxpool.Pool, secrets ...string) *devices.Store {
	return devices.NewStore(devices.Config{Pool: pool, Secrets: secrets, Log: quiet})
}

// add adds a device.
func add(t testing.TB, s *devices.Store, name string) (devices.Device, devices.Key) {
	t.Helper()
	d, key, err := s.Add(t.Context(), name, "ann")
	if err != nil {
		t.Fatal(err)
	}
	return d, key
}

// events are the kinds, names and so on of all that was noted, the oldest first.
func events(t testing.TB, pool *pgxpool.Pool) string {
	t.Helper()
	rows, _ := pool.Query(t.Context(), `SELECT concat_ws(' ', kind, subject, pairs, coalesce(why, '-'), coalesce(who, '-')) FROM events ORDER BY id`)
	all, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}
	return strings.Join(all, "\n")
}

// TestDeviceComesAndGoes adds, verifies and revokes; the table of events tells of it.
func TestDeviceComesAndGoes(t *testing.T) {
	t.Parallel()
	s, pool := newStore(t)
	ctx := t.Context()
	d, key := add(t, s, "kiosk 1")
	if parsed, ok := devices.ParseKey(string(key)); !ok || parsed != key {
		t.Errorf("the key has not its form: %d characters", len(key))
	}
	if d.Name != "kiosk 1" || d.Created.IsZero() || !d.Revoked.IsZero() || !d.Seen.IsZero() ||
		d.Key != devices.KeyCurrent {
		t.Errorf("added: %+v", d)
	}
	if _, _, err := s.Add(ctx, "kiosk 1", ""); !errors.Is(err, devices.ErrNameTaken) {
		t.Errorf("the same name again: %v", err)
	}
	for _, bad := range []string{"", " a", "a ", "a\x00", "a\nb", "\xff", strings.Repeat("a", 65), "\u202e"} {
		if _, _, err := s.Add(ctx, bad, ""); !errors.Is(err, devices.ErrBadName) {
			t.Errorf("name %q: %v", bad, err)
		}
		if _, err := s.Find(ctx, bad); !errors.Is(err, devices.ErrNoSuchDevice) {
			t.Errorf("find %q: %v", bad, err)
		}
	}
	if got, err := s.Verify(ctx, key); err != nil || got.ID != d.ID {
		t.Errorf("verify: %+v, %v", got, err)
	}
	if _, err := s.Verify(ctx, "000000000000"); !errors.Is(err, devices.ErrUnknownKey) {
		t.Errorf("verify another key: %v", err)
	}
	if err := s.Saw(ctx, []devices.ID{d.ID, 12345}); err != nil {
		t.Error(err)
	}
	if got, err := s.Find(ctx, "kiosk 1"); err != nil || got.Seen.IsZero() {
		t.Errorf("seen: %+v, %v", got, err)
	}
	if _, err := s.Revoke(ctx, d.ID, "bob"); err != nil {
		t.Error(err)
	}
	if _, err := s.Revoke(ctx, d.ID, "bob"); !errors.Is(err, devices.ErrRevoked) {
		t.Errorf("revoke again: %v", err)
	}
	if got, err := s.Get(ctx, d.ID); !errors.Is(err, devices.ErrRevoked) || got.Name != "kiosk 1" {
		t.Errorf("get it: %+v, %v", got, err)
	}
	for what, err := range map[string]error{
		"get": second(s.Get(ctx, 4711)), "revoke": second(s.Revoke(ctx, 4711, "")),
	} {
		if !errors.Is(err, devices.ErrNoSuchDevice) {
			t.Errorf("%s one that there is not: %v", what, err)
		}
	}
	if _, err := s.Verify(ctx, key); !errors.Is(err, devices.ErrRevoked) {
		t.Errorf("verify a revoked key: %v", err)
	}
	again, newKey := add(t, s, "kiosk 1")
	if again.ID == d.ID || newKey == key {
		t.Error("the new device of that name is the old one")
	}
	list, err := s.List(ctx)
	if err != nil || len(list) != 2 || list[0].ID != again.ID || list[1].Revoked.IsZero() {
		t.Errorf("list: %+v, %v", list, err)
	}
	want := "device_added kiosk 1 0 - ann\ndevice_revoked kiosk 1 0 - bob\ndevice_added kiosk 1 0 - ann"
	if got := events(t, pool); got != want {
		t.Errorf("events:\n%s\nwant\n%s", got, want)
	}
}

func second[T any](_ T, err error) error { return err }

// TestDatabaseHasNoKey looks for a key in the whole row.
func TestDatabaseHasNoKey(t *testing.T) {
	t.Parallel()
	s, pool := newStore(t)
	d, key := add(t, s, "kiosk")
	var row string
	if err := pool.QueryRow(t.Context(), `SELECT devices::text FROM devices WHERE id = $1`,
		d.ID).Scan(&row); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(row, string(key)) || strings.Contains(row, fmt.Sprintf("%x", string(key))) {
		t.Error("the key stands in its row")
	}
	if _, err := storeOn(pool, "another secret of 32 characters !").Verify(t.Context(), key); !errors.Is(err,
		devices.ErrUnknownKey) {
		t.Errorf("verified under another secret: %v", err)
	}
}

// TestSecretIsRotated verifies a key at nodes of the old and of the new secret.
func TestSecretIsRotated(t *testing.T) {
	t.Parallel()
	old, pool := newStore(t)
	const newer = "the newer secret of 32 characters"
	ctx := t.Context()
	_, used := add(t, old, "used")
	_, unused := add(t, old, "unused")
	both := storeOn(pool, newer, secret)
	state := func(s *devices.Store, name string) devices.KeyState {
		t.Helper()
		d, err := s.Find(ctx, name)
		if err != nil {
			t.Fatal(err)
		}
		return d.Key
	}
	if got := state(both, "used"); got != devices.KeyOlder {
		t.Errorf("before it is verified: %s", got)
	}
	if d, err := both.Verify(ctx, used); err != nil || d.Key != devices.KeyCurrent {
		t.Errorf("verified under both: %+v, %v", d, err)
	}
	if got := state(both, "used"); got != devices.KeyCurrent {
		t.Errorf("after it was verified: %s", got)
	}
	if _, err := storeOn(pool, secret, newer).Verify(ctx, used); err != nil {
		t.Errorf("at a node with the secrets in their old order: %v", err)
	}
	if _, err := both.Verify(ctx, used); err != nil {
		t.Errorf("and back: %v", err)
	}
	only := storeOn(pool, newer)
	if _, err := only.Verify(ctx, used); err != nil {
		t.Errorf("under the new secret alone: %v", err)
	}
	if _, err := only.Verify(ctx, unused); !errors.Is(err, devices.ErrUnknownKey) {
		t.Errorf("a key that was not used meanwhile: %v", err)
	}
	if got := state(only, "unused"); got != devices.KeyLost {
		t.Errorf("its state: %s", got)
	}
}

// TestOneReadVerifies counts the statements and looks at the plan.
func TestOneReadVerifies(t *testing.T) {
	t.Parallel()
	_, pool := newStore(t)
	if _, err := pool.Exec(t.Context(), `INSERT INTO devices (name, key_hash, secret_id)
		SELECT 'd' || n, sha256(n::text::bytea), '12345678' FROM generate_series(1, 5000) n`); err != nil {
		t.Fatal(err)
	}
	if _, err := pool.Exec(t.Context(), `ANALYZE devices`); err != nil {
		t.Fatal(err)
	}
	rows, _ := pool.Query(t.Context(), `EXPLAIN SELECT id FROM devices WHERE key_hash = ANY($1)`, [][]byte{
		make([]byte, 32), make([]byte, 32),
	})
	plan, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil || !strings.Contains(strings.Join(plan, "\n"), "devices_key_hash_key ") {
		t.Errorf("%v\n%s", err, strings.Join(plan, "\n"))
	}
}

// TestTwoAddOneName lets many stores add and revoke the same name at once: one of them does it.
func TestTwoAddOneName(t *testing.T) {
	t.Parallel()
	one, pool := newStore(t)
	stores := []*devices.Store{one, storeOn(pool, secret)}
	race := func(do func(*devices.Store) error) (done int, errs []error) {
		var (
			wg sync.WaitGroup
			mu sync.Mutex
		)
		for i := range 8 {
			wg.Go(func() {
				err := do(stores[i%2])
				mu.Lock()
				defer mu.Unlock()
				if err == nil {
					done++
				} else {
					errs = append(errs, err)
				}
			})
		}
		wg.Wait()
		return done, errs
	}
	done, errs := race(func(s *devices.Store) error { _, _, err := s.Add(t.Context(), "kiosk", ""); return err })
	if done != 1 || slices.ContainsFunc(errs, func(err error) bool { return !errors.Is(err, devices.ErrNameTaken) }) {
		t.Errorf("%d added it, %v", done, errs)
	}
	d, err := one.Find(t.Context(), "kiosk")
	if err != nil {
		t.Fatal(err)
	}
	done, errs = race(func(s *devices.Store) error { _, err := s.Revoke(t.Context(), d.ID, ""); return err })
	if done != 1 || slices.ContainsFunc(errs, func(err error) bool { return !errors.Is(err, devices.ErrRevoked) }) {
		t.Errorf("%d revoked it, %v", done, errs)
	}
	if got := strings.Count(events(t, pool), "\n"); got != 1 {
		t.Errorf("%d events, want 2", got+1)
	}
}

// eventually is long enough for a store's answer.
func eventually(t testing.TB) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	t.Cleanup(cancel)
	return ctx
}
