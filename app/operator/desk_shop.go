package operator

import (
	"context"

	"sneakers23/inventory/storefront"
)

// ShopDesk lets admins set what the shop looks like at the dashboard.
type ShopDesk struct{ Operator *Operator }

// SetShop saves settings, and reports whether all nodes show them.
func (d ShopDesk) SetShop(ctx context.Context, edit storefront.Edit) (storefront.Saved, bool, error) {
	return savedAtDesk(atDesk(ctx, d.Operator, commandShopSet, edit, d.Operator.setShop))
}

// SavePage writes or removes a page, and reports whether all nodes show it.
func (d ShopDesk) SavePage(ctx context.Context, edit storefront.PageEdit) (storefront.Saved, bool, error) {
	return savedAtDesk(atDesk(ctx, d.Operator, commandPageSave, edit, d.Operator.savePage))
}

// AddPicture makes a picture of a photo.
func (d ShopDesk) AddPicture(ctx context.Context, photo []byte) (string, error) {
	return atDesk(ctx, d.Operator, commandPart, photo, d.Operator.AddPicture)
}

func savedAtDesk(done FrontSaved, err error) (storefront.Saved, bool, error) {
	if err == nil && len(done.Problems) > 0 {
		err = done.Problems
	}
	return done.Saved, len(done.Missing) == 0, err
}
