package operator

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"sneakers23/inventory"
)

// PlanRequest asks for a drop. Products are named by SKU or id, and so are sizes, with their pairs.
type PlanRequest struct {
	At       time.Time  `json:"at"`
	EndsAt   *time.Time `json:"ends_at,omitempty"`
	Zone     string     `json:"zone,omitempty"` // in which the operator reads its times
	Releases []string   `json:"release,omitempty"`
	Restocks []PairsOf  `json:"restock,omitempty"`
	Sure     bool       `json:"sure,omitempty"` // a Question was answered

	Announces string `json:"announce,omitempty"` // what its banner says
}

// PairsOf are pairs of a size.
type PairsOf struct {
	Item  string `json:"item"`
	Pairs int    `json:"pairs"`
}

// DropChange asks for another time of a drop that has not opened, for its end, or for it to be
// cancelled. One of At, End, EndNow and Cancel is set.
type DropChange struct {
	ID     inventory.DropID `json:"id"`
	Seen   int64            `json:"seen,omitempty"` // version of what the operator looked at; 0: any
	At     *time.Time       `json:"at,omitempty"`
	End    bool             `json:"end,omitempty"`
	EndsAt *time.Time       `json:"ends_at,omitempty"` // nil: never
	EndNow bool             `json:"end_now,omitempty"`
	Cancel bool             `json:"cancel,omitempty"`
	Sure   bool             `json:"sure,omitempty"` // a Question was answered
}

// DropsRequest asks for a drop, or for all planned ones and the latest others if the id is 0.
type DropsRequest struct {
	ID inventory.DropID `json:"id,omitempty"`
}

// Act is one of the things that a drop does.
type Act struct {
	Kind  string `json:"kind"`           // release, restock or announce
	SKU   string `json:"sku,omitempty"`  // of the product, or of the size
	Name  string `json:"name,omitempty"` // of the product
	Size  string `json:"size,omitempty"`
	Pairs int    `json:"pairs,omitempty"`
	Text  string `json:"text,omitempty"` // of the banner
}

// The kinds of acts.
const (
	ActRelease  = "release"
	ActRestock  = "restock"
	ActAnnounce = "announce"
)

// DropView is a drop as operators see it.
type DropView struct {
	ID          inventory.DropID `json:"id"`
	At          time.Time        `json:"at"`
	EndsAt      *time.Time       `json:"ends_at,omitempty"`
	Zone        string           `json:"zone"`
	State       string           `json:"state"` // planned, open, over or cancelled
	Acts        []Act            `json:"acts"`
	Problems    []string         `json:"problems"` // what is missing of a drop that is planned
	PlannedBy   string           `json:"planned_by,omitempty"`
	OpenedAt    *time.Time       `json:"opened_at,omitempty"`
	CancelledAt *time.Time       `json:"cancelled_at,omitempty"`
	Version     int64            `json:"version"`
	Now         time.Time        `json:"now"` // on the database's clock
	Everywhere
}

// mostDrops is how many drops are listed that have opened or are cancelled.
const mostDrops = 50

func (o *Operator) drops(ctx context.Context, q DropsRequest) ([]DropView, error) {
	if q.ID != 0 {
		d, now, err := o.store.Drop(ctx, q.ID)
		if err != nil {
			return nil, wordsOfDrop(err, noDrop)
		}
		return []DropView{o.viewDrop(d, now)}, nil
	}
	all, now, err := o.store.Drops(ctx, mostDrops)
	views := make([]DropView, len(all))
	for i, d := range all {
		views[i] = o.viewDrop(d, now)
	}
	return views, err
}

// PlanDrop plans a drop.
func (o *Operator) PlanDrop(ctx context.Context, q PlanRequest) (DropView, error) {
	if err := cmp.Or(wholeSecond("time", &q.At), wholeSecond("end", q.EndsAt)); err != nil {
		return DropView{}, err
	}
	if err := askOfYear(q.At, q.Sure); err != nil {
		return DropView{}, err
	}
	catalog := o.inventory.Catalog()
	plan := inventory.Plan{At: q.At, EndsAt: q.EndsAt, Zone: q.Zone, Announces: strings.TrimSpace(q.Announces)}
	for _, name := range q.Releases {
		p, err := findProduct(catalog, name)
		if err != nil {
			return DropView{}, err
		}
		plan.Releases = append(plan.Releases, p.ID)
	}
	for _, r := range q.Restocks {
		it, err := findItem(catalog, r.Item)
		if err != nil {
			return DropView{}, err
		}
		plan.Restocks = append(plan.Restocks, inventory.DropRestock{Item: it.ID, Pairs: r.Pairs})
	}
	d, err := o.inventory.PlanDrop(ctx, plan)
	if err != nil {
		return DropView{}, wordsOfDrop(err, noProduct)
	}
	o.did(ctx, "a drop is planned", "drop", d.ID, "at", d.At, "products", len(d.Releases), "sizes", len(d.Restocks))
	return o.shownDrop(ctx, d)
}

