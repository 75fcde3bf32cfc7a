// Package checkout sells: the cart, its signed token, the orders, and the teller, who makes orders of carts. It knows
// nothing of the web.
package checkout
