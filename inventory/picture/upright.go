package picture

import (
	"image"

	"golang.org/x/image/draw"
)

// orientation is the value of the EXIF tag of that name: how the pixels have to be turned.
type orientation uint16

// The orientations, by where the first row and the first column of the pixels belong.
const (
	asItIs       orientation = 1 // top, left
	mirrored     orientation = 2 // top, right
	upsideDown   orientation = 3 // bottom, right
	flipped      orientation = 4 // bottom, left
	transposed   orientation = 5 // left, top
	turnedRight  orientation = 6 // right, top
	transversed  orientation = 7 // right, bottom
	turnedLeft   orientation = 8 // left, bottom
	onItsSideMin             = transposed
)

// at returns the pixel of the camera that belongs at x, y of the upright picture, which is w wide
// and h high.
func (o orientation) at(x, y, w, h int) (int, int) {
	switch o {
	case mirrored:
		return w - 1 - x, y
	case upsideDown:
		return w - 1 - x, h - 1 - y
	case flipped:
		return x, h - 1 - y
	case transposed:
		return y, x
	case turnedRight:
		return y, w - 1 - x
	case transversed:
		return h - 1 - y, w - 1 - x
	case turnedLeft:
		return h - 1 - y, x
	}
	return x, y
}

// onItsSide reports whether width and height are to be exchanged.
func (o orientation) onItsSide() bool { return o >= onItsSideMin }

// upright returns the photo turned upright, and at most that wide. It is scaled first and turned
// after that, which is the same and takes less memory.
func (p photo) upright(width int) *image.RGBA {
	size := p.Bounds().Size()
	if p.turn.onItsSide() {
		size.X, size.Y = size.Y, size.X
	}
	w := min(width, size.X)
	h := heightFor(size, w)
	from := image.Rect(0, 0, w, h)
	if p.turn.onItsSide() {
		from = image.Rect(0, 0, h, w)
	}
	small := image.NewRGBA(from)
	draw.CatmullRom.Scale(small, small.Rect, p.Image, p.Bounds(), draw.Src, nil)
	if p.turn == asItIs {
		return small
	}
	turned := image.NewRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			fromX, fromY := p.turn.at(x, y, w, h)
			copy(turned.Pix[turned.PixOffset(x, y):][:4], small.Pix[small.PixOffset(fromX, fromY):][:4])
		}
	}
	return turned
}

// scaled returns the picture in another width.
func scaled(img *image.RGBA, width int) *image.RGBA {
	to := image.NewRGBA(image.Rect(0, 0, width, heightFor(img.Rect.Size(), width)))
	draw.CatmullRom.Scale(to, to.Rect, img, img.Rect, draw.Src, nil)
	return to
}

// heightFor returns the height that goes with a width.
func heightFor(size image.Point, width int) int {
	return max(1, (size.Y*width+size.X/2)/size.X)
}
