package main

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"sneakers23/app/operator"
	"sneakers23/inventory"
	"sneakers23/inventory/picture"
)

// productsImageCmd edits the images of a product.
type productsImageCmd struct {
	Add    imageAddCmd    `cmd:"" help:"Upload a photo, and show it behind the other images."`
	List   imageListCmd   `cmd:"" help:"List the images in their order."`
	Move   imageMoveCmd   `cmd:"" help:"Give an image another place."`
	Alt    imageAltCmd    `cmd:"" help:"Write another text for those who do not see the image."`
	Remove imageRemoveCmd `cmd:"" help:"Show an image no more."`
}

// Help is shown by products image --help.
func (productsImageCmd) Help() string {
	return fmt.Sprintf(`A product has at most %d images; lists show the first. A photo is a JPEG, PNG or WebP of at most %d MB and
%d million pixels. It is turned upright and made smaller, and what the camera wrote into it is dropped, like the place
where it was taken. For example:

  sneakers23 products image add VOLT side.jpg --alt "Volt Runner from the left"
  sneakers23 products image move VOLT 3 1`,
		inventory.MaxImages, picture.MaxBytes>>20, picture.MaxPixels/1_000_000)
}

// imageArg names the product whose images are edited.
type imageArg struct {
	Product string `arg:"" help:"SKU or id of the product." name:"SKU|ID" predictor:"product"`
}

// place is the number of an image, from 1 on.
type place struct {
	Number int `arg:"" help:"Number of the image in the list, from 1 on." name:"NUMBER"`
}

// edit saves the images of the product as change wants them. The product must be as it was when it
// was looked at.
func (a *imageArg) edit(
	ctx context.Context, g *globals, term terminal,
	change func(*operator.Client, []inventory.ImageDetails) ([]inventory.ImageDetails, error),
) error {
	c, err := dial(g)
	if err != nil {
		return err
	}
	defer c.Close()
	there, err := detailsOf(ctx, c, a.Product)
	if err != nil {
		return err
	}
	images, err := change(c, slices.Clone(there.Images))
	if err != nil {
		return err
	}
	edit := inventory.Edit{Product: there.ID, Seen: there.Version, Images: &images}
	if err := saveOne(ctx, g, term, c, edit); err != nil || g.JSON {
		return err
	}
	printImages(term, images)
	return nil
}

// check reports whether there is an image of that number.
func (p place) check(images []inventory.ImageDetails) error {
	switch {
	case len(images) == 0:
		return errors.New("the product has no images")
	case p.Number < 1 || p.Number > len(images):
		return usageError{fmt.Errorf("there is no image %d: the product has %d", p.Number, len(images))}
	}
	return nil
}

func printImages(term terminal, images []inventory.ImageDetails) {
	if len(images) == 0 {
		term.out.Println("It has no images.")
		return
	}
	table := term.out.Table()
	table.Row("NUMBER", "PICTURE", "TEXT")
	for i, image := range images {
		table.Row(i+1, fmt.Sprintf("%.8s", image.Picture), image.Alt)
	}
	table.Print()
}

// imageAddCmd uploads a photo.
type imageAddCmd struct {
	imageArg
	File  string `arg:"" help:"The photo; - for the standard input." name:"FILE"`
	Alt   string `required:"" help:"What the photo shows, for those who do not see it." placeholder:"TEXT"`
	First bool   `help:"Show it before the other images."`
}

// Run is called by kong.
func (a *imageAddCmd) Run(ctx context.Context, g *globals, term terminal) error {
	photo, err := readPhoto(term, a.File)
	if err != nil {
		return err
	}
	return a.edit(ctx, g, term, func(c *operator.Client, images []inventory.ImageDetails) ([]inventory.ImageDetails,
		error) {
		if len(images) >= inventory.MaxImages {
			return nil, fmt.Errorf("the product has %d images, which is the most: remove one first", len(images))
		}
		id, err := c.AddPicture(ctx, photo)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", a.File, err)
		}
		at := len(images)
		if a.First {
			at = 0
		}
		return slices.Insert(images, at, inventory.ImageDetails{Picture: id, Alt: a.Alt}), nil
	})
}

// readPhoto reads a photo, and finds out whether it can be one.
func readPhoto(term terminal, file string) ([]byte, error) {
	photo, err := readFile(term, file, picture.MaxBytes)
	if err != nil {
		return nil, err
	}
	if err := picture.Check(photo); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return photo, nil
}

// imageListCmd lists images.
type imageListCmd struct{ imageArg }

// Run is called by kong.
func (l *imageListCmd) Run(ctx context.Context, g *globals, term terminal) error {
	c, err := dial(g)
	if err != nil {
		return err
	}
	defer c.Close()
	d, err := detailsOf(ctx, c, l.Product)
	if err != nil {
		return err
	}
	if g.JSON {
		if d.Pictures == nil {
			d.Pictures = []inventory.Image{}
		}
		return term.out.JSON(d.Pictures)
	}
	printImages(term, d.Images)
	return nil
}

// imageMoveCmd moves an image.
type imageMoveCmd struct {
	imageArg
	place
	To int `arg:"" help:"Number that it gets." name:"TO"`
}

// Run is called by kong.
func (m *imageMoveCmd) Run(ctx context.Context, g *globals, term terminal) error {
	return m.edit(ctx, g, term, func(_ *operator.Client, images []inventory.ImageDetails) ([]inventory.ImageDetails,
		error) {
		if err := errors.Join(m.check(images), place{m.To}.check(images)); err != nil {
			return nil, err
		}
		moved := images[m.Number-1]
		return slices.Insert(slices.Delete(images, m.Number-1, m.Number), m.To-1, moved), nil
	})
}

// imageAltCmd writes the text of an image.
type imageAltCmd struct {
	imageArg
	place
	Text string `arg:"" help:"What the image shows." name:"TEXT"`
}

// Run is called by kong.
func (a *imageAltCmd) Run(ctx context.Context, g *globals, term terminal) error {
	return a.edit(ctx, g, term, func(_ *operator.Client, images []inventory.ImageDetails) ([]inventory.ImageDetails,
		error) {
		if err := a.check(images); err != nil {
			return nil, err
		}
		images[a.Number-1].Alt = a.Text
		return images, nil
	})
}

// imageRemoveCmd removes an image.
type imageRemoveCmd struct {
	imageArg
	place
}

// Run is called by kong.
func (r *imageRemoveCmd) Run(ctx context.Context, g *globals, term terminal) error {
	var removed inventory.ImageDetails
	err := r.edit(ctx, g, term, func(_ *operator.Client, images []inventory.ImageDetails) ([]inventory.ImageDetails,
		error) {
		if err := r.check(images); err != nil {
			return nil, err
		}
		removed = images[r.Number-1]
		return slices.Delete(images, r.Number-1, r.Number), nil
	})
	if err == nil && !g.JSON {
		term.out.Printf("To take it back within a month, upload the same file again, or import a file of products that names %s.\n",
			removed.Picture)
	}
	return err
}
