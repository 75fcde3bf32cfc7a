package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"sneakers23/app/operator"
	"sneakers23/inventory"
)

// productFlags are what can be written of a product. A field without a flag stays as it is.
type productFlags struct {
	Name  *string  `help:"Name of the shoe."`
	Brand *string  `help:"Who makes it."`
	Color *string  `help:"Color, as shoppers read it."`
	Price *string  `help:"Price in dollars, like 120 or 99.50." placeholder:"DOLLARS"`
	Story *string  `help:"Some paragraphs about it, with an empty line between them."`
	Order *int     `help:"Place on the page: low numbers come first."`
	Limit *int     `help:"Pairs that one shopper may buy, over all orders; 0 is no limit." placeholder:"PAIRS"`
	State *string  `help:"draft, live or archived." placeholder:"STATE"`
	Size  []string `help:"Add or change a size, like sku=VOLT-9,us=9,eu=42.5,uk=8,cm=27,stock=50; may be repeated. A new size begins with the stock." sep:"none" placeholder:"KEY=VALUE,..."`
}

// isEmpty reports whether no flag was given.
func (f *productFlags) isEmpty() bool {
	return f.Name == nil && f.Brand == nil && f.Color == nil && f.Price == nil && f.Story == nil && f.Order == nil &&
		f.State == nil && f.Limit == nil && len(f.Size) == 0
}

// edit returns the edit that the flags ask for. The error is a usageError.
func (f *productFlags) edit() (e inventory.Edit, err error) {
	e = inventory.Edit{
		Name: f.Name, Brand: f.Brand, Color: f.Color, Story: f.Story, Order: f.Order, Limit: f.Limit,
		State: (*inventory.State)(f.State),
	}
	if f.Price != nil {
		price, err := inventory.ParsePrice(*f.Price)
		if err != nil {
			return e, usageError{fmt.Errorf("--price %w", err)}
		}
		e.Price = &price
	}
	for _, text := range f.Size {
		size, err := parseSize(text)
		if err != nil {
			return e, usageError{fmt.Errorf("--size %q: %w", text, err)}
		}
		e.Sizes = append(e.Sizes, size)
	}
	return e, nil
}

// parseSize reads the keys of a size with their values.
func parseSize(text string) (s inventory.SizeEdit, err error) {
	for pair := range strings.SplitSeq(text, ",") {
		key, value, ok := strings.Cut(pair, "=")
		if !ok {
			return s, errors.New("write keys with their values, like sku=VOLT-9,us=9,stock=50")
		}
		switch strings.TrimSpace(key) {
		case "sku":
			s.SKU = value
		case "us":
			s.Size = &value
		case "eu":
			s.EU = &value
		case "uk":
			s.UK = &value
		case "cm":
			s.CM = &value
		case "stock":
			if s.Stock, err = strconv.Atoi(strings.TrimSpace(value)); err != nil {
				return s, fmt.Errorf("stock must be a number of pairs, and is %q", value)
			}
		default:
			return s, fmt.Errorf("%q is none of sku, us, eu, uk, cm, stock", key)
		}
	}
	if s.SKU == "" {
		return s, errors.New("the sku is missing: it names the size")
	}
	return s, nil
}

// productsCreateCmd creates a product.
type productsCreateCmd struct {
	SKU string `arg:"" help:"SKU of the new product, like VOLT." name:"SKU"`
	productFlags
}

// Help is shown by products create --help.
func (productsCreateCmd) Help() string {
	return `For example:

  sneakers23 products create VOLT --brand Asler --name "Volt Runner" --color volt --price 99.50 \
      --size sku=VOLT-9,us=9,eu=42.5,stock=50 --size sku=VOLT-10,us=10,eu=44,stock=50
  sneakers23 products edit VOLT --state live
  sneakers23 release VOLT --at "tomorrow 18:00"`
}

// Run is called by kong.
func (p *productsCreateCmd) Run(ctx context.Context, g *globals, term terminal) error {
	edit, err := p.edit()
	if err != nil {
		return err
	}
	edit.SKU, edit.New = p.SKU, true
	c, err := dial(g)
	if err != nil {
		return err
	}
	defer c.Close()
	if there, err := detailsOf(ctx, c, p.SKU); err == nil && strings.EqualFold(there.SKU, p.SKU) {
		return fmt.Errorf("%s is there already: change it with `%s products edit %s`", there.SKU, program(), there.SKU)
	}
	return saveOne(ctx, g, term, c, edit)
}

// productsEditCmd changes a product.
type productsEditCmd struct {
	Product string  `arg:"" help:"SKU or id of the product." name:"SKU|ID" predictor:"product"`
	SKU     *string `help:"Give the product this SKU, which is in the address of its page." name:"sku" placeholder:"SKU"`
	productFlags
}

// Run is called by kong.
func (p *productsEditCmd) Run(ctx context.Context, g *globals, term terminal) error {
	edit, err := p.edit()
	if err != nil {
		return err
	}
	if p.SKU == nil && p.isEmpty() {
		return usageError{errors.New("nothing is to be changed: say what, like --price 130; see --help")}
	}
	c, err := dial(g)
	if err != nil {
		return err
	}
	defer c.Close()
	there, err := detailsOf(ctx, c, p.Product)
	if err != nil {
		return err
	}
	for _, s := range edit.Sizes {
		same := func(old inventory.SizeDetails) bool { return old.SKU == s.SKU }
		if s.Stock > 0 && slices.ContainsFunc(there.Sizes, same) {
			return fmt.Errorf("size %s is there already, and stock is what a new one begins with: `%s restock %s %d` adds pairs",
				s.SKU, program(), s.SKU, s.Stock)
		}
	}
	edit.Product = there.ID
	if p.SKU != nil {
		edit.SKU = *p.SKU
	}
	return saveOne(ctx, g, term, c, edit)
}

