package shop

import (
	"fmt"
	"strings"

	"sneakers23/inventory"
)

// artView is an image of a product in a page. Its width and height say what shape it has, so that
// nothing moves when it arrives.
type artView struct {
	Src    string
	Srcset string // "" for a drawing, which has one form for all widths
	Sizes  string // how wide the page shows it, "" for a drawing
	Alt    string
	Width  int
	Height int
}

// Photo reports whether the image is one that an operator has uploaded.
func (v artView) Photo() bool { return v.Srcset != "" }

// How wide pages show an image, as the attribute sizes has it. The first one is as wide on the
// shelf as on the product's own page, so that a push that changes something else leaves it alone.
const (
	widthOfFirst = "(min-width: 75rem) 36rem, (min-width: 48rem) 50vw, 100vw"
	widthOfOther = "(min-width: 75rem) 18rem, (min-width: 56rem) 25vw, 50vw"
)

// viewArt returns the image that stands for a product.
func viewArt(p *inventory.Product, imageURL func(string) string) artView {
	if len(p.Images) > 0 {
		return viewImage(p.Images[0], widthOfFirst)
	}
	v := artView{Src: imageURL(p.MainImageURL), Alt: p.Name + " in " + p.Color, Width: 960, Height: 600}
	if v.Src == imageURL("") {
		v.Alt = "No picture yet"
	}
	return v
}

// viewImages returns the other images of a product.
func viewImages(p *inventory.Product) (views []artView) {
	for _, image := range p.Images[min(1, len(p.Images)):] {
		views = append(views, viewImage(image, widthOfOther))
	}
	return views
}

func viewImage(image inventory.Image, sizes string) artView {
	widest := image.Renditions[len(image.Renditions)-1]
	v := artView{
		Src: inventory.ImagePath + image.Renditions[len(image.Renditions)/2].Name, Sizes: sizes, Alt: image.Alt,
		Width: widest.Width, Height: widest.Height,
	}
	sources := make([]string, len(image.Renditions))
	for i, r := range image.Renditions {
		sources[i] = fmt.Sprintf("%s%s %dw", inventory.ImagePath, r.Name, r.Width)
	}
	v.Srcset = strings.Join(sources, ", ")
	return v
}