// errFraction is the kind of the refusal of a time that has a fraction of a second.
var errFraction = errors.New("operator: a fraction of a second")

// wholeSecond refuses a time that has a fraction of a second: plans are shown to the second, and an
// operator who writes what is shown must get the same time. nil is no time.
func wholeSecond(what string, at *time.Time) error {
	if at == nil || at.Nanosecond() == 0 {
		return nil
	}
	return &dropError{fmt.Sprintf("the %s has a fraction of a second: write whole seconds, like %s",
		what, at.Format(time.RFC3339)), errFraction}
}

// askOfYear returns a question about a time that is far away.
func askOfYear(at time.Time, sure bool) error {
	if sure || !at.After(time.Now().AddDate(1, 0, 0)) {
		return nil
	}
	return &Question{fmt.Sprintf("The drop would open in more than a year, on %s.",
		at.UTC().Format("2006-01-02 15:04:05 MST"))}
}

// ChangeDrop moves a drop, cancels it, or changes its end.
func (o *Operator) ChangeDrop(ctx context.Context, q DropChange) (DropView, error) {
	var (
		d    inventory.Drop
		err  error
		what = "a drop is moved"
	)
	if err := cmp.Or(wholeSecond("time", q.At), wholeSecond("end", q.EndsAt)); err != nil {
		return DropView{}, err
	}
	switch {
	case q.Cancel:
		what = "a drop is cancelled"
		d, err = o.inventory.CancelDrop(ctx, q.ID, q.Seen)
	case q.End, q.EndNow:
		what = "the end of a drop is changed"
		if q.EndNow {
			d, err = o.store.EndDropNow(ctx, q.ID, q.Seen)
		} else {
			d, err = o.store.EndDrop(ctx, q.ID, q.Seen, q.EndsAt)
		}
	case q.At != nil:
		if err := askOfYear(*q.At, q.Sure); err != nil {
			return DropView{}, err
		}
		d, err = o.inventory.MoveDrop(ctx, q.ID, q.Seen, *q.At)
	default:
		err = errors.New("say what is to change: the time, the end, or that the drop is cancelled")
	}
	if err != nil {
		return DropView{}, wordsOfDrop(err, noDrop)
	}
	o.did(ctx, what, "drop", d.ID, "at", d.At)
	var missing []string
	if (q.End || q.EndNow) && d.Announces != "" {
		if missing, err = o.rereadFront(ctx); err != nil {
			return DropView{}, &dropError{"the end of the drop is changed, and pages show it in a few seconds", err}
		}
	}
	view, err := o.shownDrop(ctx, d)
	for _, node := range missing {
		if !slices.Contains(view.Missing, node) {
			view.Missing = append(view.Missing, node)
		}
	}
	return view, err
}

// shownDrop returns the view of a drop when all nodes show what became of it.
func (o *Operator) shownDrop(ctx context.Context, d inventory.Drop) (DropView, error) {
	_, now, err := o.store.Drop(ctx, d.ID)
	if err != nil {
		return DropView{}, err
	}
	view := o.viewDrop(d, now)
	view.Missing = o.everywhere(ctx, d.Releases, nil)
	return view, nil
}

// dropError is a refusal of a plan in words for the command line. It keeps its kind: the dashboard
// has other words for some.
type dropError struct {
	words string
	kind  error
}

// Error returns the words.
func (e *dropError) Error() string { return e.words }

// Unwrap returns the error that was put into words.
func (e *dropError) Unwrap() error { return e.kind }

// refusalsOfDrops are why plans are refused. The words of the first that fits are said.
var refusalsOfDrops = []struct {
	err   error
	words string
}{
	{inventory.ErrPast, "the time is in the past, by the clock of the database"},
	{inventory.ErrNoActs, "the drop has nothing to do: name products to release, sizes to restock, or a banner"},
	{inventory.ErrTooMany, fmt.Sprintf("a drop has at most %d products and sizes", inventory.MaxActs)},
	{inventory.ErrTwiceInDrop, "the drop names a size twice"},
	{inventory.ErrOpened, "the drop has opened: only its end may change"},
	{inventory.ErrCancelled, "the drop is cancelled: plan another one"},
	{inventory.ErrEdited, "somebody else has changed the drop meanwhile: look at it again"},
	{inventory.ErrEnd, "a drop must end after it has opened, and in the future"},
	{inventory.ErrEndsBefore, "the drop ends before that: move its end first"},
	{inventory.ErrNotOpen, "the drop has not opened: cancel it, or move it"},
	{inventory.ErrAnnounce, fmt.Sprintf("the banner may have at most %d characters, and none that cannot be seen",
		inventory.MaxAnnounce)},
	{inventory.ErrZone, "the zone is none: write one like Europe/Berlin, America/New_York or UTC"},
}

