// Package rehearsal simulates shoppers: they do what a browser does, over the same pages and
// sockets, and measure how long it takes.
//
// # Usage
//
//	report, err := rehearsal.Run(ctx, rehearsal.Config{
//		URLs: []string{"http://localhost:4000"}, Shoppers: 500,
//	})
//
// It knows HTTP, HTML forms and Phoenix Channels, and nothing of the shop's code: it would work
// against any shop that keeps the same routes, hooks and channels.
//
// # What a shopper does
//
// A shopper asks for the session, opens a page, and a socket that joins each product of the page
// and the cart. Then the shopper looks at pages, puts shoes into the cart and takes them out, buys
// what is in it, and reconnects at times, each after a pause. Shoes for the cart are chosen among
// those that the tab shows for sale at that moment. Each fifth shopper has a second tab, at another
// node if there are several.
//
// Config.Wait is the share of shoppers who wait while a product is not released, on its page. When
// their tab is pushed the release they rush: within 0.3 to 3 s they choose one of its sizes, put it
// into the cart and buy it. Shoppers who find nothing for sale wait too, for whatever is released
// first. A shopper's choices and speed are drawn from a seed of their number, so two rehearsals
// have the same crowd.
//
// # What is no error
//
// A shopper copes with a node that restarts as a browser and its user do. A tab whose connection
// ends connects again with the pauses of the shop's own pages, joins its topics with what it shows,
// and sends the open question again. A request that is refused (no connection, or a status of 502,
// 503 or 504) is sent again: first to the other URLs, at once, then after pauses of about 0.5, 1, 2
// and 4 s. Both are counted. They are an error only if the shopper has no answer after
// Config.Patience, or the last of these attempts is refused too. The time that it takes is in the
// latencies.
//
// # What is measured
//
//   - Reply: from add_item or remove_item to its answer.
//   - Push: from add_item or remove_item in one tab until the shopper's other tab has been pushed
//     the same cart.
//   - Purchase: from sending the form to its answer, be it an order or a refusal.
//   - Page: from asking for a page to its last byte.
//   - Release to bought: from a tab's being pushed a release to the order of the shopper who waited
//     for it.
//
// All of it is measured by one clock, in this process: what the generator itself waits for, is in
// it. Latencies are kept in buckets that are 2 % wide.
//
// [Report.Judge] compares a report with [Limits]. Run goes on after Config.For until Config.Limits
// can be judged, so that a verdict hangs on counts and not on how fast the machine was.
//
// # Ownership and stopping
//
// Run returns when all shoppers have gone: after Config.For or, if too little was measured by then,
// up to Config.AtMost, or soon after its context has ended. A shopper is one goroutine, and each of
// the shopper's tabs another one. A shopper ends after the tabs have.
package rehearsal
