package states

import (
	"context"
	"image"
	"image/color"
	"math"
	"sync"

	"golang.org/x/image/draw"
	"golang.org/x/image/vector"

	"sneakers23/inventory"
	"sneakers23/inventory/picture"
	"sneakers23/inventory/picture/picturetest"
)

// shot is how a shoe is photographed: before which wall, from how near, and held at which angle.
type shot struct {
	w, h       int
	wall, body color.RGBA
	scale      float64 // of the shoe, by the width of the photo
	angle      float64 // in degrees
	alt        string
}

var shots = []shot{
	{1200, 825, color.RGBA{222, 214, 200, 255}, color.RGBA{36, 92, 84, 255}, 0.8, 0,
		"From the left, before a light wall"},
	{600, 900, color.RGBA{70, 76, 84, 255}, color.RGBA{224, 122, 64, 255}, 0.85, -18, "Lifted at the heel"},
	{720, 720, color.RGBA{236, 200, 150, 255}, color.RGBA{36, 92, 84, 255}, 1.3, 12, "The toe, from near"},
	{750, 500, color.RGBA{150, 180, 200, 255}, color.RGBA{240, 240, 236, 255}, 0.7, 0, "In white"},
	{800, 450, color.RGBA{110, 114, 122, 255}, color.RGBA{36, 92, 84, 255}, 0.5, 4, "On the street"},
	{600, 600, color.RGBA{245, 245, 245, 255}, color.RGBA{30, 30, 34, 255}, 0.85, 0, "In black"},
}

// photos are pictures of the shots with their bytes by name. They are made once, when a state
// first wants one.
var photos = sync.OnceValues(func() ([]inventory.Image, map[string][]byte) {
	var taken []inventory.Image
	files := make(map[string][]byte)
	for i, s := range shots {
		made, err := picture.Make(picturetest.JPEG(s.draw()))
		if err != nil {
			panic(err) // a shot is drawn wrongly
		}
		taken = append(taken, inventory.Image{Picture: made.ID, Alt: s.alt})
		for _, r := range made.Renditions {
			taken[i].Renditions = append(taken[i].Renditions, r.Rendition)
			files[r.Name] = r.Bytes
		}
	}
	return taken, files
})

// readPhoto reads a rendition.
func readPhoto(_ context.Context, name string) ([]byte, error) {
	_, files := photos()
	if data, ok := files[name]; ok {
		return data, nil
	}
	for _, r := range logo().Renditions {
		if r.Name == name {
			return r.Bytes, nil
		}
	}
	return nil, inventory.ErrNotFound
}

// photographed gives a product so many photos, the second one first if it is the only one.
func (s *stock) photographed(id inventory.ProductID, n int) *stock {
	taken, _ := photos()
	if n == 1 {
		taken = taken[1:]
	}
	return s.changed(id, func(p *inventory.ProductRow) { p.Images = taken[:n] })
}

// draw draws a shoe: the upper, the sole, and a stripe.
func (s shot) draw() image.Image {
	img := image.NewRGBA(image.Rect(0, 0, s.w, s.h))
	for y := range s.h {
		shade := 1 - 0.35*float64(y)/float64(s.h)
		line := color.RGBA{dim(s.wall.R, shade), dim(s.wall.G, shade), dim(s.wall.B, shade), 255}
		for x := range s.w {
			img.SetRGBA(x, y, line)
		}
	}
	s.fill(img, color.RGBA{0, 0, 0, 60}, [][]float64{
		{0.02, 0.72}, {0.3, 0.68, 0.8, 0.68, 1, 0.72}, {0.8, 0.79, 0.2, 0.79, 0.02, 0.72},
	})
	s.fill(img, s.body, [][]float64{
		{0.06, 0.62}, {0.04, 0.5, 0.03, 0.36, 0.07, 0.24}, {0.12, 0.2, 0.2, 0.26, 0.26, 0.25},
		{0.32, 0.24, 0.36, 0.18, 0.42, 0.2}, {0.52, 0.36, 0.62, 0.45, 0.78, 0.48},
		{0.92, 0.5, 0.99, 0.55, 0.98, 0.63}, {0.7, 0.65, 0.3, 0.65, 0.06, 0.62},
	})
	light := color.RGBA{245, 243, 238, 255}
	s.fill(img, light, [][]float64{
		{0.05, 0.62}, {0.3, 0.66, 0.7, 0.66, 0.99, 0.62}, {1, 0.68, 0.98, 0.71, 0.95, 0.72},
		{0.7, 0.73, 0.3, 0.73, 0.07, 0.72}, {0.04, 0.7, 0.04, 0.66, 0.05, 0.62},
	})
	s.fill(img, light, [][]float64{
		{0.3, 0.56}, {0.4, 0.5, 0.5, 0.42, 0.55, 0.42}, {0.5, 0.5, 0.44, 0.56, 0.38, 0.6}, {0.36, 0.6, 0.32, 0.58, 0.3,
			0.56},
	})
	return img
}

// dim returns a part of a color darkened.
func dim(part uint8, by float64) uint8 { return uint8(float64(part) * by) }

// fill fills a path of cubic curves, whose points are in widths of the shoe.
func (s shot) fill(img *image.RGBA, c color.RGBA, path [][]float64) {
	sin, cos := math.Sincos(s.angle * math.Pi / 180)
	at := func(p []float64) (float32, float32) {
		x, y := p[0]-0.5, p[1]-0.48
		size := s.scale * float64(s.w)
		return float32(float64(s.w)/2 + size*(x*cos-y*sin)), float32(float64(s.h)/2 + size*(x*sin+y*cos))
	}
	r := vector.NewRasterizer(s.w, s.h)
	r.MoveTo(at(path[0]))
	for _, curve := range path[1:] {
		bx, by := at(curve[:2])
		cx, cy := at(curve[2:4])
		dx, dy := at(curve[4:])
		r.CubeTo(bx, by, cx, cy, dx, dy)
	}
	r.ClosePath()
	r.DrawOp = draw.Over
	r.Draw(img, img.Rect, image.NewUniform(c), image.Point{})
}
