package operator

import (
	"context"
	"fmt"
	"time"

	"sneakers23/inventory"
	"sneakers23/web/admin/drops"
)

// DropDesk lets admins plan drops at the dashboard.
type DropDesk struct{ Operator *Operator }

// Drops lists the planned drops by their time, then the latest others.
func (d DropDesk) Drops(ctx context.Context) ([]drops.Drop, error) {
	views, err := atDesk(ctx, d.Operator, commandDrops, DropsRequest{}, d.Operator.drops)
	all := make([]drops.Drop, len(views))
	for i, v := range views {
		all[i] = drops.Drop{
			ID: v.ID, At: v.At, Ends: v.EndsAt, Zone: v.Zone, State: v.State, Problems: v.Problems, Version: v.Version,
		}
		for _, a := range v.Acts {
			all[i].Acts = append(all[i].Acts, a.words())
		}
	}
	return all, err
}

// words say what an act does.
func (a Act) words() string {
	switch a.Kind {
	case ActRelease:
		return fmt.Sprintf("Release of %s (%s)", a.Name, a.SKU)
	case ActAnnounce:
		return fmt.Sprintf("Banner “%s”", a.Text)
	}
	return fmt.Sprintf("Restock of %d pairs of %s, size %s (%s)", a.Pairs, a.Name, a.Size, a.SKU)
}

// Plan plans a drop.
func (d DropDesk) Plan(ctx context.Context, p drops.Plan) error {
	q := PlanRequest{
		At: p.At, EndsAt: p.Ends, Zone: p.Zone, Releases: p.Releases, Announces: p.Announces,
		Sure: true, // its page shows the year
	}
	for _, r := range p.Restocks {
		q.Restocks = append(q.Restocks, PairsOf{Item: r.Item, Pairs: r.Pairs})
	}
	_, err := atDesk(ctx, d.Operator, commandPlan, q, d.Operator.PlanDrop)
	return err
}

// Move gives a drop another time.
func (d DropDesk) Move(ctx context.Context, id inventory.DropID, seen int64, at time.Time) error {
	return d.change(ctx, DropChange{ID: id, Seen: seen, At: &at, Sure: true}) // its page shows the year
}

// End changes when a drop ends, nil for never.
func (d DropDesk) End(ctx context.Context, id inventory.DropID, seen int64, at *time.Time) error {
	return d.change(ctx, DropChange{ID: id, Seen: seen, End: true, EndsAt: at})
}

// EndNow ends a drop.
func (d DropDesk) EndNow(ctx context.Context, id inventory.DropID, seen int64) error {
	return d.change(ctx, DropChange{ID: id, Seen: seen, EndNow: true})
}

// Cancel cancels a drop.
func (d DropDesk) Cancel(ctx context.Context, id inventory.DropID, seen int64) error {
	return d.change(ctx, DropChange{ID: id, Seen: seen, Cancel: true})
}

func (d DropDesk) change(ctx context.Context, q DropChange) error {
	_, err := atDesk(ctx, d.Operator, commandChange, q, d.Operator.ChangeDrop)
	return err
}
