package states

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
	"strings"
	"sync"

	"sneakers23/inventory"
	"sneakers23/inventory/picture"
	"sneakers23/inventory/storefront"
)

// brand is a shop with a name, a color, words and pages of its own.
func brand() *storefront.Look {
	return storefront.NewLook(2, storefront.Settings{
		Name: "Volt & Söhne", Zone: "Europe/Berlin", URL: "https://volt.example", Accent: "#0b6b3a",
		Shipping: "Ships within two days from Hamburg, free from $100.",
		Returns:  "30 days to send them back, free, unworn.",
		Banner:   "Free shipping on every pair, until Sunday.",
	}, texts()...)
}

// branded is a shop with a logo in place of its name.
func branded() *storefront.Look {
	settings := brand().Settings().Settings
	settings.Logo = &storefront.Logo{Picture: logo().ID}
	for _, r := range logo().Renditions {
		settings.Logo.Renditions = append(settings.Logo.Renditions, r.Rendition)
	}
	settings.Accent = "#5b21b6"
	return storefront.NewLook(2, settings, texts()...)
}

// wordy is a shop with the longest name, words without a place to break, and two pages.
func wordy() *storefront.Look {
	return storefront.NewLook(2, storefront.Settings{
		Name: "Donaudampfschifffahrtsgesellschaftsschuh", Accent: "#1d4ed8", AccentDark: "#93c5fd",
		Shipping: strings.Repeat("Ships when it ships. ", 14), Returns: strings.Repeat("w", 300),
		Banner: strings.Repeat("Wait", 20) + strings.Repeat(" for it", 8),
	}, storefront.Page{Slug: "returns", Title: strings.Repeat("Return", 16), Body: strings.Repeat("long", 500)},
		storefront.Page{Slug: "imprint", Title: "Imprint", Body: "Us."})
}

// texts are the pages of a shop. Help has all that Markdown can do, and what it must not.
func texts() []storefront.Page {
	return []storefront.Page{
		{Slug: "help", Title: "Help",
			Body: `Write to <help@volt.example>, or read on. **A person answers** within *one day*.

## How do I get a pair?

1. Wait for the countdown.
2. Choose a size, and check out.
3. Nothing is held for you before that: see [shipping](/shipping).

## Which size do I need?

| US | EU | CM |
|----|----|----|
| 8 | 41 | 26 |
| 9 | 42.5 | 27 |
| 10 | 44 | 28, if you wear thick socks and like some room at the toes on long days |

| One | Two | Three | Four | Five | Six | Seven |
|-----|-----|-------|------|------|-----|-------|
| 1.5 | 2.5 | 3.5 | 4.5 | 5.5 | 6.5 | 7.5 |

### Between two sizes

- Take the larger one.
- Or ask:
  - in the shop,
  - by mail.

> The last pair is always somebody's size.

---

` + "```\nsneakers23 release SHU6000 --at \"tomorrow 18:00\" # a line that is wider than a phone is, by far\n```" + `

HTML is text: <script>alert(1)</script> and <b>this</b>. So is [a bad link](javascript:alert(1)).

` + strings.Repeat("Most answers are short. This one goes on for a while, so that there is something to scroll. ", 12)},
		{Slug: "shipping", Title: "Shipping",
			Body: "With a **parcel service**, within two days.\n\n- Germany: free\n- Elsewhere: $9"},
		{Slug: "returns", Title: "Returns", Body: "30 days, free, unworn."},
		{Slug: "privacy", Title: "Privacy", Body: "We keep what an order needs."},
		{Slug: "imprint", Title: "Imprint", Body: "Volt & Söhne\\\nHafenstraße 1\\\nHamburg"},
	}
}

// logo is a wide picture on a ground that is seen through.
var logo = sync.OnceValue(func() picture.Picture {
	img := image.NewNRGBA(image.Rect(0, 0, 360, 120))
	for y := range 120 {
		for x := range 360 {
			bolt := x > 40+(120-y)/3 && x < 100-y/3+40 && (x-y/2)%40 > 8
			bar := x > 160 && y > 35 && y < 85 && (x/24)%2 == 0
			if bolt || bar {
				img.SetNRGBA(x, y, color.NRGBA{124, 58, 237, 255})
			}
		}
	}
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		panic(err) // memory takes all
	}
	made, err := picture.Make(b.Bytes())
	if err != nil {
		panic(err) // it is drawn wrongly
	}
	return made
})

// fronts are what the shop looks like when it is set.
func fronts() []scene {
	released := func() *stock { return usual().only(hopMan, breezy) }
	told := settings{front: brand, stock: func() *stock { return usual().told(hopMan).photographed(hopMan, 6) }}
	sale := func(v *visitor) {
		v.add(size(hopMan, 6.5))
		v.get("/checkout")
	}
	return []scene{
		{name: "brand", title: "Another name and color", settings: settings{front: brand}, visit: opens("/")},
		{name: "logo", title: "A logo, and the next drop with photos",
			settings: settings{front: branded, stock: func() *stock {
				return usual().photographed(due, 2)
			}}, visit: opens("/")},
		{name: "wordy", title: "Long words", settings: settings{front: wordy, stock: func() *stock {
			return usual().changed(long, func(p *inventory.ProductRow) {
				p.Released, p.ReleaseAt = false, usual().dueAt()
			}).only(long, hopMan)
		}}, visit: opens("/")},
		{name: "resting", title: "Nothing is on", settings: settings{front: brand, stock: func() *stock {
			return usual().gone(hopMan).only(hopMan, soon)
		}}, visit: opens("/")},
		{name: "only-next", title: "Nothing but the next drop", settings: settings{stock: func() *stock {
			return usual().only(due)
		}}, visit: opens("/")},
		{name: "no-drop", title: "No drop is scheduled", settings: settings{stock: released}, visit: opens("/")},
		{name: "product", title: "A product with shipping and returns", settings: told, visit: opens(hopManPage)},
		{name: "product-wordy", title: "A product with long words", settings: settings{front: wordy},
			visit: opens("/products/SHU60300")},
		{name: "checkout", title: "Checkout in another color", settings: settings{front: brand}, visit: sale},
		{name: "help", title: "A long page", settings: settings{front: brand}, visit: opens("/help")},
		{name: "imprint", title: "A short page", settings: settings{front: branded}, visit: opens("/imprint")},
		{name: "returns-wordy", title: "A page with long words", settings: settings{front: wordy},
			visit: opens("/returns")},
		{name: "no-page", title: "A page that there is not", settings: settings{front: wordy},
			visit: opens("/privacy")},
	}
}
