// Package states shows every page of the shop in every state that its visitors can meet, from fixed
// data and without a database.
//
// A state is a short visit: some requests of a visitor to a shop with fixed stock, such as "add two
// shoes, one of them sells out, open the checkout". A [Gallery] builds the shop from the packages
// that a node is built from: the handlers, templates, scripts and channel servers are the real
// ones, and only the stock, the teller, the orders and the dashboard's numbers are fixed. It sends
// the visit's requests to that shop, and answers with its last answer.
//
// # Addresses
//
// The state of the group checkout that is named one-line is at /gallery/checkout/one-line. Each
// state has a host of its own, checkout-one-line.localhost, since cookies and storage are shared by
// all pages of a host; any other host redirects there. Browsers resolve names below localhost to
// the loopback interface by themselves.
//
// The page in the browser is live. It has the visit's cookies, its script talks to the same shop,
// and its links and forms work. Opening the address again builds the shop again, so a state always
// begins the same.
//
// # Ownership and stopping
//
// A shop runs from the first request for its state until the state is opened again, or the gallery
// is closed. [Gallery.Close] ends all of them, and waits until they have ended.
package states
