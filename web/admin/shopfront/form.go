package shopfront

import (
	"cmp"
	"errors"
	"net/http"
	"strconv"
	"time"

	"sneakers23/inventory/picture"
	"sneakers23/inventory/storefront"
	"sneakers23/web/admin/wallclock"
)

// state is what a form says beside its fields.
type state struct {
	Done    string            // what was saved before
	Trouble string            // why nothing was saved
	Wrong   map[string]string // what is wrong with the fields, by their names
}

// wrong notes what is wrong with a field, the first thing of it.
func (s *state) wrong(field, text string) {
	if s.Wrong == nil {
		s.Wrong = make(map[string]string)
	}
	if s.Wrong[field] == "" {
		s.Wrong[field] = text
	}
}

// fail notes why nothing was saved, and returns the status of the answer.
func (s *state) fail(err error) int {
	problems, wrong := errors.AsType[storefront.Problems](err)
	switch {
	case wrong:
		for _, p := range problems {
			s.wrong(p.Field, p.Text)
		}
		s.Trouble = "Nothing was saved yet: something has to be put right first."
		return http.StatusUnprocessableEntity
	case errors.Is(err, storefront.ErrEdited):
		s.Trouble = "Nothing was saved: somebody else has changed it meanwhile."
		return http.StatusConflict
	}
	s.Trouble = err.Error()
	return http.StatusServiceUnavailable
}

// problem is something wrong with a field, as the list above the form names it.
type problem struct{ Field, Label, Text string }

func (s *state) problems(fields ...problem) (list []problem) {
	for _, field := range fields {
		if field.Text = s.Wrong[field.Field]; field.Text != "" {
			list = append(list, field)
		}
	}
	return list
}

// fieldView is an input with its label.
type fieldView struct {
	Name, Label, Value, Hint, Wrong string
	Most                            int // characters of a line of words
}

// settingsForm is the form with the settings.
type settingsForm struct {
	state
	Seen               storefront.Revision // that the admin looked at
	Name, Zone, URL    string
	Accent, AccentDark string
	Shipping, Returns  string
	Banner, BannerEnds string // the end as the shop's clocks show it
	Ends               *time.Time
	Logo               string // id of the picture
	RemoveLogo         bool
	Over               []change // what saving the form would change of what another admin has saved
	Sheet, Colors      string   // of what is saved
	Shown              *picture.Rendition
	Pages              []pageLink
}

// change is a field that would get another value.
type change struct{ Label, From, To string }

// pageLink is a page of text in the list.
type pageLink struct {
	Slug  storefront.Slug
	Title string
	There bool
}

func (p *Pages) settingsForm() *settingsForm {
	row := p.cfg.Look().Settings()
	return &settingsForm{
		Seen: row.Revision, Name: row.Name, Zone: row.Zone, URL: row.URL, Accent: row.Accent,
		AccentDark: row.AccentDark,
		Shipping:   row.Shipping, Returns: row.Returns, Logo: row.LogoID(),
		Banner: row.Banner, BannerEnds: endAt(row.BannerEnds, p.cfg.Look().Location()),
	}
}

// endAt writes the end of a banner, "" for none.
func endAt(ends *time.Time, zone *time.Location) string {
	if ends == nil {
		return ""
	}
	return ends.In(zone).Format(wallclock.Layout)
}

// takeSettings reads the fields of a form. The end of a banner is a time in the zone of the form.
// If it is written as before, it is the end that is saved, to the second and whatever the zone is
// now.
func takeSettings(fields map[string]string, saved *storefront.Look) *settingsForm {
	f := &settingsForm{
		Banner: fields["banner"], BannerEnds: fields["banner_ends"], Ends: new(time.Time),
		Seen: revision(fields["seen"]), Name: fields["name"], Zone: fields["zone"], URL: fields["url"],
		Accent: fields["accent"], AccentDark: fields["accent_dark"], Shipping: fields["shipping"],
		Returns: fields["returns"],
		Logo:    fields["logo"], RemoveLogo: fields["remove_logo"] != "",
	}
	ends := saved.Settings().BannerEnds
	switch {
	case f.BannerEnds == "", f.Banner == "":
	case ends != nil && wallclock.Same(f.BannerEnds, endAt(ends, saved.Location())):
		f.Ends = ends
	default:
		at, err := wallclock.Parse(f.BannerEnds, cmp.Or(f.Zone, storefront.DefaultZone))
		if err != nil {
			f.wrong("banner_ends", wallclock.InThatZone(err))
		}
		f.Ends = &at
	}
	return f
}

