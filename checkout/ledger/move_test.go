package ledger

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"sneakers23/app/postgres/pgtest"
	"sneakers23/app/waittest"
	"sneakers23/inventory"
	"sneakers23/inventory/stocktest"
)

func TestRestock(t *testing.T) {
	t.Parallel()
	s := stocktest.New(t, 1, 1, 3)
	n := newNode(s, s.Pool)
	id := s.Items[0]
	if _, err := n.SellUpTo(t.Context(), map[inventory.ItemID]int{id: 2}, AlsoUnreleased); err != nil {
		t.Fatal(err)
	}
	if err := n.Restock(t.Context(), id, 5); err != nil {
		t.Fatal(err)
	}
	want := s.Item(id)
	if it, _, _ := n.stock.Catalog().Item(id); it.ItemRow != want || it.Available != 6 || it.Sold != 2 {
		t.Errorf("the catalog says %+v, the database %+v; want 6 pairs and 2 sold", it.ItemRow, want)
	}
	for _, count := range []int{0, -1, 1_000_001} {
		if err := n.Restock(t.Context(), id, count); !errors.Is(err, inventory.ErrBadCount) {
			t.Errorf("restock %d: got %v, want ErrBadCount", count, err)
		}
	}
	if err := n.Restock(t.Context(), 999, 1); !errors.Is(err, inventory.ErrNotFound) {
		t.Errorf("unknown item: got %v, want ErrNotFound", err)
	}
	s.CheckBooks()
	stocktest.Put(t, s.Pool, 1_000_000_000-want.Available, id)
	if err := n.Restock(t.Context(), id, 1); !errors.Is(err, inventory.ErrFull) {
		t.Errorf("full item: got %v, want ErrFull", err)
	}
}

func TestCorrect(t *testing.T) {
	t.Parallel()
	s := stocktest.New(t, 1, 1, 10)
	n := newNode(s, s.Pool)
	id := s.Items[0]
	for _, tt := range []struct {
		what string
		id   inventory.ItemID
		by   int
		why  string
		want error
		left int
	}{
		{"pairs are missing", id, -4, "four were wet", nil, 6},
		{"pairs were found", id, 2, " behind the door ", nil, 8},
		{"more than there are", id, -9, "stolen", inventory.ErrTooFew, 8},
		{"all", id, -8, "the flood", nil, 0},
		{"below nothing", id, -1, "the flood", inventory.ErrTooFew, 0},
		{"none", id, 0, "just so", inventory.ErrBadCount, 0},
		{"too many at once", id, 1_000_001, "a truck", inventory.ErrBadCount, 0},
		{"too few at once", id, -1_000_001, "a truck", inventory.ErrBadCount, 0},
		{"no reason", id, 1, " \n", inventory.ErrNoReason, 0},
		{"a long reason", id, 1, strings.Repeat("é", MaxWhy), nil, 1},
		{"a longer reason", id, 1, strings.Repeat("é", MaxWhy+1), inventory.ErrNoReason, 1},
		{"a reason that is no text", id, 1, "\xff", inventory.ErrNoReason, 1},
		{"a reason with a zero", id, 1, "a\x00b", inventory.ErrNoReason, 1},
		{"an unknown item", 999, 1, "found", inventory.ErrNotFound, 1},
	} {
		if err := n.Correct(t.Context(), tt.id, tt.by, tt.why); !errors.Is(err, tt.want) {
			t.Errorf("%s: got %v, want %v", tt.what, err, tt.want)
		}
		if got := s.Item(id).Available; got != tt.left {
			t.Errorf("%s: %d pairs are left, want %d", tt.what, got, tt.left)
		}
		if it, _, _ := n.stock.Catalog().Item(id); it.Available != tt.left {
			t.Errorf("%s: the catalog has %d pairs, want %d", tt.what, it.Available, tt.left)
		}
	}
	s.CheckBooks()
}

// movement is what the books say of one.
type movement struct {
	Reason   string
	By       int
	Who, Why string
}

// TestMovementsNameTheirActor books who did what and why, and no actor where none is given.
func TestMovementsNameTheirActor(t *testing.T) {
	t.Parallel()
	s := stocktest.New(t, 1, 1, 10)
	n := newNode(s, s.Pool)
	id := s.Items[0]
	alice := inventory.ActingAs(t.Context(), "alice")
	sell := func(ctx context.Context) error {
		_, err := n.SellUpTo(ctx, map[inventory.ItemID]int{id: 1}, AlsoUnreleased)
		return err
	}
	if err := errors.Join(
		n.Restock(alice, id, 2), n.Correct(alice, id, -3, "miscounted "), sell(alice), n.Restock(t.Context(), id, 1),
	); err != nil {
		t.Fatal(err)
	}
	want := []movement{
		{"restock", 10, "", ""}, {"restock", 2, "alice", ""}, {"correction", -3, "alice", "miscounted"},
		{"sale", -1, "alice", ""}, {"restock", 1, "", ""},
	}
	rows, _ := s.Pool.Query(t.Context(), `SELECT reason, available_delta, coalesce(who, ''), coalesce(why, '')
		FROM stock_movements WHERE item_id = $1 ORDER BY id`, id)
	got, err := pgx.CollectRows(rows, pgx.RowToStructByPos[movement])
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("got %v, %v; want %v", got, err, want)
	}
	s.CheckBooks()
}

