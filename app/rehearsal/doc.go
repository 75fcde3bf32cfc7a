// Package rehearsal simulates shoppers: they do what a browser does, over the same pages and sockets, and measure how
// long it takes.
//
// # Usage
//
//	report, err := rehearsal.Run(ctx, rehearsal.Config{URLs: []string{"http://localhost:4000"}, Shoppers: 500})
//
// It knows HTTP, HTML forms and Phoenix Channels, and nothing of the shop's code: it would work against any shop that
// keeps the same routes, hooks and channels.
//
// # What a shopper does
//
// He asks for his session, opens a page, and a socket that joins each product of the page and the cart. Then he looks at
// pages, puts shoes into the cart and takes them out, buys what he has, and reconnects at times, each after a pause. Each
// fifth has a second tab, at another node if there are several.
//
// # What is measured
//
//   - Reply: from add_item or remove_item to its answer.
//   - Push: from add_item or remove_item in one tab until the shopper's other tab has been pushed the same cart.
//   - Purchase: from sending the form to its answer, be it an order or a refusal.
//   - Page: from asking for a page to its last byte.
//
// All of it is measured by one clock, in this process: what the generator itself waits for, is in it. Latencies are kept
// in buckets that are 2 % wide.
//
// [Report.Judge] compares a report with [Limits]. Run goes on after Config.For until Config.Limits can be judged, so that a
// verdict hangs on counts and not on how fast the machine was.
//
// # Ownership and stopping
//
// Run returns when all shoppers have gone: after Config.For or, if too little was measured by then, up to Config.AtMost, or
// soon after its context has ended. A shopper is one
// goroutine, and one for each of his sockets.
package rehearsal
