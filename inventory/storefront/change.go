package storefront

import (
	"encoding/json"
	"errors"
)

// Rows is all that the database has of the storefront. A page that it never had is not in it.
type Rows struct {
	Settings SettingsRow // of revision 0 before anything was set
	Pages    []PageRow
}

// Change is the new value of one row: one of Settings and Page is set.
type Change struct {
	Settings *SettingsRow `json:"settings,omitempty"`
	Page     *PageRow     `json:"page,omitempty"`
}

// Revision of the row.
func (c Change) Revision() Revision {
	if c.Settings != nil {
		return c.Settings.Revision
	}
	return c.Page.Revision
}

// Mark is a row that a look shall show, at this revision or a newer one. Without a page it is the
// settings.
type Mark struct {
	Page     Slug     `json:"page,omitempty"`
	Revision Revision `json:"revision"`
}

// Mark returns the mark of the change.
func (c Change) Mark() Mark {
	if c.Settings != nil {
		return Mark{Revision: c.Settings.Revision}
	}
	return Mark{c.Page.Slug, c.Page.Revision}
}

// shows reports whether the look is as new as the mark.
func (l *Look) shows(m Mark) bool {
	if m.Page == "" {
		return l.settings.Revision >= m.Revision
	}
	return l.pages[m.Page].Revision >= m.Revision
}

// asChanges lists the rows. A page that the database does not have is one without text.
func (r Rows) asChanges() []Change {
	changes := []Change{{Settings: &r.Settings}}
	there := make(map[Slug]PageRow, len(r.Pages))
	for _, p := range r.Pages {
		there[p.Slug] = p
	}
	for _, slug := range Slugs {
		p := there[slug]
		p.Slug = slug
		changes = append(changes, Change{Page: &p})
	}
	return changes
}

func decode(data []byte) (c Change, err error) {
	if err := json.Unmarshal(data, &c); err != nil {
		return c, err
	}
	if (c.Settings == nil) == (c.Page == nil) {
		return c, errors.New("storefront: a change is of the settings or of a page")
	}
	return c, nil
}
