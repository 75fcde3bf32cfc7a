package operator

import (
	"context"
	"fmt"

	"sneakers23/inventory"
)

// Audit is what an audit of the books has found.
type Audit struct {
	OK        bool      `json:"ok"` // there are no findings
	Items     int       `json:"items"`
	Movements int       `json:"movements"`
	Orders    int       `json:"orders"`
	Findings  []Finding `json:"findings"`
}

// Finding is something in the books that contradicts something else, see [ledger.Finding].
type Finding struct {
	Kind  string           `json:"kind"`
	Item  inventory.ItemID `json:"item_id,omitempty"`
	Order string           `json:"order_id,omitempty"`
	Text  string           `json:"text"`
}

// Audit compares counts, movements and orders in one snapshot of the database, and changes nothing.
func (c *Client) Audit(ctx context.Context) (Audit, error) {
	return ask[Audit](ctx, c, commandAudit, none{})
}

func (o *Operator) audit(ctx context.Context, _ none) (Audit, error) {
	found, err := o.check(ctx)
	if err != nil {
		return Audit{}, err
	}
	a := Audit{
		OK: len(found.Findings) == 0, Items: found.Items, Movements: found.Movements, Orders: found.Orders,
		Findings: make([]Finding, len(found.Findings)),
	}
	for i, f := range found.Findings {
		a.Findings[i] = Finding{Kind: string(f.Kind), Item: f.Item, Order: f.Order, Text: f.Text}
		if it, p, ok := o.inventory.Catalog().All().Item(f.Item); ok {
			a.Findings[i].Text = fmt.Sprintf("%s, %s size %s: %s", it.SKU, p.Name, it.Size, f.Text)
		}
	}
	if !a.OK {
		o.did(ctx, "an audit has findings", "findings", len(a.Findings))
	}
	return a, nil
}
