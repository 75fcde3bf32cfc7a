package storefront

import (
	"slices"
	"strings"
)

// Slug names a page of text; its address is /SLUG.
type Slug string

// Slugs are the pages that a shop can have, in the order in which they are listed.
var Slugs = []Slug{"help", "shipping", "returns", "privacy", "imprint"}

// Known reports whether there can be such a page.
func (s Slug) Known() bool { return slices.Contains(Slugs, s) }

// SlugList lists the slugs for a sentence.
func SlugList() string {
	words := make([]string, len(Slugs))
	for i, s := range Slugs {
		words[i] = string(s)
	}
	return strings.Join(words[:len(words)-1], ", ") + " or " + words[len(words)-1]
}

// Page is a page of text.
type Page struct {
	Slug  Slug   `json:"slug"`
	Title string `json:"title"`
	Body  string `json:"markdown"` // without the title
}

// PageRow is the row of a page. One without a body is of a page that was removed: it stays, so that
// its revision is compared like any other.
type PageRow struct {
	Page
	Revision Revision `json:"revision"`
}

// There reports whether the page is there.
func (p PageRow) There() bool { return p.Body != "" }

// PageEdit writes a page, or removes it.
type PageEdit struct {
	Page
	Remove bool      `json:"remove,omitempty"` // then title and body do not count
	Seen   *Revision `json:"seen,omitempty"`   // as in Edit; 0 for a page that was not there
}

// tidied returns the page as it is kept: lines end as on Unix, without blanks around the text.
func (p Page) tidied() Page {
	p.Title = strings.TrimSpace(p.Title)
	p.Body = strings.TrimSpace(strings.ReplaceAll(p.Body, "\r\n", "\n"))
	return p
}

// ParseFile reads a page from a Markdown file. Its title is the first line, which must be a heading
// (# Title); the rest is the body. slug is that of the file's name.
func ParseFile(slug Slug, text string) Page {
	text = strings.TrimPrefix(text, "\ufeff") // as some editors write it
	text = strings.TrimLeft(strings.ReplaceAll(text, "\r\n", "\n"), "\n \t")
	first, rest, _ := strings.Cut(text, "\n")
	title, ok := strings.CutPrefix(first, "# ")
	if !ok {
		return Page{Slug: slug, Body: text}
	}
	return Page{Slug: slug, Title: strings.TrimRight(strings.TrimSpace(title), "# "), Body: rest}.tidied()
}

// File returns the page as a Markdown file, which ParseFile reads.
func (p Page) File() string { return "# " + p.Title + "\n\n" + p.Body + "\n" }
