// Package drops is where admins plan drops: what is released, restocked and announced at one
// moment. The page works without a script.
package drops

import (
	"bytes"
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"sneakers23/inventory"
	"sneakers23/templates"
	"sneakers23/web/admin/wallclock"
)

// Desk plans what admins ask for. Its errors have words for admins.
type Desk interface {
	// Drops lists the planned drops by their time, then the latest others.
	Drops(ctx context.Context) ([]Drop, error)
	// Plan plans a drop. Products and sizes are named by SKU.
	Plan(ctx context.Context, p Plan) error
	// Move gives a drop another time; seen is the version that its admin has looked at.
	Move(ctx context.Context, id inventory.DropID, seen int64, at time.Time) error
	// End changes when a drop ends, nil for never.
	End(ctx context.Context, id inventory.DropID, seen int64, at *time.Time) error
	// EndNow ends a drop.
	EndNow(ctx context.Context, id inventory.DropID, seen int64) error
	// Cancel cancels a drop.
	Cancel(ctx context.Context, id inventory.DropID, seen int64) error
}

// Plan is what an admin wants to happen at one moment.
type Plan struct {
	At        time.Time
	Ends      *time.Time // nil: never
	Zone      string
	Releases  []string
	Restocks  []Pairs
	Announces string // words of its banner, "" for none
}

// Pairs are pairs of a size.
type Pairs struct {
	Item  string
	Pairs int
}

// Drop is a drop in the words of the catalog.
type Drop struct {
	ID       inventory.DropID
	At       time.Time
	Ends     *time.Time
	Zone     string
	State    string // planned, open, over or cancelled
	Acts     []string
	Problems []string
	Version  int64

	written url.Values // of its form, if that could not be done; else nil
}

// Written returns what an admin wrote into a field of one of its forms, at or ends, if that could
// not be done; else what the drop has.
func (d Drop) Written(form, field, otherwise string) string {
	if d.written.Has(form) {
		return d.written.Get(field)
	}
	return otherwise
}

// EndRefused reports whether its end could not be changed.
func (d Drop) EndRefused() bool { return d.written.Has("ends") }

// In returns the time of the drop in its zone.
func (d Drop) In() time.Time { return d.here(d.At) }

// EndsIn returns the end of the drop in its zone, nil if it has none.
func (d Drop) EndsIn() *time.Time {
	if d.Ends == nil {
		return nil
	}
	return new(d.here(*d.Ends))
}

// EndsField returns the end as a form has it.
func (d Drop) EndsField() string {
	if d.Ends == nil {
		return ""
	}
	return d.EndsIn().Format(wallclock.Layout)
}

func (d Drop) here(at time.Time) time.Time {
	if location, err := time.LoadLocation(d.Zone); err == nil && d.Zone != "" {
		return at.In(location)
	}
	return at.UTC()
}

// Config is what Pages are made of.
type Config struct {
	Catalog   func() *inventory.Catalog
	Templates *templates.Set
	Desk      Desk
	Zone      func() string // that of the shop
}

// Pages serves the page of drops. It must be guarded.
type Pages struct{ cfg Config }

// New serves the page.
func New(cfg Config) *Pages { return &Pages{cfg} }

// page is what the page shows: the drops, and a form, which holds what could not be planned.
type page struct {
	Planned, Open, Others []Drop
	Done, Trouble         string
	At, Ends, Zone        string
	Restocks, Announces   string
	Products              []choice

	refused inventory.DropID // the drop whose form could not be done
	written url.Values       // that form
}

// choice is a product that a drop may release.
type choice struct {
	SKU, Name string
	Chosen    bool
}

// done are what an admin reads after a form was done, by what the address says.
var done = map[string]string{
	"planned":   "The drop is planned.",
	"moved":     "The drop is moved.",
	"ends":      "The end of the drop is changed.",
	"cancelled": "The drop is cancelled.",
}

// Show shows the drops.
func (p *Pages) Show(c echo.Context) error {
	return p.show(c, http.StatusOK, &page{Done: done[c.QueryParam("done")]}, nil)
}

