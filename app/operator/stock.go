package operator

import (
	"context"
	"errors"
	"fmt"
	"time"

	"sneakers23/checkout/ledger"
	"sneakers23/inventory"
)

// Release releases a product, plans that, or takes either back.
func (o *Operator) Release(ctx context.Context, q ReleaseRequest) (Released, error) {
	p, err := findProduct(o.inventory.Catalog(), q.Product)
	if err != nil {
		return Released{}, err
	}
	if err := wholeSecond("time", q.At); err != nil {
		return Released{}, err
	}
	done := Released{SKU: p.SKU, Name: p.Name, At: q.At}
	switch {
	case q.Undo:
		return o.unrelease(ctx, p, done)
	case q.CallOff:
		return o.callOff(ctx, p, done)
	case q.At == nil:
		if err = o.askOfDrop(ctx, p, q.Sure); err == nil {
			err = o.inventory.Release(ctx, p.ID)
		}
	case q.At.After(time.Now().AddDate(1, 0, 0)) && !q.Sure:
		return Released{}, &Question{fmt.Sprintf("%s would be released in more than a year, on %s.",
			p.SKU, q.At.UTC().Format("2006-01-02 15:04:05 MST"))}
	default:
		err = o.inventory.Schedule(ctx, p.ID, *q.At)
	}
	if errors.Is(err, inventory.ErrPast) {
		return Released{}, &dropError{"the time is in the past; leave --at out to release now", err}
	}
	if q.At != nil && !errors.Is(err, inventory.ErrReleased) {
		err = wordsOfDrop(err, noProduct)
	}
	if errors.Is(err, inventory.ErrReleased) {
		done.Already, done.At, err = true, nil, nil
	}
	if err != nil {
		return Released{}, err
	}
	done.Released = done.At == nil
	switch {
	case done.Already:
	case done.At != nil:
		o.did(ctx, "release is scheduled", "sku", p.SKU, "at", *q.At)
	default:
		o.did(ctx, "release", "sku", p.SKU)
	}
	done.Missing = o.everywhere(ctx, []inventory.ProductID{p.ID}, nil)
	return done, nil
}

// askOfDrop returns a question if the product is in a drop that does more than to release it: the
// drop goes on without the product.
func (o *Operator) askOfDrop(ctx context.Context, p *inventory.Product, sure bool) error {
	if sure || p.ReleaseAt == nil {
		return nil
	}
	d, err := o.store.DropOf(ctx, p.ID)
	switch {
	case errors.Is(err, inventory.ErrNotFound):
		return nil
	case err != nil || !d.DoesMore():
		return err
	case len(d.Releases) > 1 || len(d.Restocks) > 0:
		return &Question{fmt.Sprintf("%s is in drop %d, which would open without it and do all else.", p.SKU, d.ID)}
	}
	return &Question{fmt.Sprintf("%s is in drop %d, which would be cancelled, and its banner with it.", p.SKU, d.ID)}
}

func (o *Operator) unrelease(ctx context.Context, p *inventory.Product, done Released) (Released, error) {
	err := o.inventory.Unrelease(ctx, p.ID)
	switch {
	case errors.Is(err, inventory.ErrNotReleased) && p.ReleaseAt != nil:
		return done, fmt.Errorf("%s is not released, but will be: to call that off, add --call-off instead of --undo",
			p.SKU)
	case errors.Is(err, inventory.ErrNotReleased):
		return done, fmt.Errorf("%s is not released: there is nothing to take back", p.SKU)
	case err != nil:
		return done, err
	}
	o.did(ctx, "release is taken back", "sku", p.SKU)
	done.Undone = true
	done.Missing = o.everywhere(ctx, []inventory.ProductID{p.ID}, nil)
	return done, nil
}

func (o *Operator) callOff(ctx context.Context, p *inventory.Product, done Released) (Released, error) {
	err := o.inventory.CallOff(ctx, p.ID)
	switch {
	case errors.Is(err, inventory.ErrReleased):
		return done, fmt.Errorf("%s is released already: to take that back, add --undo instead of --call-off", p.SKU)
	case errors.Is(err, inventory.ErrNotScheduled):
		return done, fmt.Errorf("no release of %s is scheduled", p.SKU)
	case err != nil:
		return done, wordsOfDrop(err, noProduct)
	}
	o.did(ctx, "scheduled release is called off", "sku", p.SKU)
	done.CalledOff = true
	done.Missing = o.everywhere(ctx, []inventory.ProductID{p.ID}, nil)
	return done, nil
}

func (o *Operator) restock(ctx context.Context, q RestockRequest) (Restocked, error) {
	it, err := findItem(o.inventory.Catalog(), q.Item)
	if err != nil {
		return Restocked{}, err
	}
	if err := slips(o.inventory.Catalog().All(), it, q.Count); err != nil && !q.Sure {
		return Restocked{}, err
	}
	if err := o.ledger.Restock(ctx, it.ID, q.Count); err != nil {
		return Restocked{}, err
	}
	o.did(ctx, "restock", "sku", it.SKU, "count", q.Count)
	missing := o.everywhere(ctx, nil, []inventory.ItemID{it.ID})
	now, _, _ := o.inventory.Catalog().All().Item(it.ID)
	return Restocked{
		SKU: it.SKU, Size: it.Size, Added: q.Count, Available: now.Available, Level: now.Level,
		Everywhere: Everywhere{missing},
	}, nil
}

func (o *Operator) correct(ctx context.Context, q CorrectRequest) (Corrected, error) {
	it, err := findItem(o.inventory.Catalog(), q.Item)
	if err != nil {
		return Corrected{}, err
	}
	switch err := o.ledger.Correct(ctx, it.ID, q.By, q.Why); {
	case errors.Is(err, inventory.ErrBadCount):
		return Corrected{}, fmt.Errorf("--by must say how many pairs more or fewer there are, at most %d: 5 or -5; 0 is for a size that is frozen",
			ledger.MaxCount)
	case errors.Is(err, inventory.ErrTooFew):
		now, _, _ := o.inventory.Catalog().All().Item(it.ID) // which may lag: the database has refused
		if now.Frozen {
			return Corrected{}, fmt.Errorf(
				"%d pairs can't be taken away: the movements of %s add up to fewer; see `sneakers23 audit`", -q.By,
				it.SKU,
			)
		}
		return Corrected{}, fmt.Errorf("%d pairs can't be taken away: %s has %d that are not sold",
			-q.By, it.SKU, now.Available)
	case err != nil:
		return Corrected{}, err
	}
	o.did(ctx, "stock is corrected", "sku", it.SKU, "by", q.By, "why", q.Why)
	missing := o.everywhere(ctx, nil, []inventory.ItemID{it.ID})
	now, _, _ := o.inventory.Catalog().All().Item(it.ID)
	return Corrected{
		SKU: it.SKU, Size: it.Size, By: q.By, Why: q.Why, Available: now.Available, Level: now.Level,
		Everywhere: Everywhere{missing},
	}, nil
}

// did logs what an operator did, and who it was.
func (o *Operator) did(ctx context.Context, what string, attrs ...any) {
	o.log.Info(what, append(attrs, "who", inventory.Actor(ctx))...)
}
