// Package proxy is a small reverse proxy before the nodes of one shop, for development and tests.
// In production a well-known proxy stands there (docs/deploying.md); this one shows what the shop
// needs of it, and no more.
//
//	nodes := []proxy.Node{{Name: "a", URL: "http://127.0.0.1:4001"}, …}
//	p, err := proxy.New(proxy.Config{Nodes: nodes, Log: log})
//	…
//	err = p.Serve(ctx, listener) // until ctx ends
//
// # What it does
//
// Requests go round the nodes, to ready ones if there are any. Sessions do not stick: a cart's next
// request, the next poll of a long-poll session, may go to any node. WebSockets, long-poll and
// server-sent events pass, unbuffered and without a limit in time. Every answer tells in
// X-Served-By which node it is of.
//
// Before a client sees an error the next node is tried, each once at most (net/http may ask the
// same one again by a fresh connection when a kept one turns out to be dead): after a failed dial
// always; after a connection that broke before there was an answer, and after a 503, if what was
// read of the body is still kept, up to Config.MaxKept. A form of this shop may be sent twice, each
// line of a cart is bought once: so POST is no exception. When no node is left, the client gets the
// last 503, or a plain page with 502.
//
// # Who is ready
//
// Each node is asked for /readyz about every second. A failed dial, of a request or a question,
// marks it down at once, two other failed questions in a row do so too; then those that still wait
// for its answer go to the next. Nodes that are not ready are tried after all that are, and those
// that are down at the very end. A node that was left out gets no request, and keeps the sockets
// that it has.
//
// # Ownership and stopping
//
// Serve owns all goroutines: it returns when the last has ended. It takes no more requests when its
// context ends, closes sockets and event streams, which would never end by themselves, and waits
// for the others within limits.
package proxy
