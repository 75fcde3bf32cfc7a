package shop

import (
	"strings"
	"testing"

	"sneakers23/inventory"
)

func TestAdvice(t *testing.T) {
	t.Parallel()
	open := checkoutLine{cartLine: cartLine{Released: true}}
	soon := checkoutLine{}
	out := checkoutLine{cartLine: cartLine{Released: true, OutOfStock: true}}
	other := out
	other.Sizes = []cartSize{{ItemID: 2, Level: inventory.LevelLow}}
	had := out
	had.Bought, had.OrderID = true, "ORDER"
	for name, tt := range map[string]struct {
		lines []checkoutLine
		says  string // "" for no advice
	}{
		"all is well":         {[]checkoutLine{open, had}, ""},
		"another size":        {[]checkoutLine{open, other}, "Take another size of what is sold out, or take it out: then"},
		"nothing else":        {[]checkoutLine{open, out}, "Take out what is sold out: then"},
		"only sold out":       {[]checkoutLine{out, had}, "Nothing of this is left"},
		"only another size":   {[]checkoutLine{other}, "Take another size of what is sold out, or take it out."},
		"one of each":         {[]checkoutLine{other, out}, "Take another size"},
		"not released":        {[]checkoutLine{soon}, "This can be bought when it is released"},
		"one is not released": {[]checkoutLine{soon, open}, "Take out what is not released yet"},
		"one of them is out":  {[]checkoutLine{soon, out}, "Take out what is sold out; the rest"},
		"some of everything":  {[]checkoutLine{soon, out, open}, "Take out what is sold out or not released yet: then you can buy the rest"},
		"another size, and":   {[]checkoutLine{soon, other, open}, "or take it out; and take out what is not released yet: then"},
		"all but one to buy":  {[]checkoutLine{soon, other}, "the rest can be bought when it is released"},
	} {
		if got := (checkoutPage{Lines: tt.lines}).Advice(); !strings.Contains(got, tt.says) || tt.says == "" && got != "" {
			t.Errorf("%s: %q", name, got)
		}
	}
}
