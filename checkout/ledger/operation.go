package ledger

import (
	"github.com/jackc/pgx/v5"

	"sneakers23/inventory"
)

// Operation is one change of stock that is decided as a whole: a sale, a restock, a cancellation.
//
// An operation holds its own outcome. [Attempt.Decide] writes it on the committer's goroutine, once
// for each attempt. The caller may read it when [Committer.Submit] has returned nil.
type Operation interface {
	// Items returns the items whose rows are locked before the operation is decided, and which it
	// may change. It returns the same at every call.
	Items() []inventory.ItemID

	// Kind returns what decides this operation and others of its sort.
	Kind() Kind
}

// Kind is a sort of operations, such as sales. Kinds are compared with ==: operations of the same
// kind in one batch share their queries and statements.
type Kind interface {
	// Begin returns the attempt that decides these operations, which are in order of arrival.
	Begin(ops []Operation) Attempt
}

// Attempt tries to carry out the operations of one kind in a batch. The committer's goroutine calls
// its methods in the order in which they stand here. A batch that is tried again gets new attempts.
type Attempt interface {
	// Read queues the queries for facts beside stock and products. They run in the batch's
	// transaction after its rows are locked, so they see all that was committed before that.
	Read(b *pgx.Batch)

	// Decide decides one operation from what was read alone, after all operations of the batch that
	// arrived earlier, of any kind. It moves pairs by [Stock.Move]. An error refuses the operation:
	// then Decide has moved nothing, and the caller gets the error if the batch is committed.
	Decide(op Operation, s *Stock) error

	// Write queues the statements that write what was decided, but for counts and movements, which
	// the committer writes. None of them returns rows.
	Write(b *pgx.Batch)

	// Committed is called when the batch is committed and its callers have their answers. It must
	// not wait.
	Committed()
}

// movementsOnly is embedded by attempts whose operations write nothing but counts and movements.
type movementsOnly struct{}

// Write implements [Attempt].
func (movementsOnly) Write(*pgx.Batch) {}

// Committed implements [Attempt].
func (movementsOnly) Committed() {}
