package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"sneakers23/app/operator"
	"sneakers23/inventory"
	"sneakers23/inventory/catalogfile"
)

// dropsCmd plans drops.
type dropsCmd struct {
	List   dropsListCmd   `cmd:"" default:"1" help:"List the drops that are planned, and the last ones."`
	Show   dropsShowCmd   `cmd:"" help:"Show one drop."`
	Plan   dropsPlanCmd   `cmd:"" help:"Plan a drop."`
	Move   dropsMoveCmd   `cmd:"" help:"Give a drop another time, or another end."`
	Cancel dropsCancelCmd `cmd:"" help:"Cancel a drop."`
	Check  dropsCheckCmd  `cmd:"" help:"Say what is missing of the drops that are planned."`
}

// Help is shown by drops --help.
func (dropsCmd) Help() string {
	return `A drop does all that it is planned to do at one moment, in one transaction, by the clock of the database: it
releases products, puts pairs on the shelf, and shows a banner. Every node can open it, also if the one that planned
it is gone. Pages count down to it. After it has opened, only its end may change. For example:

  sneakers23 drops plan --at "2026-12-24 18:00" --zone Europe/Berlin --release VOLT --release BOLT \
      --restock VOLT-9=50 --restock VOLT-10=50 --announce "Volt is here." --ends "2026-12-24 22:00"
  sneakers23 drops check`
}

// planFile is a plan in a file.
type planFile struct {
	At      string           `yaml:"at"`
	Ends    string           `yaml:"ends"`
	Zone    string           `yaml:"zone"`
	Release []string         `yaml:"release"`
	Restock []map[string]int `yaml:"restock"`

	Announce string `yaml:"announce"`
}

// dropsPlanCmd plans a drop.
type dropsPlanCmd struct {
	File     string   `arg:"" optional:"" help:"The plan as a file, YAML or JSON, with the keys at, zone, ends, release, restock and announce; - for the standard input." name:"FILE"`
	At       string   `help:"When it opens: \"2026-12-24 18:00\", \"tomorrow 18:00\", 2026-12-24T18:00:00+01:00, or 10m or 1d from now." placeholder:"TIME"`
	Zone     string   `help:"Time zone of --at and --ends, like Europe/Berlin. Default: that of the shop, unless that is UTC; else of this machine." placeholder:"ZONE"`
	Ends     string   `help:"When it is over and its banner goes; products stay released. Default: never." placeholder:"TIME"`
	Release  []string `help:"SKU or id of a product to release; may be repeated." placeholder:"SKU" sep:"none" predictor:"product"`
	Restock  []string `help:"SKU or id of a size, and how many pairs come; may be repeated." placeholder:"ITEM=PAIRS" sep:"none" predictor:"item"`
	Announce string   `help:"Words of a banner at the head of every page, from when it opens until it ends." placeholder:"TEXT"`
	Yes      bool     `help:"Do not ask about a time that is more than a year away." short:"y"`
}

// Run is called by kong.
func (p *dropsPlanCmd) Run(ctx context.Context, g *globals, term terminal) error {
	if p.File != "" {
		if p.At != "" || p.Ends != "" || p.Zone != "" || p.Announce != "" || len(p.Release)+len(p.Restock) > 0 {
			return usageError{errors.New("name a FILE, or say the plan by flags")}
		}
		if err := p.read(term); err != nil {
			return err
		}
	}
	if _, err := p.request(time.Now()); err != nil && (p.Zone != "" || p.At == "") {
		return err // else another zone may make sense of it
	}
	c, err := dial(g)
	if err != nil {
		return err
	}
	defer c.Close()
	if p.Zone, err = zoneOr(ctx, c, p.Zone); err != nil {
		return err
	}
	q, err := p.request(time.Now())
	if err != nil {
		return err
	}
	d, err := surely(term, p.Yes, func(sure bool) (operator.DropView, error) {
		q.Sure = sure
		return c.PlanDrop(ctx, q)
	})
	if err != nil {
		return err
	}
	return showChange(g, term, d, "is planned")
}

// read reads the plan from the file.
func (p *dropsPlanCmd) read(term terminal) error {
	data, err := readFile(term, p.File, 1<<20)
	if err != nil {
		return err
	}
	plan, err := readPlan(data)
	if err != nil {
		return fmt.Errorf("%s: %w\nnothing was planned", p.File, err)
	}
	plan.Yes = p.Yes
	*p = plan
	return nil
}

// readPlan reads a plan as the flags that say the same.
func readPlan(data []byte) (p dropsPlanCmd, err error) {
	var f planFile
	if err := catalogfile.Decode(data, &f); err != nil {
		return p, err
	}
	p.At, p.Ends, p.Zone, p.Release, p.Announce = f.At, f.Ends, f.Zone, f.Release, f.Announce
	for _, restock := range f.Restock {
		for _, item := range slices.Sorted(maps.Keys(restock)) {
			p.Restock = append(p.Restock, fmt.Sprintf("%s=%d", item, restock[item]))
		}
	}
	return p, nil
}

