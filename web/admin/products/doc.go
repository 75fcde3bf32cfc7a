// Package products is where admins write products: a list of all, also of those that shoppers do
// not see, and a form with words, sizes and photos. The pages work without a script.
//
// A form carries the version that its admin has looked at. If another admin has saved the product
// meanwhile, nothing is saved: the form comes back with what was written, and says what saving it
// would change now.
package products
