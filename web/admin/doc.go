// Package admin is what the people meet who run the shop: the sign-in, the dashboard's pages, and
// the socket that keeps them live. The channels of that socket are listed by [Routes]; one more,
// for devices, is that of package fleet.
//
// # Who gets in
//
// The pages are behind HTTP basic auth, user admin and one password: see [SignIn], which delays
// those who guess, and logs them. A page carries a token that [Tokens] has signed; the socket opens
// for such a token and for nothing else. A token is good for [TokenAge], and only as long as its
// secret and the password are: who is to be shut out is, by a restart with another password. A
// channel calls [Tokens.KeepFresh] in its Join, so that a page that stays open has a new token
// before the old one ends.
//
// # What they see
//
// [Board] sums up the shop for the dashboards of this node: shoppers by page, carts by item, stock,
// orders by the minute, nodes, what has happened, and what keeps the shop from selling. All nodes
// share a journal of what has happened, see [Record]. A node looks for its own [Fault] once a
// second, and tells the others. A socket that joins the topic [Dashboard] is pushed the event
// state. Then it is pushed change, with what is to be merged into it, at most four times a second.
// The topic [CartTracker] has the presences themselves, as Phoenix Presence pushes them.
//
// # Ownership and stopping
//
// Board and SignIn are services: their owner runs Serve and waits for its end; Board waits for its
// questions to the database, and for its look at the own fault. KeepFresh, and what a dashboard
// orders, run as tasks of their channels. All methods may be called from any goroutine.
package admin