// TestWatchersLearnWhoMovedPairs follows the name of an operator to the watchers.
func TestWatchersLearnWhoMovedPairs(t *testing.T) {
	t.Parallel()
	s := stocktest.New(t, 1, 1, 10)
	n := newNode(s, s.Pool)
	var last []inventory.Change
	n.stock.OnCommitted(func(changes []inventory.Change) { last = changes })
	for _, who := range []string{"alice", ""} {
		if err := n.Restock(inventory.ActingAs(t.Context(), who), s.Items[0], 1); err != nil {
			t.Fatal(err)
		}
		if len(last) != 1 || last[0].By != who {
			t.Errorf("told of %+v, want a change by %q", last, who)
		}
	}
}

// TestOperatorInDoubt loses the answer to the COMMIT of what has no line ids: it is done once, and
// its outcome is told.
func TestOperatorInDoubt(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]pgtest.Fault{
		"before": pgtest.LosesCommit, "after": pgtest.LosesAnswer, "said rolled back": pgtest.LiesRollback,
		"silent": pgtest.HoldsAnswer,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := stocktest.New(t, 1, 2, 10)
			var commits atomic.Int64
			line, pool := pgtest.NewCutter(t, s.Pool, func() pgtest.Fault {
				if commits.Add(1)%3 != 0 {
					return fault
				}
				return pgtest.Passes
			})
			n := newNode(s, pool, func(c *Config) { c.LockWithin = 200 * time.Millisecond })
			ctx := context.WithoutCancel(t.Context())
			if err := errors.Join(n.Restock(ctx, s.Items[0], 5), n.Correct(ctx, s.Items[0], -1, "lost")); err != nil {
				t.Fatal(err)
			}
			sales, err := n.SellUpTo(ctx, map[inventory.ItemID]int{s.Items[0]: 3, s.Items[1]: 99}, AlsoUnreleased)
			if err != nil || len(sales) != 2 || sales[0].Pairs != 3 || sales[1].Pairs != 10 ||
				sales[1].Item.Available != 0 {
				t.Errorf("sold %+v, %v; want 3 and all 10", sales, err)
			}
			if line.Faults[fault].Load() == 0 {
				t.Error("no line was cut")
			}
			for i, want := range []int{11, 0} {
				it := s.Item(s.Items[i])
				if shown, _, _ := n.stock.Catalog().Item(it.ID); it.Available != want || shown.ItemRow != it {
					t.Errorf("the database has %+v, the catalog %+v, want %d pairs", it, shown.ItemRow, want)
				}
			}
			s.CheckBooks()
		})
	}
}

// TestOperatorStaysInDoubt loses the answer to a COMMIT and every connection after it: the outcome
// is unknown, and it is not said that nothing was done.
func TestOperatorStaysInDoubt(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]pgtest.Fault{"lost": pgtest.LosesAnswer, "silent": pgtest.HoldsAnswer} {
		t.Run(name, func(t *testing.T) { staysInDoubt(t, fault) })
	}
}

func staysInDoubt(t *testing.T, fault pgtest.Fault) {
	t.Parallel()
	s := stocktest.New(t, 1, 1, 10)
	cut, gone := pgtest.CutForGood(t, s.Pool, fault)
	c := New(testConfig(cut, func(c *Config) { c.Patience, c.LockWithin = time.Second, 200*time.Millisecond }))
	run(t, c.Serve)
	waittest.Until(t, "a commit whose answer is lost", func() bool { // at once, unless the patience was too short
		err := c.Restock(context.WithoutCancel(t.Context()), s.Items[0], 1)
		if gone() && (!errors.Is(err, ErrUnknown) || errors.Is(err, ErrNotDone) || errors.Is(err, ErrFailed)) {
			t.Fatalf("got %v, want ErrUnknown", err)
		}
		return gone()
	})
	if it := s.Item(s.Items[0]); it.Available != 11 {
		t.Errorf("%d pairs are there, want the restocked one too", it.Available)
	}
}

// TestOperatorWithoutDatabase says that nothing was done.
func TestOperatorWithoutDatabase(t *testing.T) {
	t.Parallel()
	s := stocktest.New(t, 1, 1, 10)
	c := New(testConfig(s.Pool, func(c *Config) { c.Patience = 50 * time.Millisecond }))
	s.Pool.Close()
	run(t, c.Serve)
	told := make(chan error, 1)
	go func() { told <- c.Restock(t.Context(), s.Items[0], 1) }()
	if err := waittest.Receive(t, "the answer", told); !errors.Is(err, ErrNotDone) {
		t.Errorf("got %v, want ErrNotDone", err)
	}
}
