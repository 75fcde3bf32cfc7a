package storefront

import (
	"iter"
	"maps"
	"time"
)

// Look is what a shop looks like at one moment. It never changes. The zero value is that of a shop
// that was not read yet.
type Look struct {
	settings SettingsRow
	pages    map[Slug]PageRow
	shown    uint64
	loaded   bool
	location *time.Location
}

// NewLook makes a look that has that Shown: of a shop that does not run, such as that of a test.
func NewLook(shown uint64, settings Settings, pages ...Page) *Look {
	rows := Rows{Settings: SettingsRow{settings, 1}}
	for _, p := range pages {
		rows.Pages = append(rows.Pages, PageRow{p, 1})
	}
	return new(Look).with(rows.asChanges(), shown)
}

// Loaded reports whether the rows were read.
func (l *Look) Loaded() bool { return l.loaded }

// Settings returns the row of settings: defaults if none were set.
func (l *Look) Settings() SettingsRow {
	if l.settings.Name == "" {
		return defaults
	}
	return l.settings
}

// Shown changes whenever something that a page shows may have changed. It means nothing to another
// node.
func (l *Look) Shown() uint64 { return l.shown }

// Location is the shop's time zone.
func (l *Look) Location() *time.Location {
	if l.location == nil {
		return time.UTC
	}
	return l.location
}

// Page returns a page that is there.
func (l *Look) Page(slug Slug) (PageRow, bool) {
	p := l.pages[slug]
	return p, p.There()
}

// Pages are the pages that are there, in the order of Slugs.
func (l *Look) Pages() iter.Seq[PageRow] {
	return func(yield func(PageRow) bool) {
		for _, slug := range Slugs {
			if p, ok := l.Page(slug); ok && !yield(p) {
				return
			}
		}
	}
}

// Seen is the revision of a page, also of one that was removed; 0 if there never was one.
func (l *Look) Seen(slug Slug) Revision { return l.pages[slug].Revision }

// revision returns that of the row which a change is of.
func (l *Look) revision(c Change) Revision {
	if c.Settings != nil {
		return l.settings.Revision
	}
	return l.pages[c.Page.Slug].Revision
}

// with returns the look after changes, each of which replaces its row.
func (l *Look) with(changes []Change, shown uint64) *Look {
	next := &Look{settings: l.settings, pages: maps.Clone(l.pages), shown: shown, loaded: true}
	if next.pages == nil {
		next.pages = make(map[Slug]PageRow)
	}
	for _, c := range changes {
		if c.Settings != nil {
			next.settings = *c.Settings
		} else {
			next.pages[c.Page.Slug] = *c.Page
		}
	}
	next.location, _ = time.LoadLocation(next.Settings().Zone)
	return next
}
