package storefront

import "errors"

// Errors of a call to the store.
var (
	ErrEdited = errors.New("storefront: edited by somebody else meanwhile")
	ErrNoPage = errors.New("storefront: there is no such page")
)
