package operator

import (
	"context"
	"errors"
	"strconv"

	"sneakers23/inventory"
	"sneakers23/inventory/picture"
	"sneakers23/inventory/storefront"
)

// ProductDesk lets admins write products at the dashboard.
type ProductDesk struct{ Operator *Operator }

// Save saves an edit, and reports whether all nodes show it.
func (d ProductDesk) Save(ctx context.Context, edit inventory.Edit) (inventory.Saved, bool, error) {
	done, err := d.save(ctx, SaveRequest{Edits: []inventory.Edit{edit}})
	if err != nil {
		return inventory.Saved{}, false, err
	}
	return done.Products[0], len(done.Missing) == 0, nil
}

// Try returns what Save would do.
func (d ProductDesk) Try(ctx context.Context, edit inventory.Edit) (inventory.Saved, error) {
	done, err := d.save(ctx, SaveRequest{Edits: []inventory.Edit{edit}, Try: true})
	if err != nil {
		return inventory.Saved{}, err
	}
	return done.Products[0], nil
}

func (d ProductDesk) save(ctx context.Context, q SaveRequest) (Saved, error) {
	done, err := atDesk(ctx, d.Operator, commandSave, q, d.Operator.save)
	if err == nil && len(done.Problems) > 0 {
		return Saved{}, done.Problems
	}
	return done, err
}

// Pause stops the selling of a product, or of the whole shop if the id is 0, or resumes it.
func (d ProductDesk) Pause(ctx context.Context, id inventory.ProductID, resume bool) error {
	q := PauseRequest{Resume: resume}
	if id != 0 {
		q.Product = strconv.FormatInt(int64(id), 10)
	}
	_, err := atDesk(ctx, d.Operator, commandPause, q, d.Operator.Pause)
	return err
}

// AddPicture makes a picture of a photo.
func (d ProductDesk) AddPicture(ctx context.Context, photo []byte) (string, error) {
	return atDesk(ctx, d.Operator, commandPart, photo, d.Operator.AddPicture)
}

// keepsItsKind reports whether a page shows the error in a way of its own.
func keepsItsKind(err error) bool {
	_, photo := errors.AsType[*picture.Error](err)
	_, drop := errors.AsType[*dropError](err)
	return photo || errors.Is(err, inventory.ErrEdited) && !drop || errors.Is(err, storefront.ErrEdited)
}
