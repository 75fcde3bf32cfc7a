package storefront

import (
	"cmp"
	"strings"
	"time"

	"sneakers23/inventory/picture"
)

// Revision is a number that the database gives a row on every write; the higher one is newer. A row
// that was never written has 0.
type Revision int64

// DefaultName is the name of a shop that has been given none.
const DefaultName = "Sneakers23"

// DefaultZone is the time zone of a shop that has been given none.
const DefaultZone = "UTC"

// Settings are what operators set of the shop. The zero value of each field but Name and Zone means
// that there is none.
type Settings struct {
	Name string `json:"name"` // brand name
	Zone string `json:"zone"` // IANA name of the time zone, in which pages write times
	URL  string `json:"url"`  // where shoppers find the shop, without a slash at its end

	// Colors as #rrggbb, "" for the default. Without AccentDark, dark pages get a lighter Accent.
	Accent     string `json:"accent"`
	AccentDark string `json:"accent_dark"`

	Logo     *Logo  `json:"logo,omitempty"`
	Shipping string `json:"shipping"` // one line for every product
	Returns  string `json:"returns"`

	// Banner is a line at the head of every page, until BannerEnds; nil is never.
	Banner     string     `json:"banner"`
	BannerEnds *time.Time `json:"banner_ends,omitempty"`
}

// Logo is a picture that stands for the name.
type Logo struct {
	Picture    string              `json:"picture"`
	Renditions []picture.Rendition `json:"renditions"` // narrowest first
}

// SettingsRow is the one row of settings.
type SettingsRow struct {
	Settings
	Revision Revision `json:"revision"`
}

// defaults are the settings of a new shop.
var defaults = SettingsRow{Settings: Settings{Name: DefaultName, Zone: DefaultZone}}

// Edit says what is to become of the settings. A field that is nil stays.
type Edit struct {
	Name       *string `json:"name,omitempty"`
	Zone       *string `json:"zone,omitempty"`
	URL        *string `json:"url,omitempty"`
	Accent     *string `json:"accent,omitempty"`
	AccentDark *string `json:"accent_dark,omitempty"`
	Logo       *string `json:"logo,omitempty"` // id of a picture that was uploaded, "" for none
	Shipping   *string `json:"shipping,omitempty"`
	Returns    *string `json:"returns,omitempty"`

	// Another banner has no end unless one comes with it. The zero time takes the end away.
	Banner     *string    `json:"banner,omitempty"`
	BannerEnds *time.Time `json:"banner_ends,omitempty"`

	// Seen is the revision that the editor has looked at. If it is no longer that one, the error is
	// ErrEdited. Nil means any.
	Seen *Revision `json:"seen,omitempty"`
}

// Empty reports whether the edit changes nothing whatever there is.
func (e Edit) Empty() bool {
	e.Seen = nil
	return e == Edit{}
}

// over returns what the edit makes of settings, but for the logo.
func (e Edit) over(s Settings) Settings {
	for to, from := range map[*string]*string{
		&s.Name: e.Name, &s.Zone: e.Zone, &s.URL: e.URL, &s.Shipping: e.Shipping, &s.Returns: e.Returns,
	} {
		if from != nil {
			*to = strings.TrimSpace(*from)
		}
	}
	for to, from := range map[*string]*string{&s.Accent: e.Accent, &s.AccentDark: e.AccentDark} {
		if from != nil {
			*to = tidyColor(*from)
		}
	}
	s.URL = strings.TrimRight(s.URL, "/")
	s.Zone = cmp.Or(s.Zone, DefaultZone)
	return e.overBanner(s)
}

// LogoID returns the id of the logo's picture, "" if there is none.
func (s Settings) LogoID() string {
	if s.Logo == nil {
		return ""
	}
	return s.Logo.Picture
}

// Shows reports whether the shop itself shows the rendition of that name.
func (s Settings) Shows(rendition string) bool {
	if s.Logo == nil {
		return false
	}
	for _, r := range s.Logo.Renditions {
		if r.Name == rendition {
			return true
		}
	}
	return false
}

// changes names the fields that differ.
func (s Settings) changes(o Settings) (names []string) {
	for _, f := range []struct {
		name    string
		differs bool
	}{
		{"name", s.Name != o.Name},
		{"zone", s.Zone != o.Zone},
		{"url", s.URL != o.URL},
		{"accent", s.Accent != o.Accent},
		{"accent_dark", s.AccentDark != o.AccentDark},
		{"logo", s.LogoID() != o.LogoID()},
		{"shipping", s.Shipping != o.Shipping},
		{"returns", s.Returns != o.Returns},
		{"banner", s.Banner != o.Banner},
		{"banner_ends", !sameEnd(s.BannerEnds, o.BannerEnds)},
	} {
		if f.differs {
			names = append(names, f.name)
		}
	}
	return names
}
