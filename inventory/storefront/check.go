package storefront

import (
	"fmt"
	"net/url"
	"strings"
	"time"
	_ "time/tzdata" // zones are the same whatever the machine knows
	"unicode"
	"unicode/utf8"

	"sneakers23/inventory"
)

// Limits of what operators write, in characters.
const (
	MaxName   = 40
	MaxZone   = 60
	MaxURL    = 200
	MaxLine   = 300 // words about shipping, and about returns
	MaxTitle  = 100
	MaxBanner = inventory.MaxAnnounce
	MaxBody   = 40_000
)

// Problem says what is wrong with an edit.
type Problem struct {
	Field string `json:"field"` // as in the JSON of settings and pages
	Text  string `json:"text"`  // what is wrong, without the name of the field
}

// Problems are why an edit is refused, all of them.
type Problems []Problem

// Error lists the problems in sentences.
func (p Problems) Error() string {
	texts := make([]string, len(p))
	for i, problem := range p {
		texts[i] = problem.Field + " " + problem.Text
	}
	return strings.Join(texts, "; ")
}

func (p *Problems) fail(field, format string, args ...any) {
	*p = append(*p, Problem{field, fmt.Sprintf(format, args...)})
}

// words checks a text of at least and at most so many characters. lines says that it may have
// several lines, and tabs.
func (p *Problems) words(field, text string, least, most int, lines bool) {
	switch n := utf8.RuneCountInString(text); {
	case n < least:
		p.fail(field, "is missing")
	case n > most:
		p.fail(field, "is %d characters long, of at most %d", n, most)
	case !utf8.ValidString(text):
		p.fail(field, "is no UTF-8 text")
	}
	line := 1
	for _, r := range text {
		if lines && (r == '\n' || r == '\t') {
			if r == '\n' {
				line++
			}
			continue
		}
		if unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) || r == '\u2028' || r == '\u2029' {
			where := ""
			if lines {
				where = fmt.Sprintf(" in line %d of the text", line)
			}
			p.fail(field, "has the invisible character %U%s", r, where)
			return
		}
	}
}

// check returns what is wrong with settings that replace others. A field that stays is not checked
// again.
func (s Settings) check(before Settings) Problems {
	var p Problems
	if s.Name != before.Name {
		p.words("name", s.Name, 1, MaxName, false)
		if s.Name != "" && strings.IndexFunc(s.Name, unicode.IsPrint) < 0 {
			p.fail("name", "has nothing that can be seen")
		}
	}
	if s.Zone != before.Zone {
		p.zone(s.Zone)
	}
	if s.URL != before.URL {
		p.url(s.URL)
	}
	if s.Accent != before.Accent || s.AccentDark != before.AccentDark {
		if _, _, field, err := ParseAccent(s.Accent, s.AccentDark); err != nil {
			p.fail(field, "%s", clip(err.Error()))
		}
	}
	p.words("shipping", s.Shipping, 0, MaxLine, false)
	p.words("returns", s.Returns, 0, MaxLine, false)
	if s.Banner != before.Banner { // that of a drop was checked when it was planned
		p.words("banner", s.Banner, 0, MaxBanner, false)
	}
	return p
}

func (p *Problems) zone(zone string) {
	if len(zone) > MaxZone || zone == "Local" {
		p.fail("zone", "is no time zone: write one like Europe/Berlin")
		return
	}
	if _, err := time.LoadLocation(zone); err != nil {
		p.fail("zone", "%q is no time zone: write one like Europe/Berlin", zone)
	}
}

func (p *Problems) url(text string) {
	if text == "" {
		return
	}
	u, err := url.Parse(text)
	switch {
	case len(text) > MaxURL:
		p.fail("url", "is longer than %d characters", MaxURL)
	case err != nil, u.Scheme != "http" && u.Scheme != "https", u.Hostname() == "", u.User != nil, u.Path != "",
		u.RawQuery != "", u.Fragment != "", strings.ContainsAny(text, "\"'<>\\ ?#"):
		p.fail("url", "must be the address of the shop's first page, like https://shop.example")
	}
}

// check returns what is wrong with a page.
func (p Page) check() Problems {
	var found Problems
	if !p.Slug.Known() {
		found.fail("slug", "%q is no page of a shop: it must be %s", clip(string(p.Slug)), SlugList())
	}
	found.words("title", p.Title, 1, MaxTitle, false)
	found.words("markdown", p.Body, 1, MaxBody, true)
	return found
}

// clip shortens a text that may be of any length.
func clip(text string) string {
	const most = 200
	if utf8.RuneCountInString(text) <= most {
		return text
	}
	return string([]rune(text)[:most]) + "…"
}
