package shop

import (
	"regexp"
	"strings"
	"testing"

	"sneakers23/checkout"
	"sneakers23/inventory"
	"sneakers23/web/webtest"
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
		lines   []checkoutLine
		says    string // "" for no advice
		allGone bool
	}{
		"all is well": {[]checkoutLine{open, had}, "", false},
		"another size": {
			[]checkoutLine{open, other}, "Take another size of what is sold out, or remove it: then", false,
		},
		"nothing else":        {[]checkoutLine{open, out}, "Remove what is sold out: then", false},
		"and no other shoe":   {[]checkoutLine{out}, "so are all other shoes on sale", true},
		"only sold out":       {[]checkoutLine{out, had}, "Every size of this is sold out", false},
		"only another size":   {[]checkoutLine{other}, "Take another size of what is sold out, or remove it.", false},
		"one of each":         {[]checkoutLine{other, out}, "Take another size", false},
		"not released":        {[]checkoutLine{soon}, "This can be bought when it is released", false},
		"one is not released": {[]checkoutLine{soon, open}, "Remove what is not released yet", false},
		"one of them is out":  {[]checkoutLine{soon, out}, "Remove what is sold out; the rest", false},
		"some of everything": {
			[]checkoutLine{soon, out, open}, "Remove what is sold out or not released yet: then you can buy the rest",
			false,
		},
		"another size, and": {
			[]checkoutLine{soon, other, open}, "or remove it; and remove what is not released yet: then", false,
		},
		"all but one to buy": {[]checkoutLine{soon, other}, "the rest can be bought when it is released", false},
	} {
		if got := (checkoutPage{Lines: tt.lines, AllGone: tt.allGone}).Advice(); !strings.Contains(got, tt.says) ||
			tt.says == "" && got != "" {
			t.Errorf("%s: %q", name, got)
		}
	}
}

// After a refusal the focus begins at the line that is the reason, else at the title, which says
// why.
func TestTheReasonHasTheFocus(t *testing.T) {
	t.Parallel()
	p := newPages(t, webtest.NewShelf(webtest.Rows()))
	line := func(id inventory.ItemID, outOfStock, released bool, order checkout.OrderID) checkoutLine {
		return checkoutLine{cartLine{ID: id, OutOfStock: outOfStock, Released: released}, order != "", order}
	}
	open, out, soon, had := line(1, false, true, ""), line(2, true, true, ""), line(3, false, false, ""), line(4, true,
		true, "ORDER")
	refusal := &Flash{Kind: "error", Message: "no"}
	for name, tt := range map[string]struct {
		flash *Flash
		lines []checkoutLine
		want  string // the tag that has the focus
	}{
		"sold out":         {refusal, []checkoutLine{open, out, soon}, `data-item-id="2"`},
		"not released":     {refusal, []checkoutLine{open, had, soon}, `data-item-id="3"`},
		"another reason":   {refusal, []checkoutLine{open, had}, `<h1 `},
		"no line at all":   {refusal, nil, `<h1 `},
		"no refusal":       {info("hello"), []checkoutLine{out}, ""},
		"nothing was said": {nil, []checkoutLine{out}, ""},
	} {
		html, err := p.render("checkout", checkoutPage{Layout: Layout{Flash: tt.flash}, Lines: tt.lines, Buys: true})
		if err != nil {
			t.Fatal(err)
		}
		focused := regexp.MustCompile(`<[^>]* autofocus[^>]*>`).FindAllString(string(html), -1)
		if tt.want == "" && len(focused) == 0 {
			continue
		}
		if tt.want == "" || len(focused) != 1 || !strings.Contains(focused[0], tt.want) {
			t.Errorf("%s: the focus goes to %q, want %s", name, focused, tt.want)
		}
	}
}
