package operator

import (
	"fmt"
	"strconv"
	"strings"

	"sneakers23/inventory"
)

// noSuchError says that the catalog has nothing of that name.
type noSuchError struct{ what, name string }

func (e *noSuchError) Error() string {
	return fmt.Sprintf("no %s has the SKU or id %q; see: sneakers23 products", e.what, e.name)
}

// atDesk says it to an admin, who has no command line.
func (e *noSuchError) atDesk() string {
	if e.what == "item" {
		return fmt.Sprintf("No size has the SKU %s.", e.name)
	}
	return fmt.Sprintf("No %s has the SKU %s.", e.what, e.name)
}

// wasWritten reports whether an admin wrote the name: pages of the dashboard name things by id.
func (e *noSuchError) wasWritten() bool {
	_, err := strconv.ParseInt(e.name, 10, 64)
	return err != nil
}

// Unwrap makes it an [inventory.ErrNotFound].
func (*noSuchError) Unwrap() error { return inventory.ErrNotFound }

// notASizeError says that a product was named where a size must be.
type notASizeError struct{ product, size string }

func (e *notASizeError) Error() string { return e.why() + "; see: sneakers23 products" }

func (e *notASizeError) why() string {
	return fmt.Sprintf("%s is a product; name one of its sizes, like %s", e.product, e.size)
}

// findProduct finds a product by its SKU in any case, or by its id; also one that shoppers do not
// see.
func findProduct(c *inventory.Catalog, name string) (*inventory.Product, error) {
	c = c.All()
	if p, ok := c.ProductInAnyCase(name); ok {
		return p, nil
	}
	if id, err := strconv.ParseInt(name, 10, 64); err == nil {
		if p, ok := c.Product(inventory.ProductID(id)); ok {
			return p, nil
		}
	}
	for p := range c.Products() {
		for _, it := range p.Items {
			if strings.EqualFold(it.SKU, name) {
				return nil, fmt.Errorf("%s is a size of %s; name the product: %[2]s", it.SKU, p.SKU)
			}
		}
	}
	return nil, &noSuchError{"product", name}
}

// findItem finds an item by its SKU in any case, or by its id.
func findItem(c *inventory.Catalog, name string) (inventory.Item, error) {
	c = c.All()
	var alike []inventory.Item
	for p := range c.Products() {
		for _, it := range p.Items {
			if it.SKU == name {
				return it, nil
			}
			if strings.EqualFold(it.SKU, name) {
				alike = append(alike, it)
			}
		}
	}
	if len(alike) == 1 {
		return alike[0], nil
	}
	if id, err := strconv.ParseInt(name, 10, 64); err == nil {
		if it, _, ok := c.Item(inventory.ItemID(id)); ok {
			return it, nil
		}
	}
	if p, ok := c.ProductInAnyCase(name); ok {
		return inventory.Item{}, &notASizeError{p.SKU, firstSKU(p)}
	}
	return inventory.Item{}, &noSuchError{"item", name}
}

func firstSKU(p *inventory.Product) string {
	if len(p.Items) == 0 {
		return "SKU"
	}
	return p.Items[0].SKU
}
