// Package checkout sells: the cart, its signed token, the orders, and the teller, who makes orders of carts. It knows
// nothing of the web.
//
// # Carts
//
// A [Cart] is a map from products to choices that merges with any other the same way in any order, so tabs, nodes and forms
// need no agreement. [Tokens] makes a signed text of the whole cart and a cart of it again.
//
// # Selling
//
// [Teller] sells the carts that wait in one transaction, as many as came while the last one was committing. The order of its
// steps is what makes it right: it locks the items' rows by id, looks up only then which lines were bought already and what is
// released, decides in Go, writes with set-based statements, and commits. [Orders] reads and cancels what it has made.
//
//	teller := checkout.NewTeller(checkout.TellerConfig{Pool: pool, Stock: stock, Log: log})
//	go teller.Serve(ctx)
//	order, err := teller.Buy(ctx, checkout.Purchase{Lines: lines, Total: shown})
//
// # Promises
//
// A buyer who gets an order has one that is committed. One who gets a [Refusal], [ErrPriceChanged] or [ErrFailed] has none.
// Whoever gets [ErrUnknown], also as [ErrBusy], or nothing, sends the same purchase again, to any teller of the database,
// and learns what became of it: each line is bought once, by its id, however often and wherever it is sent. After a
// cancellation too: the line then leads to the cancelled order.
//
// "Could not" is said only of lines that were looked up under the locks in the same attempt. Who was not served, for want
// of a connection, of a row or of time, is told that nobody knows: another teller may be committing the same form, or it
// was sold long ago. An error where the transaction may have been committed is no answer either. The same carts run again
// on another connection: their locks wait for the transaction in doubt, their look finds what became of it.
//
// A row that somebody holds for too long makes the others wait once, for as long as a transaction waits for a lock. Then
// the carts that want it are set aside, and come back when he holds it no longer or their time is over. They do not wait
// for a moment at which nobody holds it: where other tellers sell without a pause, there is none.
//
// A buyer, see Purchase.From, holds no more than TellerConfig.PerBuyer of the places of those who wait, and each of them until it is
// answered: going away makes no room. [Orders.TryWrite] finds out whether the database takes orders, without a buyer.
//
// # Ownership and stopping
//
// Teller is a service: its owner calls Serve on a goroutine of its own, cancels its context and waits for it to return. It may
// be served again after it has returned or panicked. A batch does not end with that context: who waits is served first. A buyer
// whose own context ends stops waiting, and his cart is sold all the same. What was sold goes through the inventory's door
// after the commit and before the answer, and waits for no watcher.
//
// # Testing
//
// What is decided is a function of facts (decide), tried without a database. All else runs on a real PostgreSQL, over lines that
// are cut where it hurts. Faults come by count and waits end by events, so no test depends on the speed of the machine.
package checkout
