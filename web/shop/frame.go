package shop

import (
	"strings"
	"unicode/utf8"

	"sneakers23/checkout"
	"sneakers23/inventory"
	"sneakers23/inventory/storefront"
)

// front is all that the pages need of the storefront.
type front interface {
	Look() *storefront.Look
}

// Layout is what the frame around every page shows; each page's struct embeds it. [Pages.Frame]
// makes one.
type Layout struct {
	Title       string
	Description string
	Banner      string // a line of news, "" if there is none
	Brand       brandView
	Sheet       string     // address of the style sheet with the shop's color, "" if it has none
	Links       []linkView // to the pages of text
	Social      *socialView
	Flash       *Flash    // nil for most
	Cart        *cartView // nil where a page has no place for it
	Still       bool      // without a script: nothing of the page is live

	// of the visitor's last order, "" if there is none or the page is the same for everyone
	OrderNumber checkout.OrderNumber
}

// brandView is what stands for the shop at the head of every page.
type brandView struct {
	Name   string
	Word   string // the name without the number that it ends with
	Number string // that number, which is set apart; often ""
	Long   bool   // the name needs smaller letters
	Logo   *artView
}

// linkView is a link to a page of text.
type linkView struct{ Path, Title string }

// longBrand is how many letters of a name fit beside the cart on a small phone.
const longBrand = 14

func viewBrand(s storefront.Settings) brandView {
	word := strings.TrimRight(s.Name, "0123456789")
	v := brandView{Name: s.Name, Word: word, Number: s.Name[len(word):],
		Long: utf8.RuneCountInString(s.Name) > longBrand}
	if word == "" {
		v.Word, v.Number = s.Name, ""
	}
	if s.Logo != nil && len(s.Logo.Renditions) > 0 {
		narrowest := s.Logo.Renditions[0]
		v.Logo = &artView{
			Src: inventory.ImagePath + narrowest.Name, Alt: s.Name, Width: narrowest.Width, Height: narrowest.Height,
		}
	}
	return v
}

func viewLinks(look *storefront.Look) (links []linkView) {
	for page := range look.Pages() {
		links = append(links, linkView{pathOf(page.Slug), page.Title})
	}
	return links
}

func pathOf(slug storefront.Slug) string { return "/" + string(slug) }

// Frame returns the frame of a page. Its title is followed by the shop's name; without a title, the
// name stands alone.
func (p *Pages) Frame(title, description string) Layout {
	look := p.front.Look()
	settings := look.Settings().Settings
	if title == "" {
		title = settings.Name
	} else {
		title += " · " + settings.Name
	}
	return Layout{
		Title: title, Description: description, Banner: settings.Banner, Brand: viewBrand(settings),
		Sheet: SheetOf(settings), Links: viewLinks(look),
	}
}

// frameFor is Frame with what only one visitor has.
func (p *Pages) frameFor(o own, title, description string) Layout {
	frame := p.Frame(title, description)
	frame.Flash, frame.Cart, frame.OrderNumber = o.flash, o.cart, o.number
	return frame
}
