package shop

import (
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"sneakers23/inventory"
	"sneakers23/inventory/storefront"
)

type productPage struct {
	Layout
	Product productView
	Legend  []legendEntry
	Preview bool         // for operators: nothing of it can be bought
	Story   []string     // paragraphs
	Guide   []sizesEntry // none if no size has a name in another country
	Service []serviceView
	Linked  linkedProduct
}

// serviceView is what a product's page says of shipping or returns: a line, a link to more, or
// both.
type serviceView struct {
	Title, Words string
	Path         string // "" if there is no page
	Topic        string // of that page
}

// viewService lists what there is to say.
func viewService(look *storefront.Look) (list []serviceView) {
	settings := look.Settings()
	for _, s := range []struct {
		title, words string
		slug         storefront.Slug
	}{{"Shipping", settings.Shipping, "shipping"}, {"Returns", settings.Returns, "returns"}} {
		v := serviceView{Title: s.title, Words: s.words}
		if _, ok := look.Page(s.slug); ok {
			v.Path, v.Topic = pathOf(s.slug), strings.ToLower(s.title)
		}
		if v.Words != "" || v.Path != "" {
			list = append(list, v)
		}
	}
	return list
}

// sizesEntry is a row of the table of sizes: what one size is called where.
type sizesEntry struct{ US, EU, UK, CM string }

// sizeGuide returns the table of a product's sizes.
func sizeGuide(p *inventory.Product) (guide []sizesEntry) {
	known := false
	for _, it := range p.Items {
		guide = append(guide, sizesEntry{it.Size, it.EU, it.UK, it.CM})
		known = known || it.EU != "" || it.UK != "" || it.CM != ""
	}
	if !known {
		return nil
	}
	return guide
}

// paragraphs divides a text where it has an empty line.
func paragraphs(text string) (all []string) {
	for part := range strings.SplitSeq(text, "\n\n") {
		if part = strings.TrimSpace(part); part != "" {
			all = append(all, part)
		}
	}
	return all
}

// productView is one product as a page shows it.
type productView struct {
	ID        inventory.ProductID
	Version   blockVersion
	SKU       string
	Brand     string
	Name      string
	Color     string
	Price     string
	Art       artView
	Photos    []artView // the others
	LongWord  bool      // a word of the name is too long for large letters
	Warm      bool      // the color behind the image; the same on every page
	Paused    bool
	Limit     int // pairs for each shopper; 0: any number
	Released  bool
	ReleaseAt *time.Time // in the shop's zone; nil when no release is scheduled
	Sizes     sizesView
}

// sizesView is the form with one button for each size.
type sizesView struct {
	Name    string // of the product
	Entries []sizeView
}

// AllOut tells whether there are sizes, and none of them is left.
func (v sizesView) AllOut() bool {
	return len(v.Entries) > 0 && !slices.ContainsFunc(v.Entries, func(s sizeView) bool { return !s.Out })
}

type sizeView struct {
	ItemID inventory.ItemID
	Size   string
	Level  inventory.Level
	Words  string
	Out    bool
	Held   bool // it is in the visitor's cart
}

type legendEntry struct {
	Level inventory.Level
	Words string
}

// legend says what the levels mean. It is on every page with sizes, and the script takes its words
// from there.
var legend = []legendEntry{
	{inventory.LevelHigh, "plenty left"},
	{inventory.LevelMedium, "going fast"},
	{inventory.LevelLow, "only a few left"},
	{inventory.LevelOut, "sold out"},
}

func wordsFor(level inventory.Level) string {
	for _, entry := range legend {
		if entry.Level == level {
			return entry.Words
		}
	}
	return string(level)
}

func viewSizes(p *inventory.Product, cart *cartView) sizesView {
	v := sizesView{Name: p.Name, Entries: make([]sizeView, len(p.Items))}
	for i, it := range p.Items {
		v.Entries[i] = sizeView{
			ItemID: it.ID,
			Size:   it.Size,
			Level:  it.Level,
			Words:  wordsFor(it.Level),
			Out:    it.Level == inventory.LevelOut,
			Held:   cart.holds(it.ID),
		}
	}
	return v
}

// longWord is how many letters of a word fit into the narrowest card at the size of most names.
const longWord = 12

// viewProduct asks imageURL for the address of the product's image, and marks what is in the cart.
// Times are written in the zone.
func viewProduct(
	p *inventory.Product, cart *cartView, imageURL func(string) string, zone *time.Location,
) productView {
	v := productView{
		ID:      p.ID,
		Version: versionOf(p),
		SKU:     p.SKU,
		Brand:   p.Brand,
		Name:    p.Name,
		Color:   p.Color,
		Price:   p.Price.String(),
		Art:     viewArt(p, imageURL),
		Photos:  viewImages(p),
		LongWord: slices.ContainsFunc(strings.Fields(p.Name), func(word string) bool {
			return utf8.RuneCountInString(word) > longWord
		}),
		Warm:     p.ID%2 == 0,
		Paused:   p.Paused != inventory.NotPaused,
		Limit:    p.Limit,
		Released: p.Released,
		Sizes:    viewSizes(p, cart),
	}
	if p.ReleaseAt != nil {
		due := p.ReleaseAt.In(zone)
		v.ReleaseAt = &due
	}
	return v
}
