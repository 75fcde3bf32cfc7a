package main

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"sneakers23/app/operator"
	"sneakers23/inventory"
)

// productsCmd looks at the products and edits them.
type productsCmd struct {
	List    productsListCmd    `cmd:"" default:"withargs" help:"List products, sizes and stock."`
	Show    productsShowCmd    `cmd:"" help:"Show one product with all that is written of it."`
	Create  productsCreateCmd  `cmd:"" help:"Create a product, as a draft that shoppers do not see."`
	Edit    productsEditCmd    `cmd:"" help:"Change what is written of a product, or add sizes to it."`
	Archive productsArchiveCmd `cmd:"" help:"Take a product out of the shop. Its orders and its books stay."`
	Image   productsImageCmd   `cmd:"" help:"Upload photos of a product, and order them."`
	Import  productsImportCmd  `cmd:"" help:"Create and change products as a file says, all of them or none."`
	Export  productsExportCmd  `cmd:"" help:"Write all products to a file that import reads."`
}

// Help is shown by products --help.
func (productsCmd) Help() string {
	return `A product is a draft, live or archived. Shoppers see it while it is live, and can buy it once it is
released: see release. Nothing is ever deleted: what is archived comes back by "products edit SKU --state live".
Prices, names and sizes change on open pages and in carts at once.`
}

// productsListCmd lists the store.
type productsListCmd struct {
	All bool `help:"Also list what is archived."`
}

// Run is called by kong.
func (l *productsListCmd) Run(ctx context.Context, g *globals, term terminal) error {
	c, err := dial(g)
	if err != nil {
		return err
	}
	defer c.Close()
	products, err := c.Products(ctx)
	if err != nil {
		return err
	}
	there := len(products)
	if !l.All {
		products = slices.DeleteFunc(products, func(p operator.Product) bool { return p.State == inventory.Archived })
	}
	archived := there - len(products)
	switch {
	case g.JSON:
		return term.out.JSON(products)
	case there == 0:
		term.out.Println("The store has no products. Create one: sneakers23 products create --help")
		term.out.Println("Or fill it with two: sneakers23 seed, or with six: sneakers23 seed --more")
		return nil
	}
	for i, p := range products {
		if i > 0 {
			term.out.Println()
		}
		printProduct(term, p)
	}
	if archived > 0 {
		if len(products) > 0 {
			term.out.Println()
		}
		term.out.Printf("%s more: see them with --all\n", counted(archived, "archived product"))
	}
	return nil
}

func printProduct(term terminal, p operator.Product) {
	term.out.Printf("%s  %s by %s, %s, %s (id %d): %s\n", p.SKU, p.Name, p.Brand, p.Color, p.Price, p.ID, stateOf(p))
	if len(p.Items) == 0 {
		term.out.Println("  no sizes yet")
		return
	}
	table := term.out.Table()
	table.Row("  ITEM", "SIZE", "AVAILABLE", "SOLD", "LEVEL")
	for _, it := range p.Items {
		level := string(it.Level)
		if it.Frozen {
			level = "frozen, see audit"
		}
		table.Row("  "+it.SKU, it.Size, it.Available, it.Sold, level)
	}
	table.Print()
}

// stateOf says whether shoppers see a product, and can buy it.
func stateOf(p operator.Product) string {
	if p.Paused != "" && p.State == inventory.Live {
		p.Paused = ""
		return stateOf(p) + ", paused"
	}
	switch {
	case p.State == inventory.Draft:
		return "draft"
	case p.State == inventory.Archived:
		return "archived"
	case p.Released:
		return "released"
	case p.ReleaseAt != nil:
		return "will be released at " + when(*p.ReleaseAt)
	}
	return "not released"
}

// productsShowCmd shows one product.
type productsShowCmd struct {
	Product string `arg:"" help:"SKU or id of the product." name:"SKU|ID" predictor:"product"`
}

// Run is called by kong.
func (s *productsShowCmd) Run(ctx context.Context, g *globals, term terminal) error {
	c, err := dial(g)
	if err != nil {
		return err
	}
	defer c.Close()
	d, err := detailsOf(ctx, c, s.Product)
	if err != nil {
		return err
	}
	if g.JSON {
		return term.out.JSON(d)
	}
	table := term.out.Table()
	table.Row("SKU", fmt.Sprintf("%s (id %d)", d.SKU, d.ID))
	table.Row("Name", d.Name)
	table.Row("Brand", d.Brand)
	table.Row("Color", d.Color)
	table.Row("Price", d.Price)
	table.Row("State", stateOf(operator.Product{State: d.State, Released: d.Released, ReleaseAt: d.ReleaseAt,
		Paused: d.Paused}))
	table.Row("Order", d.Order)
	if d.Limit > 0 {
		table.Row("Limit", counted(d.Limit, "pair")+" for each shopper")
	}
	table.Print()
	if d.Story != "" {
		term.out.Lines("  ", "\n"+d.Story)
	}
	term.out.Println()
	printImages(term, d.Images)
	term.out.Println()
	if len(d.Sizes) == 0 {
		term.out.Printf("No sizes yet. Add one: %s products edit %s --size sku=%s-9,us=9,stock=10\n",
			program(), d.SKU, d.SKU)
		return nil
	}
	table = term.out.Table()
	table.Row("ITEM", "US", "EU", "UK", "CM")
	for _, size := range d.Sizes {
		table.Row(size.SKU, size.Size, dash(size.EU), dash(size.UK), dash(size.CM))
	}
	table.Print()
	return nil
}

// dash stands where there is no word.
func dash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

// detailsOf finds a product by its SKU in any case, or by its id.
func detailsOf(ctx context.Context, c *operator.Client, name string) (operator.Details, error) {
	all, err := c.Details(ctx)
	if err != nil {
		return operator.Details{}, err
	}
	return findDetails(all, name)
}

func findDetails(all []operator.Details, name string) (operator.Details, error) {
	for _, same := range []func(operator.Details) bool{
		func(d operator.Details) bool { return d.SKU == name },
		func(d operator.Details) bool { return strings.EqualFold(d.SKU, name) },
		func(d operator.Details) bool { return fmt.Sprint(d.ID) == name },
	} {
		var found []operator.Details
		for _, d := range all {
			if same(d) {
				found = append(found, d)
			}
		}
		switch len(found) {
		case 0:
		case 1:
			return found[0], nil
		default:
			return operator.Details{}, fmt.Errorf("%q can be %s or %s: write the SKU as it is",
				name, found[0].SKU, found[1].SKU)
		}
	}
	return operator.Details{}, fmt.Errorf("no product has the SKU or id %q; see: sneakers23 products --all", name)
}
