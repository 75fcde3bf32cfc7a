package ledger

import (
	"context"
	"crypto/rand"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/jackc/pgx/v5"

	"sneakers23/inventory"
)

// Limits of what operators may order.
const (
	MaxCount = 1_000_000     // pairs of one order, so that a slip of the finger is noticed
	MaxPairs = 1_000_000_000 // available of an item
	MaxWhy   = 500           // characters of the reason of a correction
)

// Restock adds pairs to an item, in the name of the operator of ctx. The error is
// inventory.ErrNotFound, ErrBadCount or ErrFull, or one of Submit.
func (c *Committer) Restock(ctx context.Context, id inventory.ItemID, count int) error {
	err := inventory.ErrBadCount
	if count >= 1 && count <= MaxCount {
		err = c.Submit(ctx, newMove(ctx, id, count, Restocked, ""), nil)
	}
	if err != nil {
		return fmt.Errorf("restock item %d: %w", id, err)
	}
	return nil
}

// Correct adds pairs to an item that were found, or takes away those that are missing, and books
// why. A frozen item is first given the counts that its movements add up to; it is frozen no more.
// Only there may the correction be of no pairs. The error is inventory.ErrNotFound, ErrBadCount,
// ErrNoReason, ErrFull, or ErrTooFew when fewer pairs are available than are to be taken away, or
// one of Submit.
func (c *Committer) Correct(ctx context.Context, id inventory.ItemID, by int, why string) error {
	why = strings.TrimSpace(why)
	err := error(nil)
	switch length := utf8.RuneCountInString(why); {
	case by < -MaxCount || by > MaxCount:
		err = inventory.ErrBadCount
	case length == 0 || length > MaxWhy || strings.ContainsRune(why, 0) || !utf8.ValidString(why):
		err = inventory.ErrNoReason
	default:
		err = c.Submit(ctx, newMove(ctx, id, by, Corrected, why), nil)
	}
	if err != nil {
		return fmt.Errorf("correct item %d: %w", id, err)
	}
	return nil
}

// newOperationID names an operation whose rows have no other name, so that an attempt finds whether
// an earlier one was committed whose outcome was in doubt.
func newOperationID() (id [16]byte) {
	_, _ = rand.Read(id[:]) // never fails: crypto/rand ends the process instead
	return id
}

// move is a restock or a correction.
type move struct {
	id   [16]byte
	item inventory.ItemID
	by   int
	Cause
}

func newMove(ctx context.Context, item inventory.ItemID, by int, reason Reason, why string) *move {
	return &move{newOperationID(), item, by, Cause{reason, inventory.Actor(ctx), why}}
}

// Items implements [Operation].
func (m *move) Items() []inventory.ItemID { return []inventory.ItemID{m.item} }

// Kind implements [Operation].
func (m *move) Kind() Kind { return moves{} }

type moves struct{}

// Begin implements [Kind].
func (moves) Begin(ops []Operation) Attempt {
	a := &moveAttempt{}
	for _, op := range ops {
		m := op.(*move)
		a.ids = append(a.ids, m.id)
		if m.Reason == Corrected {
			a.corrected = append(a.corrected, m.item)
		}
	}
	return a
}

type moveAttempt struct {
	movementsOnly

	ids       [][16]byte
	done      map[[16]byte]map[inventory.ItemID]int
	corrected []inventory.ItemID
	sums      map[inventory.ItemID]sums // what the movements of a frozen one of them add up to
}

// readBooks sums the movements of items that are frozen or about to be: of others that is not
// asked.
const readBooks = `SELECT m.item_id, sum(m.available_delta), sum(m.sold_delta)
	FROM stock_movements m JOIN item_availabilities a ON a.item_id = m.item_id
	WHERE a.item_id = ANY ($1) AND (a.frozen_at IS NOT NULL OR a.available_count + a.sold_count <> a.stocked_count)
	GROUP BY m.item_id`

// Read implements [Attempt].
func (a *moveAttempt) Read(b *pgx.Batch) {
	a.done = readDone(b, a.ids)
	if len(a.corrected) == 0 {
		return
	}
	a.sums = make(map[inventory.ItemID]sums)
	b.Queue(readBooks, a.corrected).Query(func(rows pgx.Rows) error {
		var (
			id  inventory.ItemID
			sum sums
		)
		_, err := pgx.ForEachRow(rows, []any{&id, &sum.available, &sum.sold}, func() error {
			a.sums[id] = sum
			return nil
		})
		return err
	})
}

// Decide implements [Attempt].
func (a *moveAttempt) Decide(op Operation, s *Stock) error {
	m := op.(*move)
	row := s.Row(m.item)
	if a.done[m.id] != nil {
		return nil
	}
	if row == nil {
		return inventory.ErrNotFound
	}
	corrects := m.Reason == Corrected && row.Frozen
	before, books := row.Available, s.booked(m.item, a.sums[m.item])
	if corrects {
		before = books.available
	}
	switch {
	case m.by == 0 && !corrects:
		return inventory.ErrBadCount
	case before+m.by < 0:
		return inventory.ErrTooFew
	case before+m.by > MaxPairs:
		return inventory.ErrFull
	}
	if corrects {
		s.thaw(m.item, books)
	}
	s.Move(m.item, Movement{Available: m.by, Operation: m.id, Cause: m.Cause})
	return nil
}

// readDone queues a query for what the operations have sold of each item if they were carried out.
// The map is filled when the batch is sent.
func readDone(b *pgx.Batch, ids [][16]byte) map[[16]byte]map[inventory.ItemID]int {
	done := make(map[[16]byte]map[inventory.ItemID]int)
	b.Queue(`SELECT operation, item_id, sold_delta FROM stock_movements WHERE operation = ANY ($1)`,
		ids).Query(func(rows pgx.Rows) error {
		var (
			id   [16]byte
			item inventory.ItemID
			sold int
		)
		_, err := pgx.ForEachRow(rows, []any{&id, &item, &sold}, func() error {
			if done[id] == nil {
				done[id] = make(map[inventory.ItemID]int)
			}
			done[id][item] = sold
			return nil
		})
		return err
	})
	return done
}
