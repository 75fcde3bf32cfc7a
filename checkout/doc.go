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
// [Teller] checks forms and submits sales to the committer of package ledger, which carries them
// out with all else that changes stock. A cart that this node's catalog would refuse is looked up
// first: one query without locks answers all forms that wait. [Orders] reads and cancels what was
// made.
//
//	l := ledger.New(ledger.Config{Pool: pool, Inventory: stock, Log: log})
//	teller := checkout.NewTeller(checkout.TellerConfig{Ledger: l, Inventory: stock, Log: log})
//	go l.Serve(ctx)
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
// Nothing is refused from memory: another node may have restocked and sold the very line a moment
// ago. A refusal without locks reads stock and prices first and the lines after them, so it was
// right at the first moment. ErrFailed is returned only for lines that were read under the locks in
// the same attempt. Every other failure is ErrUnknown.
//
// When a purchase is refused, this node's catalog shows the reason before the buyer is answered:
// the price, the release or the stock that was read.
//
// A network, see Purchase.From, holds no more of the places of those who wait than
// TellerConfig.Places allows, and each of them until the purchase leaves the queues: a buyer who
// goes away makes no room. [Orders.TryWrite] finds out whether the database takes orders, without a
// buyer.
//
// # Ownership and stopping
//
// Teller is a service: its owner calls Serve on a goroutine of its own, cancels its context and
// waits for it to return. It may be served again after it has returned or panicked. A buyer whose
// context ends before an attempt has begun takes the purchase back; after that the buyer only stops
// waiting, and the cart is sold all the same.
//
// # Testing
//
// Decisions are functions of what was read, tested without a database. All else runs on a real
// PostgreSQL, over lines that are cut where it hurts. Faults come by count and waits end by
// events, so no test depends on the speed of the machine.
package checkout