// productsArchiveCmd archives a product.
type productsArchiveCmd struct {
	Product string `arg:"" help:"SKU or id of the product." name:"SKU|ID" predictor:"product"`
}

// Run is called by kong.
func (p *productsArchiveCmd) Run(ctx context.Context, g *globals, term terminal) error {
	c, err := dial(g)
	if err != nil {
		return err
	}
	defer c.Close()
	there, err := detailsOf(ctx, c, p.Product)
	if err != nil {
		return err
	}
	drop, err := dropThatReleases(ctx, c, there.SKU)
	if err != nil {
		return err
	}
	edit := inventory.Edit{Product: there.ID, State: new(inventory.Archived)}
	if err := saveOne(ctx, g, term, c, edit); err != nil || g.JSON {
		return err
	}
	if drop != nil {
		now, err := c.Drop(ctx, drop.ID)
		if err != nil { // the product is archived all the same
			term.out.Printf("It was in drop %d. To see what became of that: %s drops show %d\n", drop.ID, program(), drop.ID)
		} else if words := leftDropWords(now); words != "" {
			term.out.Println(words)
		}
	}
	if there.State != inventory.Archived {
		term.out.Printf("It is on no page any more, and nothing of it can be bought.\n"+
			"To take it back: %s products edit %s --state %s\n", program(), there.SKU, there.State)
	}
	return nil
}

// dropThatReleases returns the planned drop that releases a product, nil for none.
func dropThatReleases(ctx context.Context, c *operator.Client, sku string) (*operator.DropView, error) {
	drops, err := c.Drops(ctx)
	for _, d := range drops {
		for _, act := range d.Acts {
			if d.State == inventory.DropPlanned && act.Kind == operator.ActRelease && act.SKU == sku {
				return &d, err
			}
		}
	}
	return nil, err
}

// leftDropWords says what an archived product means for the drop that was to release it; "" for one
// that has opened before.
func leftDropWords(d operator.DropView) string {
	switch at := timeOf(d, d.At); {
	case d.State == inventory.DropPlanned:
		return fmt.Sprintf("Drop %d opens at %s without it.", d.ID, at)
	case d.State != inventory.DropCancelled:
		return ""
	case len(d.Acts) > 0: // the release is none of them any more
		return fmt.Sprintf("Drop %d, which was to release it at %s, is cancelled, with its banner.", d.ID, at)
	default:
		return fmt.Sprintf("Its release at %s is called off.", at)
	}
}

// saveOne saves the edit of one product, and says what it has changed.
func saveOne(ctx context.Context, g *globals, term terminal, c *operator.Client, edit inventory.Edit) error {
	done, err := c.Save(ctx, operator.SaveRequest{Edits: []inventory.Edit{edit}})
	if found, ok := errors.AsType[inventory.Problems](err); ok {
		texts := make([]string, len(found))
		for i, p := range found {
			texts[i] = p.Field + " " + p.Text
			if p.Size >= 0 {
				texts[i] = fmt.Sprintf("size %s: %s", edit.Sizes[p.Size].SKU, texts[i])
			}
		}
		return errors.New("nothing was saved:\n" + strings.Join(texts, "\n"))
	}
	if err != nil {
		return err
	}
	warnMissing(term, g, done.Everywhere)
	if g.JSON {
		return term.out.JSON(done.Products[0])
	}
	printSaved(term, done.Products[0])
	if done.Products[0].State == inventory.Draft {
		term.out.Printf("Look at it, as admin: %s/admin/products/%s\n", c.Node.HTTP, done.Products[0].SKU)
	}
	return nil
}

// printSaved says in a line what has become of a product.
func printSaved(term terminal, s inventory.Saved) {
	term.out.Printf("%s %s: %s\n", s.SKU, s.Name, savedWords(s))
}

func savedWords(s inventory.Saved) string {
	if s.Unchanged() {
		return "nothing to change"
	}
	var words []string
	if s.New {
		words = append(words, "new, "+string(s.State))
	}
	for _, c := range s.Changes {
		words = append(words, changeWords(c))
	}
	if len(s.Sizes) > 0 {
		sizes := counted(len(s.Sizes), "new size")
		if s.New {
			sizes = counted(len(s.Sizes), "size")
		}
		words = append(words, sizes)
	}
	return strings.Join(words, ", ")
}

func changeWords(c inventory.FieldChange) string {
	what := c.Field
	if c.Size != "" {
		what = c.Size + " " + strings.ToUpper(c.Field)
	}
	switch {
	case c.Field == "story":
		return "another story"
	case c.Field == "images":
		return "images " + c.Images
	case c.From == "":
		return fmt.Sprintf("%s %s", what, c.To)
	case c.To == "":
		return fmt.Sprintf("no %s, which was %s", what, c.From)
	}
	return fmt.Sprintf("%s %s in place of %s", what, c.To, c.From)
}