// request returns what the flags ask for. The error is a usageError.
func (p *dropsPlanCmd) request(now time.Time) (q operator.PlanRequest, err error) {
	if p.At == "" {
		return q, usageError{errors.New("--at must say when the drop opens")}
	}
	if now, err = inZone(now, p.Zone); err != nil {
		return q, err
	}
	q = operator.PlanRequest{Zone: p.Zone, Releases: p.Release, Announces: p.Announce}
	if q.At, err = parseTime("--at", p.At, now); err != nil {
		return q, usageError{err}
	}
	if q.EndsAt, err = parseEnd("--ends", p.Ends, now); err != nil {
		return q, err
	}
	for _, text := range p.Restock {
		item, pairs, _ := strings.Cut(text, "=")
		n, err := strconv.Atoi(pairs)
		if err != nil || n < 1 || n > 1_000_000 {
			return q, usageError{fmt.Errorf("--restock %q: write ITEM=PAIRS, with 1 to 1000000 pairs, like VOLT-9=50",
				text)}
		}
		q.Restocks = append(q.Restocks, operator.PairsOf{Item: item, Pairs: n})
	}
	return q, nil
}

// parseEnd reads the end of a drop or a banner, nil for "" and "never".
func parseEnd(flag, s string, now time.Time) (*time.Time, error) {
	if s == "" || s == "never" {
		return nil, nil
	}
	at, err := parseTime(flag, s, now)
	if err != nil {
		return nil, usageError{err}
	}
	return &at, nil
}

// dropsListCmd lists drops.
type dropsListCmd struct{}

// Run is called by kong.
func (dropsListCmd) Run(ctx context.Context, g *globals, term terminal) error {
	c, err := dial(g)
	if err != nil {
		return err
	}
	defer c.Close()
	all, err := c.Drops(ctx)
	switch {
	case err != nil:
		return err
	case g.JSON:
		return term.out.JSON(all)
	case len(all) == 0:
		term.out.Println("No drop was ever planned. Plan one: sneakers23 drops plan --help")
		return nil
	}
	table := term.out.Table()
	table.Row("DROP", "AT", "STATE", "DOES", "PROBLEMS")
	for _, d := range all {
		table.Row(d.ID, timeOf(d, d.At), d.State, actsInShort(d.Acts), len(d.Problems))
	}
	table.Print()
	return nil
}

// dropsShowCmd shows a drop.
type dropsShowCmd struct {
	ID inventory.DropID `arg:"" help:"Number of the drop." name:"ID"`
}

// Run is called by kong.
func (s *dropsShowCmd) Run(ctx context.Context, g *globals, term terminal) error {
	if s.ID < 1 {
		return fmt.Errorf("there is no drop %d: see `%s drops list`", s.ID, program())
	}
	c, err := dial(g)
	if err != nil {
		return err
	}
	defer c.Close()
	d, err := c.Drop(ctx, s.ID)
	if err != nil {
		return err
	}
	if g.JSON {
		return term.out.JSON(d)
	}
	printDrop(term, d)
	return nil
}

// dropsCheckCmd checks the drops that are planned.
type dropsCheckCmd struct {
	ID inventory.DropID `arg:"" optional:"" help:"Number of the drop. Default: all that are planned." name:"ID"`
}

// Help is shown by drops check --help.
func (dropsCheckCmd) Help() string {
	return `Exits with 1 if a drop that is planned has problems: products without images, sizes or stock, sizes without
stock, what is paused, clocks that are apart.`
}

// Run is called by kong.
func (x *dropsCheckCmd) Run(ctx context.Context, g *globals, term terminal) error {
	c, err := dial(g)
	if err != nil {
		return err
	}
	defer c.Close()
	all, err := c.Drops(ctx)
	if err != nil {
		return err
	}
	checked := []operator.DropView{}
	problems := 0
	for _, d := range all {
		if d.State == inventory.DropPlanned && (x.ID == 0 || d.ID == x.ID) {
			checked = append(checked, d)
			problems += len(d.Problems)
		}
	}
	if x.ID != 0 && len(checked) == 0 {
		return fmt.Errorf("drop %d is not planned: see `%s drops show %d`", x.ID, program(), x.ID)
	}
	if g.JSON {
		err = term.out.JSON(checked)
	} else {
		for _, d := range checked {
			term.out.Printf("drop %d at %s: %s\n", d.ID, timeOf(d, d.At), counted(len(d.Problems), "problem"))
			for _, problem := range d.Problems {
				term.out.Printf("  %s\n", problem)
			}
		}
		if len(checked) == 0 {
			term.out.Println("No drop is planned.")
		}
	}
	if err == nil && problems > 0 {
		err = errors.New("a drop that is planned has problems")
	}
	return err
}
