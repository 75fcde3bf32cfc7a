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

// upright returns the photo turned upright, at most that wide, and at most maxHeight high. It is
// scaled first and turned after that, which is the same and takes less memory.
func (p photo) upright(width int) *image.RGBA {
	size := p.Bounds().Size()
	if p.turn.onItsSide() {
		size.X, size.Y = size.Y, size.X
	}
	w := min(width, size.X, max(1, size.X*maxHeight/size.Y))
	h := heightFor(size, w)
	from := image.Rect(0, 0, w, h)
	if p.turn.onItsSide() {
		from = image.Rect(0, 0, h, w)
	}
	near := shrunk(p.Image, p.Bounds().Dx()/(2*from.Dx()))
	small := image.NewRGBA(from)
	draw.CatmullRom.Scale(small, small.Rect, near, near.Bounds(), draw.Src, nil)
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

// shrunk returns the image smaller by a whole factor, each pixel the average of a square; the image
// itself for a factor below 2. The better way of scaling takes 32 bytes for each pixel of a buffer
// that is as high as its source: of a large photo, that would be hundreds of megabytes.
func shrunk(img image.Image, factor int) image.Image {
	if factor < 2 {
		return img
	}
	b := img.Bounds()
	small := image.NewRGBA(image.Rect(0, 0, b.Dx()/factor, b.Dy()/factor))
	rows := image.NewRGBA(image.Rect(0, 0, small.Rect.Dx()*factor, factor)) // those of one row of small
	for y := range small.Rect.Dy() {
		draw.Draw(rows, rows.Rect, img, image.Pt(b.Min.X, b.Min.Y+y*factor), draw.Src)
		for x := range small.Rect.Dx() {
			var sum [4]int
			for i := range factor {
				at := rows.PixOffset(x*factor, i)
				for j, v := range rows.Pix[at : at+4*factor] {
					sum[j%4] += int(v)
				}
			}
			for j, v := range sum {
				small.Pix[small.PixOffset(x, y)+j] = uint8((v + factor*factor/2) / (factor * factor))
			}
		}
	}
	return small
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
