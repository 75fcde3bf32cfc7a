package operator

import (
	"context"
	"errors"
	"time"

	"sneakers23/inventory"
)

// Details is a product as operators have written it, with what is not theirs to write.
type Details struct {
	ID        inventory.ProductID `json:"id"`
	Version   string              `json:"version"` // for [inventory.Edit.Seen]
	Released  bool                `json:"released"`
	ReleaseAt *time.Time          `json:"release_at,omitempty"`
	Paused    inventory.Pause     `json:"paused,omitempty"`
	inventory.Details
	Pictures []inventory.Image `json:"pictures,omitempty"` // the images with their renditions
}

// SaveRequest asks for products to be created and changed.
type SaveRequest struct {
	Edits []inventory.Edit `json:"edits"`
	Try   bool             `json:"try,omitempty"` // save nothing, and tell what would be

	// Photos are the ids of pictures whose photos will be uploaded: a try counts them as there.
	Photos []string `json:"photos,omitempty"`
}

// Saved is what has become of the products of a SaveRequest, in its order, or why nothing was
// saved.
type Saved struct {
	Products []inventory.Saved  `json:"products"`
	Problems inventory.Problems `json:"problems,omitempty"`
	Everywhere
}

func (o *Operator) details(context.Context, none) ([]Details, error) {
	list := []Details{}
	for p := range o.inventory.Catalog().All().Products() {
		d := p.Details()
		list = append(list, Details{
			ID: p.ID, Version: d.Version(), Released: p.Released, ReleaseAt: p.ReleaseAt, Paused: p.Paused, Details: d,
			Pictures: p.Images,
		})
	}
	return list, nil
}

func (o *Operator) save(ctx context.Context, q SaveRequest) (Saved, error) {
	do := o.inventory.Save
	if q.Try {
		do = func(ctx context.Context, edits []inventory.Edit) ([]inventory.Saved, error) {
			return o.inventory.Try(ctx, edits, q.Photos...)
		}
	}
	saved, err := do(ctx, q.Edits)
	if found, ok := errors.AsType[inventory.Problems](err); ok {
		return Saved{Problems: found}, nil
	}
	if err != nil || q.Try {
		return Saved{Products: saved}, err
	}
	var (
		touched []inventory.ProductID
		items   []inventory.ItemID
	)
	for _, s := range saved {
		if s.Unchanged() {
			continue
		}
		touched = append(touched, s.ID)
		if p, ok := o.inventory.Catalog().All().Product(s.ID); ok {
			for _, it := range p.Items {
				items = append(items, it.ID)
			}
		}
		o.did(ctx, "product is saved", "sku", s.SKU, "new", s.New, "state", s.State, "changes", len(s.Changes),
			"new_sizes", len(s.Sizes))
	}
	return Saved{Products: saved, Everywhere: Everywhere{o.everywhere(ctx, touched, items)}}, nil
}
