// Package inventory knows what is for sale: products, their items (a size each), how many pairs are
// left and how many are sold. It knows nothing of the web and nothing of other nodes.
//
// # The parts
//
// [Store] is the inventory in PostgreSQL, the only truth: a sale happens there or not at all.
// [Catalog] is the copy of it that pages are made from: complete, in memory, and never changed once
// it is published. A [Change] is one row's new value on its way from the one to the other. [Server]
// is the door through which changes reach the catalog of this node, and [Dispatcher] tells watchers
// what they changed. [Scheduler] releases products when their time has come.
//
//	Store ── commit ──▶ Change ──▶ Server ──▶ Catalog ──▶ Dispatcher ──▶ watchers
//	                      ▲
//	                      └── from other nodes, and from comparisons with the database
//
// # Ownership and stopping
//
// Server, Dispatcher and Scheduler are services: their owner calls Serve on a goroutine of its own,
// cancels its context and waits for it to return. Each may be served again after it has returned or
// panicked. The state behind a catalog belongs to the server's goroutine alone. Other goroutines
// read the published catalog, which takes an atomic load and no lock.
//
// # Ordering and delivery
//
// Changes may come in any order, any number of times, or not at all. Each carries the whole row and
// a revision that the database gave it while the row was locked: the higher one wins, so applying
// is idempotent and the order does not matter. Lost changes are found by comparing
// ([Catalog.Missed]). Watchers are called in turn by one goroutine, with a catalog at least as new
// as what they are told of; a row that changed often while they were busy is named once.
//
// A call of Server's Release, Schedule, Unrelease, CallOff, Restock, Correct or SellUpTo returns
// after its commit shows in the catalog of this node. It does not end with its caller's context
// once it has begun: what was committed is always announced, with the name of the operator if one
// acts ([ActingAs]).
//
// A transaction that locks several rows of item_availabilities locks them in the order of their
// ids, here (SellUpTo, Unrelease) and in package checkout: so no two of them wait for each other.
// Whether a product is released is read under these locks: so a release that is taken back is not
// sold from, and one that was sold from is not taken back.
//
// # Testing
//
// [NewCatalog] makes a catalog of rows without a database. Tests of Store and Server run on a real
// PostgreSQL, a schema each.
package inventory
