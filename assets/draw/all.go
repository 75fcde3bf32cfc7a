package draw

// Shoes returns the shoes that `sneakers23 seed --more` puts into a store, in the order of its
// page.
func Shoes() []Shoe { return []Shoe{rafter(), curb(), drift(), scree()} }
