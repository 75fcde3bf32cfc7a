package operator

import (
	"context"

	"sneakers23/inventory"
)

// Pause stops the selling of a product or of the whole shop, or resumes it.
func (o *Operator) Pause(ctx context.Context, q PauseRequest) (Paused, error) {
	var id inventory.ProductID
	if q.Product != "" {
		p, err := findProduct(o.inventory.Catalog(), q.Product)
		if err != nil {
			return Paused{}, err
		}
		id = p.ID
	}
	do, what := o.inventory.Pause, "selling is paused"
	if q.Resume {
		do, what = o.inventory.Resume, "selling is resumed"
	}
	touched, err := do(ctx, id)
	if err != nil {
		return Paused{}, err
	}
	done := Paused{Products: []string{}}
	for _, id := range touched { // a pause of the whole shop is told of what shoppers see
		if p, ok := o.inventory.Catalog().Product(id); ok {
			done.Products = append(done.Products, p.SKU)
		}
	}
	o.did(ctx, what, "products", len(touched), "sku", q.Product)
	done.Missing = o.everywhere(ctx, touched, nil)
	return done, nil
}
