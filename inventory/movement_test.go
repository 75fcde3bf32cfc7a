package inventory_test

import (
	"errors"
	"strings"
	"testing"

	"sneakers23/app/waittest"
	"sneakers23/inventory"
)

func TestCorrect(t *testing.T) {
	t.Parallel()
	store, pool := newStore(t)
	id := stocked(t, pool, 10)[0]
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
		{"a long reason", id, 1, strings.Repeat("é", inventory.MaxWhy), nil, 1},
		{"a longer reason", id, 1, strings.Repeat("é", inventory.MaxWhy+1), inventory.ErrNoReason, 1},
		{"a reason that is no text", id, 1, "\xff", inventory.ErrNoReason, 1},
		{"a reason with a zero", id, 1, "a\x00b", inventory.ErrNoReason, 1},
		{"an unknown item", 999, 1, "found", inventory.ErrNotFound, 1},
	} {
		changes, err := store.Correct(t.Context(), tt.id, tt.by, tt.why)
		if !errors.Is(err, tt.want) {
			t.Errorf("%s: got %v, want %v", tt.what, err, tt.want)
		}
		if err == nil && changes[0].Item.Available != tt.left {
			t.Errorf("%s: told of %+v, want %d pairs", tt.what, changes[0].Item, tt.left)
		}
		if got := readRows(t, store).Items[0].Available; got != tt.left {
			t.Errorf("%s: %d pairs are left, want %d", tt.what, got, tt.left)
		}
	}
	if _, err := pool.Exec(t.Context(), `UPDATE item_availabilities SET available_count = 1000000000 WHERE item_id = $1`, id); err != nil {
		t.Fatal(err)
	}
	if _, err := store.Correct(t.Context(), id, 1, "found"); !errors.Is(err, inventory.ErrFull) {
		t.Errorf("full item: got %v, want ErrFull", err)
	}
}

// TestMovementsNameTheirActor books who did what and why, and nobody where nobody acts.
func TestMovementsNameTheirActor(t *testing.T) {
	t.Parallel()
	store, pool := newStore(t)
	id := stocked(t, pool, 10)[0]
	alice := inventory.ActingAs(t.Context(), "alice")
	if _, err := store.Restock(alice, id, 2); err != nil {
		t.Fatal(err)
	}
	if _, err := store.Correct(alice, id, -3, "miscounted "); err != nil {
		t.Fatal(err)
	}
	if _, err := store.SellUpTo(alice, map[inventory.ItemID]int{id: 1}, inventory.AlsoUnreleased); err != nil {
		t.Fatal(err)
	}
	if _, err := store.Restock(t.Context(), id, 1); err != nil {
		t.Fatal(err)
	}
	who, why := "alice", "miscounted"
	want := []movement{
		{"restock", 10, nil, nil}, {"restock", 2, &who, nil}, {"correction", -3, &who, &why}, {"sale", -1, &who, nil}, {"restock", 1, nil, nil},
	}
	got := movements(t, pool, id)
	if len(got) != len(want) {
		t.Fatalf("%d movements, want %d", len(got), len(want))
	}
	text := func(s *string) string {
		if s == nil {
			return "nobody"
		}
		return *s
	}
	for i, m := range got {
		w := want[i]
		if m.Reason != w.Reason || m.By != w.By || text(m.Who) != text(w.Who) || text(m.Why) != text(w.Why) {
			t.Errorf("movement %d: %s by %d, of %s: %s", i, m.Reason, m.By, text(m.Who), text(m.Why))
		}
	}
	checkBooks(t, pool)
}

// TestWatchersLearnWhoDidIt follows the name of an operator to the watchers, of this node and of
// another.
func TestWatchersLearnWhoDidIt(t *testing.T) {
	t.Parallel()
	s, store, told := startServer(t)
	item := readRows(t, store).Items[0]
	var sent []inventory.Change
	other, _, toldThere := startServer(t)
	s.OnCommitted(func(changes []inventory.Change) { sent = append(sent, changes...) })
	alice := inventory.ActingAs(t.Context(), "alice")
	if err := s.Release(alice, item.ProductID); err != nil {
		t.Fatal(err)
	}
	n := waittest.Receive(t, "the notice of the release", told)
	if got := n.Actors.Product(item.ProductID); got != "alice" {
		t.Errorf("the release was made by %q", got)
	}
	if err := s.Restock(alice, item.ID, 1); err != nil {
		t.Fatal(err)
	}
	n = waittest.Receive(t, "the notice of the restock", told)
	if got := n.Actors.Item(item.ID); got != "alice" {
		t.Errorf("the restock was made by %q", got)
	}
	if err := s.Restock(t.Context(), item.ID, 1); err != nil {
		t.Fatal(err)
	}
	n = waittest.Receive(t, "the notice of the shop's own restock", told)
	if got := n.Actors.Item(item.ID); got != "" {
		t.Errorf("what nobody did was made by %q", got)
	}
	sent[0].Product.Revision += 1000 // the other store has given its own
	if err := other.Apply(t.Context(), sent[0]); err != nil {
		t.Fatal(err)
	}
	n = waittest.Receive(t, "the notice at the other node", toldThere)
	if got := n.Actors.Product(item.ProductID); got != "alice" {
		t.Errorf("at the other node, the release was made by %q", got)
	}
}
