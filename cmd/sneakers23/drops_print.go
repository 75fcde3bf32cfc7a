package main

import (
	"fmt"
	"strings"
	"time"

	"sneakers23/app/operator"
	"sneakers23/inventory"
)

// showChange prints a drop after a change.
func showChange(g *globals, term terminal, d operator.DropView, what string) error {
	warnMissing(term, g, d.Everywhere)
	if g.JSON {
		return term.out.JSON(d)
	}
	term.out.Printf("drop %d %s\n", d.ID, what)
	printDrop(term, d)
	return nil
}

// actsInShort sums up what a drop does.
func actsInShort(acts []operator.Act) string {
	var words, banner []string
	products, sizes, pairs := 0, 0, 0
	for _, a := range acts {
		switch a.Kind {
		case operator.ActRelease:
			products++
		case operator.ActRestock:
			sizes++
			pairs += a.Pairs
		case operator.ActAnnounce:
			banner = []string{"a banner"}
		}
	}
	if products > 0 {
		words = append(words, "releases "+counted(products, "product"))
	}
	if sizes > 0 {
		words = append(words, fmt.Sprintf("%d pairs of %s", pairs, counted(sizes, "size")))
	}
	return dash(strings.Join(append(words, banner...), ", "))
}

// timeOf writes a time in the zone in which the drop was planned.
func timeOf(d operator.DropView, t time.Time) string {
	if location, err := time.LoadLocation(d.Zone); d.Zone != "" && err == nil {
		return t.In(location).Format(time.RFC3339)
	}
	return t.Local().Format(time.RFC3339)
}

func printDrop(term terminal, d operator.DropView) {
	table := term.out.Table()
	at := timeOf(d, d.At)
	if d.State == inventory.DropPlanned {
		at += fmt.Sprintf(" (in %s)", span(d.At.Sub(d.Now).Round(time.Second)))
	}
	table.Row("Drop", d.ID)
	table.Row("State", d.State)
	table.Row("At", at)
	if d.Zone != "" {
		table.Row("Zone", d.Zone)
	}
	if d.EndsAt != nil {
		table.Row("Ends", timeOf(d, *d.EndsAt))
	}
	if d.OpenedAt != nil {
		table.Row("Opened", d.OpenedAt.Local().Format("2006-01-02T15:04:05.000Z07:00"))
	}
	for _, a := range d.Acts {
		switch a.Kind {
		case operator.ActRelease:
			table.Row("Release", a.SKU+" "+a.Name)
		case operator.ActAnnounce:
			table.Row("Banner", a.Text)
		default:
			table.Row("Restock", fmt.Sprintf("%s %s, size %s: %s", a.SKU, a.Name, a.Size, counted(a.Pairs, "pair")))
		}
	}
	for _, problem := range d.Problems {
		table.Row("Problem", problem)
	}
	table.Print()
}