// show completes a page and answers with it. chosen are the SKUs of the products that are to be
// released.
func (p *Pages) show(c echo.Context, status int, v *page, chosen []string) error {
	all, err := p.cfg.Desk.Drops(c.Request().Context())
	if err != nil {
		status = http.StatusServiceUnavailable
		if v.Trouble == "" {
			v.Trouble = err.Error()
		}
	}
	for _, d := range all {
		if d.ID == v.refused {
			d.written = v.written
		}
		switch d.State {
		case inventory.DropPlanned:
			v.Planned = append(v.Planned, d)
		case inventory.DropOpen:
			v.Open = append(v.Open, d)
		default:
			v.Others = append(v.Others, d)
		}
	}
	if v.Zone == "" {
		v.Zone = p.cfg.Zone()
	}
	for product := range p.cfg.Catalog().Products() {
		if !product.Released && product.ReleaseAt == nil {
			v.Products = append(v.Products, choice{product.SKU, product.Name, slices.Contains(chosen, product.SKU)})
		}
	}
	var html bytes.Buffer
	if err := p.cfg.Templates.Page(&html, "admin_drops", v); err != nil {
		return err
	}
	return c.HTMLBlob(status, html.Bytes())
}

// Plan plans the drop of the form.
func (p *Pages) Plan(c echo.Context) error {
	form, err := c.FormParams()
	if err != nil {
		return err
	}
	v := &page{
		At: c.FormValue("at"), Ends: c.FormValue("ends"), Zone: strings.TrimSpace(c.FormValue("zone")),
		Restocks: c.FormValue("restocks"), Announces: strings.TrimSpace(c.FormValue("announces")),
	}
	plan := Plan{Zone: v.Zone, Releases: form["release"], Announces: v.Announces}
	if plan.At, err = wallclock.Parse(v.At, v.Zone); err == nil {
		plan.Ends, err = parseEnd(v.Ends, v.Zone)
		if err != nil { // its zone is that of the opening too
			err = unclear("The end: " + wallclock.InThatZone(err))
		}
	}
	if err == nil {
		plan.Restocks, err = parseRestocks(v.Restocks)
	}
	if err != nil {
		v.Trouble = err.Error()
		return p.show(c, http.StatusUnprocessableEntity, v, plan.Releases)
	}
	if err := p.cfg.Desk.Plan(c.Request().Context(), plan); err != nil {
		v.Trouble = err.Error()
		return p.show(c, http.StatusConflict, v, plan.Releases)
	}
	return c.Redirect(http.StatusSeeOther, "/admin/drops?done=planned")
}

// parseEnd reads the end of a drop, nil for an empty field.
func parseEnd(text, zone string) (*time.Time, error) {
	if strings.TrimSpace(text) == "" {
		return nil, nil
	}
	at, err := wallclock.Parse(text, zone)
	return &at, err
}

// Change moves the drop of the path's :id, changes its end, or cancels it.
func (p *Pages) Change(c echo.Context) error {
	id, err := strconv.ParseInt(c.Param("id"), 10, 64)
	if err != nil {
		return inventory.ErrNotFound
	}
	seen, _ := strconv.ParseInt(c.FormValue("seen"), 10, 64)
	ctx, drop := c.Request().Context(), inventory.DropID(id)
	zone, what := c.FormValue("zone"), "moved"
	switch {
	case c.FormValue("cancel") != "":
		what = "cancelled"
		err = p.cfg.Desk.Cancel(ctx, drop, seen)
	case c.FormValue("end") == "now":
		what = "ends"
		err = p.cfg.Desk.EndNow(ctx, drop, seen)
	case c.FormValue("end") != "":
		what = "ends"
		var ends *time.Time
		if ends, err = parseEnd(c.FormValue("ends"), zone); err == nil {
			err = p.cfg.Desk.End(ctx, drop, seen, ends)
		}
	default:
		var at time.Time
		if at, err = wallclock.Parse(c.FormValue("at"), zone); err == nil {
			err = p.cfg.Desk.Move(ctx, drop, seen, at)
		}
	}
	if err != nil {
		return p.show(c, http.StatusConflict, &page{
			Trouble: "Drop " + c.Param("id") + ": " + err.Error(), refused: drop, written: c.Request().PostForm,
		}, nil)
	}
	return c.Redirect(http.StatusSeeOther, "/admin/drops?done="+what)
}

// unclear says in sentences what can't be read of a form.
type unclear string

// Error returns the sentences.
func (u unclear) Error() string { return string(u) }

// parseRestocks reads a size and its pairs from each line.
func parseRestocks(text string) (all []Pairs, err error) {
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line == "" {
			continue
		}
		item, count, _ := strings.Cut(line, "=")
		n, err := strconv.Atoi(strings.TrimSpace(count))
		if err != nil || n < 1 {
			return nil, unclear("The line “" + line + "” is no restock. " +
				"Write the SKU of a size and its pairs, like VOLT-9=50.")
		}
		all = append(all, Pairs{strings.TrimSpace(item), n})
	}
	return all, nil
}
