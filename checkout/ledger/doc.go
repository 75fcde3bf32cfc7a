// Package ledger is the one mechanism that changes stock. It knows items and operations, and
// nothing of carts.
//
// # Operations and batches
//
// An [Operation] is a sale, a restock, a cancellation: something that moves pairs, and is done as a
// whole or not at all. The [Committer] carries out the operations that wait in one transaction, as
// many as came while the last one was committing:
//
//  1. It locks the rows of the operations' items, in the order of their ids.
//  2. Only then it reads what the decisions need: counts, prices, and the facts of each [Kind].
//  3. It decides the operations in order of arrival, each by a pure function of what was read.
//  4. It writes counts, movements and the rows of each kind with set-based statements, commits,
//     hands the changes to the inventory of its node, and answers.
//
// A new sort of operation is a new Kind: it says which rows it wants, which facts it needs,
// decides, and says what is written. Batches mix operations of all kinds. Movements, the counts and
// their sums are the committer's own.
//
// # The states of an operation
//
//	state      what it means                          if the process ends now
//	queued     no attempt at it has begun             nothing was done
//	begun      an attempt locks, reads or writes      PostgreSQL rolls back; nothing was done
//	in doubt   COMMIT was sent, no answer came        it was done or not; the same sale, sent
//	                                                  again, finds out
//	decided    the answer to COMMIT came              it was done; the caller is not told
//	answered   the caller has its outcome             nothing is lost
//
// In every state the other nodes learn of what was committed by comparing their catalogs with the
// database. A caller who waits no longer takes a queued operation back; from the first attempt on
// the operation is carried out without it. After an attempt in doubt the same operations run again
// on another connection before any of them is answered: their locks wait for the transaction in
// doubt, and what is read under them shows its outcome. For that a sale has the ids of its lines,
// and every other operation an id in its movements.
//
// # Errors
//
// An error that may pass is followed by another attempt, for as long as Config.Patience. An error
// with a reason halves the batch until the one operation that the database refuses is alone. An
// error that would meet every batch (a missing column or right, a full disk) answers the whole
// batch at once, and the next one begins after a pause. A row that another transaction holds for
// too long makes the batch wait once; then the operations that want it are parked until another
// transaction holds the row, or none does.
//
// # Ownership and stopping
//
// Committer is a service: its owner calls Serve on a goroutine of its own, cancels its context and
// waits for it to return. A batch does not end with that context: what waits then is carried out
// first.
package ledger
