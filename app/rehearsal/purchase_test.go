package rehearsal

import "testing"

// TestRead holds what a shop says of a purchase against what it is called: only want of stock is no
// failure.
func TestRead(t *testing.T) {
	t.Parallel()
	for says, want := range map[string]string{
		"Your cart has out-of-stock shoes. Take them out.":                    "sold out",
		"Your cart has unreleased shoes. Take them out.":                      "not released",
		"Your cart is empty. Pick a size first.":                              "empty cart",
		"Your cart is empty, and the page was too old: we can&#39;t tell.":    "nobody knew",
		"The price has changed. Look at the new total.":                       "other price",
		"The shop is very busy.":                                              "too busy",
		"Your purchase could not be completed. Press Purchase again.":         "could not be completed",
		"We don&#39;t know yet whether this was bought. Press Purchase again": "nobody knew",
	} {
		got, err := read(`<div class="flash flash--error"><p class="flash__words">` + says + `</p></div>`)
		if got.name != want || (err == nil) != (want == "sold out") {
			t.Errorf("%q is %+v, %v; want %s", says, got, err, want)
		}
	}
	if got, err := read("<h1>Checkout</h1>"); got != unexplained || err == nil {
		t.Errorf("a page that says nothing of it is %+v, %v", got, err)
	}
}
