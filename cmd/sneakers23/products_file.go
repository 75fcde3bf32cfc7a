package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"sneakers23/app/operator"
	"sneakers23/inventory"
	"sneakers23/inventory/catalogfile"
)

// productsImportCmd reads products from a file.
type productsImportCmd struct {
	File string `arg:"" help:"The file, YAML or JSON; - for the standard input." name:"FILE"`
	Try  bool   `help:"Save nothing, and say what would change."`
	Yes  bool   `help:"Do not ask about live products that get another price, or leave the shop." short:"y"`
}

// Help is shown by products import --help.
func (productsImportCmd) Help() string {
	return `The file holds what "products export" writes. Products that it does not name stay as they are, and so do the
keys of a product that are left out:

  products:
    - sku: VOLT
      brand: Asler
      name: Volt Runner
      color: volt
      price: 99.50
      images:
        - {file: photos/side.jpg, alt: Volt Runner from the left}
      sizes:
        - {sku: VOLT-9, us: 9, eu: 42.5, stock: 50}

Photos are beside the file, or in folders there. The stock is what a new size begins with; a size that is there keeps
its own. No file releases a product.`
}

// importReport is what an import did, as --json prints it.
type importReport struct {
	Tried     bool              `json:"tried,omitempty"` // nothing was saved
	New       int               `json:"new"`
	Changed   int               `json:"changed"`
	Unchanged int               `json:"unchanged"`
	Products  []inventory.Saved `json:"products"` // but for those that are unchanged
	operator.Everywhere
}

// Run is called by kong.
func (i *productsImportCmd) Run(ctx context.Context, g *globals, term terminal) error {
	data, err := readFile(term, i.File, catalogfile.MaxBytes)
	if err != nil {
		return err
	}
	edits, err := catalogfile.Parse(data)
	if err != nil {
		return fmt.Errorf("%s: %w\nnothing was saved", i.File, err)
	}
	c, err := dial(g)
	if err != nil {
		return err
	}
	defer c.Close()
	files := photos{dir: filepath.Dir(i.File)}
	if err := files.resolve(ctx, term, c, edits); err != nil {
		return i.refused(err, data, edits)
	}
	done, err := c.Save(ctx, operator.SaveRequest{
		Edits: edits, Try: true, Photos: slices.Collect(maps.Keys(files.coming)),
	})
	if err != nil {
		return i.refused(err, data, edits)
	}
	if asks := drastic(done.Products); len(asks) > 0 && !i.Try && !i.Yes {
		if err := confirm(term, strings.Join(asks, "\n")); err != nil {
			return err
		}
	}
	if !i.Try {
		if err := files.upload(ctx, term, c); err != nil {
			return err
		}
		for at, s := range done.Products { // the answer was about these
			edits[at].Product, edits[at].Seen, edits[at].New = s.ID, s.Was, s.New
		}
		if done, err = c.Save(ctx, operator.SaveRequest{Edits: edits}); err != nil {
			return i.refused(err, data, edits)
		}
	}
	warnMissing(term, g, done.Everywhere)
	return i.report(g, term, done)
}

// refused says what is wrong with the file, with its lines.
func (i *productsImportCmd) refused(err error, data []byte, edits []inventory.Edit) error {
	found, ok := errors.AsType[inventory.Problems](err)
	if !ok {
		return err
	}
	const most = 20
	var words []string
	for _, e := range catalogfile.Locate(data, edits, found) {
		words = append(words, fmt.Sprintf("%s: %s", i.File, e))
	}
	if more := len(words) - most; more > 0 {
		words = append(words[:most], fmt.Sprintf("and %d more", more))
	}
	return errors.New(strings.Join(append(words, "nothing was saved"), "\n"))
}

// drastic lists what shoppers may not expect of products that they see.
func drastic(saved []inventory.Saved) (asks []string) {
	for _, s := range saved {
		for _, c := range s.Changes {
			switch {
			case c.Field == "state" && c.From == string(inventory.Live):
				asks = append(asks, fmt.Sprintf("%s %s leaves the shop: it becomes %s.", s.SKU, s.Name, c.To))
			case c.Field == "price" && s.State == inventory.Live:
				asks = append(asks, fmt.Sprintf("%s %s costs %s instead of %s.", s.SKU, s.Name, c.To, c.From))
			}
		}
	}
	const most = 10
	if more := len(asks) - most; more > 0 {
		asks = append(asks[:most], fmt.Sprintf("And %d more such changes.", more))
	}
	return asks
}