// revision reads one. A text that is none is one that no row has.
func revision(text string) storefront.Revision {
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return -1
	}
	return storefront.Revision(n)
}

// edit returns the edit that the form asks for.
func (f *settingsForm) edit() storefront.Edit {
	logo, seen := f.Logo, f.Seen
	if f.RemoveLogo {
		logo = ""
	}
	return storefront.Edit{
		Name: &f.Name, Zone: &f.Zone, URL: &f.URL, Accent: &f.Accent, AccentDark: &f.AccentDark, Logo: &logo,
		Shipping: &f.Shipping, Returns: &f.Returns, Banner: &f.Banner, BannerEnds: f.Ends, Seen: &seen,
	}
}

// over lists what saving the form would change of what is saved now.
func (f *settingsForm) over(now storefront.Settings, zone *time.Location) (changes []change) {
	logo := func(id string) string {
		if id == "" {
			return ""
		}
		return "a picture"
	}
	for _, c := range []change{
		{"Name", now.Name, f.Name},
		{"Time zone", now.Zone, f.Zone},
		{"Address", now.URL, f.URL},
		{"Accent", now.Accent, f.Accent},
		{"Accent on dark pages", now.AccentDark, f.AccentDark},
		{"Shipping", now.Shipping, f.Shipping},
		{"Returns", now.Returns, f.Returns},
		{"Banner", now.Banner, f.Banner},
		{"End of the banner", endAt(now.BannerEnds, zone), f.BannerEnds},
	} {
		if c.From != c.To && !wallclock.Same(c.From, c.To) {
			changes = append(changes, c)
		}
	}
	if *f.edit().Logo != now.LogoID() {
		changes = append(changes, change{"Logo", logo(now.LogoID()), logo(*f.edit().Logo)})
	}
	return changes
}

// Field returns the input of a field.
func (f *settingsForm) Field(name, label, hint string) fieldView {
	value := map[string]string{
		"name": f.Name, "zone": f.Zone, "url": f.URL, "accent": f.Accent, "accent_dark": f.AccentDark,
	}[name]
	return fieldView{Name: name, Label: label, Value: value, Hint: hint, Wrong: f.Wrong[name]}
}

// Line returns the input of a line of words.
func (f *settingsForm) Line(name, label, hint string) fieldView {
	value := map[string]string{"shipping": f.Shipping, "returns": f.Returns, "banner": f.Banner}[name]
	most := storefront.MaxLine
	if name == "banner" {
		most = storefront.MaxBanner
	}
	return fieldView{name, label, value, hint, f.Wrong[name], most}
}

// Problems lists what is wrong, in the order of the page.
func (f *settingsForm) Problems() []problem {
	return f.problems(
		problem{"name", "Name", ""}, problem{"url", "Address", ""}, problem{"zone", "Time zone", ""},
		problem{"banner", "Banner", ""}, problem{"banner_ends", "End of the banner", ""},
		problem{"shipping", "Shipping", ""}, problem{"returns", "Returns", ""}, problem{"accent", "Accent", ""},
		problem{"accent_dark", "Accent on dark pages", ""}, problem{"logo", "Logo", ""},
	)
}

// pageForm is the form of a page of text.
type pageForm struct {
	state
	Slug   storefront.Slug
	There  bool // it is saved
	Title  string
	Body   string
	Seen   storefront.Revision
	Now    *storefront.Page // what another admin has saved, without text if it was removed; nil if none has
	remove bool
}

// takePage reads the fields of a form.
func takePage(slug storefront.Slug, fields map[string]string) *pageForm {
	return &pageForm{
		Slug: slug, Title: fields["title"], Body: fields["markdown"], Seen: revision(fields["seen"]),
		remove: fields["remove"] != "",
	}
}

// edit returns the edit that the form asks for.
func (f *pageForm) edit() storefront.PageEdit {
	seen := f.Seen
	return storefront.PageEdit{
		Page: storefront.Page{Slug: f.Slug, Title: f.Title, Body: f.Body}, Remove: f.remove, Seen: &seen,
	}
}

// Field returns the input of the title.
func (f *pageForm) Field(name, label, hint string) fieldView {
	return fieldView{Name: name, Label: label, Value: f.Title, Hint: hint, Wrong: f.Wrong[name]}
}

// Problems lists what is wrong.
func (f *pageForm) Problems() []problem {
	return f.problems(problem{"title", "Title", ""}, problem{"markdown", "Text", ""})
}