// wordsOfDrop explains why a plan is refused. gone says what was not found.
func wordsOfDrop(err error, gone string) error {
	if planned, ok := errors.AsType[*inventory.PlannedError](err); ok {
		return &dropError{fmt.Sprintf("%s is in drop %d already: look at it with `sneakers23 drops show %d`, "+
			"and move or cancel it",
			planned.SKU, planned.Drop, planned.Drop), err}
	}
	if product, ok := errors.AsType[*inventory.PlanProductError](err); ok {
		if errors.Is(err, inventory.ErrReleased) {
			return &dropError{product.SKU + " is released already", err}
		}
		return &dropError{product.SKU + " is not live: shoppers do not see it, so make it live first", err}
	}
	for _, known := range refusalsOfDrops {
		if errors.Is(err, known.err) {
			return &dropError{known.words, err}
		}
	}
	if errors.Is(err, inventory.ErrNotFound) {
		return &dropError{gone, err}
	}
	return err
}

// These texts say what was not found, and where to look.
const (
	noDrop    = "there is no such drop: see `sneakers23 drops list`"
	noProduct = "a product or a size of the drop is not in the shop any more: see `sneakers23 products --all`"
)

// viewDrop puts a drop into the words of the catalog.
func (o *Operator) viewDrop(d inventory.Drop, now time.Time) DropView {
	catalog := o.inventory.Catalog().All()
	v := DropView{
		ID: d.ID, At: d.At, EndsAt: d.EndsAt, Zone: d.Zone, State: d.State(now), Acts: []Act{}, Problems: []string{},
		PlannedBy: d.PlannedBy, OpenedAt: d.OpenedAt, CancelledAt: d.CancelledAt, Version: d.Version, Now: now,
	}
	for _, id := range d.Releases {
		if p, ok := catalog.Product(id); ok {
			v.Acts = append(v.Acts, Act{Kind: ActRelease, SKU: p.SKU, Name: p.Name})
		}
	}
	for _, r := range d.Restocks {
		if it, p, ok := catalog.Item(r.Item); ok {
			v.Acts = append(v.Acts, Act{Kind: ActRestock, SKU: it.SKU, Name: p.Name, Size: it.Size, Pairs: r.Pairs})
		}
	}
	if d.Announces != "" {
		v.Acts = append(v.Acts, Act{Kind: ActAnnounce, Text: d.Announces})
	}
	if v.State == inventory.DropPlanned {
		v.Problems = problemsOf(catalog, d, time.Since(now))
	}
	return v
}

// unsellable lists the products of which a drop brings pairs that shoppers can't buy then.
func unsellable(catalog *inventory.Catalog, d inventory.Drop) (problems []string) {
	named := make(map[inventory.ProductID]bool)
	for _, r := range d.Restocks {
		_, p, ok := catalog.Item(r.Item)
		if !ok || named[p.ID] || slices.Contains(d.Releases, p.ID) {
			continue
		}
		named[p.ID] = true
		switch {
		case p.State != "" && p.State != inventory.Live:
			problems = append(problems, fmt.Sprintf("%s gets pairs, and is not live: shoppers do not see it", p.SKU))
		case !p.Released:
			problems = append(problems, fmt.Sprintf("%s gets pairs, and is not released by this drop", p.SKU))
		}
	}
	return problems
}

// clockApart is how far the clock of a node may be from that of the database before operators are
// told. Drops open by the database's clock in any case.
const clockApart = 2 * time.Second

// problemsOf lists what should be put right before a drop opens. ahead is how far the clock of this
// node is ahead of the database's.
func problemsOf(catalog *inventory.Catalog, d inventory.Drop, ahead time.Duration) []string {
	problems := []string{}
	add := func(format string, args ...any) { problems = append(problems, fmt.Sprintf(format, args...)) }
	comes := make(map[inventory.ItemID]int)
	for _, r := range d.Restocks {
		comes[r.Item] = r.Pairs
	}
	for _, id := range d.Releases {
		p, ok := catalog.Product(id)
		if !ok {
			continue // it was deleted, and the drop with it
		}
		if p.Paused != inventory.NotPaused {
			add("%s is paused: it will be released, and not sold before `sneakers23 resume`", p.SKU)
		}
		if p.Thumbnail() == "" {
			add("%s has no images", p.SKU)
		}
		empty, pairs := 0, 0
		for _, it := range p.Items {
			if it.Available+comes[it.ID] == 0 {
				empty++
			}
			pairs += it.Available + comes[it.ID]
		}
		switch {
		case len(p.Items) == 0:
			add("%s has no sizes", p.SKU)
		case pairs == 0:
			add("%s has no stock", p.SKU)
		case empty > 0:
			add("%s has %d of %d sizes without stock", p.SKU, empty, len(p.Items))
		}
	}
	problems = append(problems, unsellable(catalog, d)...)
	if apart := ahead.Abs(); apart > clockApart {
		add("the clocks of this node and of the database are %s apart; the drop opens by the database's",
			apart.Round(time.Second))
	}
	return problems
}
