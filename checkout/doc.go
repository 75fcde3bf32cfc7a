// Package checkout sells: the cart, its signed token, the orders, and the teller, who makes orders
// of carts. It knows nothing of the web.
//
// # Carts
//
// A [Cart] is a map from products to choices that merges with any other the same way in any order,
// so tabs, nodes and forms need no agreement. [Tokens] makes a signed text of the whole cart and a
// cart of it again. A token names its shopper: opened for another one, its lines are lines of that
// shopper's own, so a token opens no order that was made of it. An order keeps its buyer by the
// same name.
//
// # Selling
//
// [Teller] sells the carts that wait in one transaction, as many as came while the last one was
// committing. The order of its steps is what makes it right: it locks the items' rows by id, looks
// up only then which lines were bought already and what is released, decides in Go, writes with
// set-based statements, and commits. [Orders] reads and cancels what it has made.
//
//	teller := checkout.NewTeller(checkout.TellerConfig{Pool: pool, Stock: stock, Log: log})
//	go teller.Serve(ctx)
//	order, err := teller.Buy(ctx, checkout.Purchase{Lines: lines, Total: shown})
//
// # Promises
//
// A buyer who gets an order has one that is committed. A buyer who gets a [Refusal],
// [ErrPriceChanged] or [ErrFailed] has none. After [ErrUnknown], also as [ErrBusy], or no answer at
// all, the buyer can safely send the same purchase again, to any teller of the database, and learns
// the outcome: each line is bought once, by its id, however often it is sent. This holds after a
// cancellation too: the line then leads to the cancelled order.
//
// ErrFailed is returned only for lines that were looked up under the locks in the same attempt. A
// buyer who is not served for want of a connection, of a row or of time gets ErrUnknown: another
// teller may be committing the same form, or may have sold it long ago. An error where the
// transaction may have been committed is no answer either. The same carts run again on another
// connection: their locks wait for the transaction in doubt, and their look finds its outcome.
//
// When a purchase is refused, this node's catalog shows the reason before the buyer is answered:
// the price, the release or the stock that was read under the locks.
//
// A row that another transaction holds for too long makes the batch wait once, for as long as a
// transaction waits for a lock. Then the carts that want the row are set aside, and come back when
// that transaction has ended or their time is over. They do not wait until the row is free: where
// other tellers sell without a pause, it never is.
//
// A network, see Purchase.From, holds no more of the places of those who wait than TellerConfig.Places allows, and each of them until
// it is answered: a buyer who goes away makes no room. [Orders.TryWrite] finds out whether the database takes orders, without a buyer.
//
// # Ownership and stopping
//
// Teller is a service: its owner calls Serve on a goroutine of its own, cancels its context and
// waits for it to return. It may be served again after it has returned or panicked. A batch does
// not end with that context: buyers who wait are served first. A buyer whose own context ends stops
// waiting, and the cart is sold all the same. Changes go to the inventory after the commit and
// before the answer, which waits for no watcher.
//
// # Testing
//
// The decision is a function of facts (decide), tested without a database. All else runs on a real
// PostgreSQL, over lines that are cut where it hurts. Faults come by count and waits end by
// events, so no test depends on the speed of the machine.
package checkout
