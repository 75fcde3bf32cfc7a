// Package drops is where admins plan drops: what is released and restocked at one moment. The page
// works without a script.
package drops

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"sneakers23/inventory"
	"sneakers23/templates"
)

// Desk plans what admins ask for. Its errors have words for admins.
type Desk interface {
	// Drops lists the planned drops by their time, then the latest others.
	Drops(ctx context.Context) ([]Drop, error)
	// Plan plans a drop. Products and sizes are named by SKU.
	Plan(ctx context.Context, p Plan) error
	// Move gives a drop another time; seen is the version that its admin has looked at.
	Move(ctx context.Context, id inventory.DropID, seen int64, at time.Time) error
	// Cancel cancels a drop.
	Cancel(ctx context.Context, id inventory.DropID, seen int64) error
}

// Plan is what an admin wants to happen at one moment.
type Plan struct {
	At       time.Time
	Zone     string
	Releases []string
	Restocks []Pairs
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
	Zone     string
	State    string // planned, open, over or cancelled
	Acts     []string
	Problems []string
	Version  int64
}

// In returns the time of the drop in its zone.
func (d Drop) In() time.Time {
	if location, err := time.LoadLocation(d.Zone); err == nil && d.Zone != "" {
		return d.At.In(location)
	}
	return d.At.UTC()
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
	Planned, Others []Drop
	Trouble         string
	At, Zone        string
	Restocks        string
	Products        []choice
}

// choice is a product that a drop may release.
type choice struct {
	SKU, Name string
	Chosen    bool
}

// Show shows the drops.
func (p *Pages) Show(c echo.Context) error { return p.show(c, http.StatusOK, &page{}, nil) }

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
		if d.State == inventory.DropPlanned {
			v.Planned = append(v.Planned, d)
		} else {
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
	v := &page{At: c.FormValue("at"), Zone: strings.TrimSpace(c.FormValue("zone")), Restocks: c.FormValue("restocks")}
	plan := Plan{Zone: v.Zone, Releases: form["release"]}
	if plan.At, err = parseAt(v.At, v.Zone); err == nil {
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
	return c.Redirect(http.StatusSeeOther, "/admin/drops")
}

// Change moves the drop of the path's :id, or cancels it.
func (p *Pages) Change(c echo.Context) error {
	id, err := strconv.ParseInt(c.Param("id"), 10, 64)
	if err != nil {
		return inventory.ErrNotFound
	}
	seen, _ := strconv.ParseInt(c.FormValue("seen"), 10, 64)
	ctx, drop := c.Request().Context(), inventory.DropID(id)
	if c.FormValue("cancel") != "" {
		err = p.cfg.Desk.Cancel(ctx, drop, seen)
	} else {
		var at time.Time
		if at, err = parseAt(c.FormValue("at"), c.FormValue("zone")); err == nil {
			err = p.cfg.Desk.Move(ctx, drop, seen, at)
		}
	}
	if err != nil {
		return p.show(c, http.StatusConflict, &page{Trouble: "Drop " + c.Param("id") + ": " + err.Error()}, nil)
	}
	return c.Redirect(http.StatusSeeOther, "/admin/drops")
}

// unclear says in sentences what can't be read of a form.
type unclear string

// Error returns the sentences.
func (u unclear) Error() string { return string(u) }

// parseAt reads a time by the clock of a zone, or one with its own zone.
func parseAt(text, zone string) (time.Time, error) {
	text = strings.TrimSpace(text)
	if at, err := time.Parse(time.RFC3339, text); err == nil {
		return at, nil
	}
	location, err := time.LoadLocation(strings.TrimSpace(zone))
	if err != nil || zone == "Local" {
		return time.Time{}, unclear("The zone is none. Write one like Europe/Berlin, America/New_York or UTC.")
	}
	for _, layout := range []string{"2006-01-02T15:04", "2006-01-02T15:04:05", "2006-01-02 15:04",
		"2006-01-02 15:04:05"} {
		written, err := time.Parse(layout, text)
		if err != nil {
			continue
		}
		at, err := time.ParseInLocation(layout, text, location)
		if err == nil {
			err = inventory.OnceOnly(at, written.Hour(), written.Minute())
		}
		if e, ok := errors.AsType[*inventory.WallClockError](err); ok {
			err = unclear(fmt.Sprintf("The clocks of %s show that time twice, or never, since they are set then. "+
				"Choose the zone UTC, and %s or %s.", location, inUTC(e.First), inUTC(e.Second)))
		}
		return at, err
	}
	return time.Time{}, unclear("The time is missing. Write it like 2026-12-24 18:00.")
}

func inUTC(t time.Time) string { return t.UTC().Format("2006-01-02 15:04") }

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