func (i *productsImportCmd) report(g *globals, term terminal, done operator.Saved) error {
	r := importReport{Tried: i.Try, Products: []inventory.Saved{}, Everywhere: done.Everywhere}
	for _, s := range done.Products {
		switch {
		case s.Unchanged():
			r.Unchanged++
			continue
		case s.New:
			r.New++
		default:
			r.Changed++
		}
		r.Products = append(r.Products, s)
	}
	if g.JSON {
		return term.out.JSON(r)
	}
	for _, s := range r.Products {
		printSaved(term, s)
	}
	end := ""
	if i.Try {
		end = "; nothing was saved, since this was a try"
	}
	term.out.Printf("%s new, %d changed, %d unchanged%s\n", counted(r.New, "product"), r.Changed, r.Unchanged, end)
	return nil
}

// productsExportCmd writes products to a file.
type productsExportCmd struct {
	File  string `arg:"" optional:"" help:"The file. Default: the standard output." name:"FILE"`
	Force bool   `help:"Replace the file if there is one."`

	Images string `help:"Also write the images, into this folder beside the file, for another shop." placeholder:"FOLDER"`
}

// Help is shown by products export --help.
func (productsExportCmd) Help() string {
	return `Writes YAML, or JSON with --json, with all products, also drafts and archived ones. Importing the file
again changes nothing. It holds neither releases nor stock: those are in a backup. Images are in the shop, and the
file names them; --images writes them too.`
}

// Run is called by kong.
func (e *productsExportCmd) Run(ctx context.Context, g *globals, term terminal) error {
	c, err := dial(g)
	if err != nil {
		return err
	}
	defer c.Close()
	all, err := c.Details(ctx)
	if err != nil {
		return err
	}
	if e.Images != "" && (e.File == "" || e.File == "-") {
		return usageError{errors.New("--images needs a FILE, beside which the folder is")}
	}
	if filepath.IsAbs(e.Images) {
		return usageError{errors.New("--images must name a folder beside the file, without a leading /")}
	}
	details := make([]inventory.Details, len(all))
	for i, d := range all {
		details[i] = d.Details
		for j, image := range d.Pictures {
			widest := image.Renditions[len(image.Renditions)-1]
			details[i].Images[j].Picture = path.Join(e.Images, widest.Name)
		}
	}
	as := catalogfile.YAML
	if g.JSON {
		as = catalogfile.JSON
	}
	var b bytes.Buffer
	if err := catalogfile.Write(&b, details, as); err != nil {
		return err
	}
	if e.File == "" || e.File == "-" {
		if raw, ok := term.out.Raw(); ok {
			_, err := raw.Write(b.Bytes())
			return err
		}
		term.out.Lines("", strings.TrimSuffix(b.String(), "\n"))
		return nil
	}
	flags := os.O_WRONLY | os.O_CREATE | os.O_EXCL
	if e.Force {
		flags = os.O_WRONLY | os.O_CREATE | os.O_TRUNC
	}
	f, err := os.OpenFile(e.File, flags, 0o666)
	if errors.Is(err, os.ErrExist) {
		return fmt.Errorf("%s is there already: name another file, or replace it with --force", e.File)
	}
	if err != nil {
		return err
	}
	_, err = f.Write(b.Bytes())
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	term.err.Printf("%s: %s\n", e.File, counted(len(details), "product"))
	if e.Images == "" {
		return nil
	}
	return e.writeImages(ctx, term, c, details)
}

// writeImages writes the images of products into the folder, unless they are there.
func (e *productsExportCmd) writeImages(
	ctx context.Context, term terminal, c *operator.Client, details []inventory.Details,
) error {
	dir := filepath.Dir(e.File)
	written, there := 0, 0
	for _, d := range details {
		for _, image := range d.Images {
			file := filepath.Join(dir, image.Picture)
			if _, err := os.Stat(file); err == nil { // its name is a hash of what is in it
				there++
				continue
			}
			data, err := c.Rendition(ctx, path.Base(image.Picture))
			if err == nil {
				err = os.MkdirAll(filepath.Dir(file), 0o777)
			}
			if err == nil { // whole, or not at all: a file that is there is taken for the image
				err = os.WriteFile(file+".part", data, 0o666)
			}
			if err == nil {
				err = os.Rename(file+".part", file)
			}
			if err != nil {
				return fmt.Errorf("image of %s: %w", d.SKU, err)
			}
			written++
		}
	}
	term.err.Printf("%s: %s written, %d were there\n", filepath.Join(dir, e.Images), counted(written, "image"), there)
	return nil
}
