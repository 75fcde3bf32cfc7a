// Package picturetest draws photos for tests, good ones and bad ones.
package picturetest

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"math/rand/v2"
)

// Corners are the colors of the quarters that Quarters draws: top left, top right, bottom left,
// bottom right.
var Corners = [4]color.RGBA{{200, 30, 30, 255}, {30, 160, 60, 255}, {30, 60, 200, 255}, {240, 220, 60, 255}}

// Quarters draws an image of four quarters in the colors of Corners.
func Quarters(w, h int) *image.RGBA {
	img := image.NewRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			img.SetRGBA(x, y, Corners[2*min(1, 2*y/h)+min(1, 2*x/w)])
		}
	}
	return img
}

// Noise draws an image of which nothing can be compressed. The same seed draws the same.
func Noise(w, h int, seed uint64) *image.NRGBA {
	img := image.NewNRGBA(image.Rect(0, 0, w, h))
	random := rand.New(rand.NewPCG(seed, seed))
	for i := range img.Pix {
		img.Pix[i] = uint8(random.Uint32())
	}
	return img
}

// JPEG encodes an image.
func JPEG(img image.Image) []byte {
	var b bytes.Buffer
	if err := jpeg.Encode(&b, img, &jpeg.Options{Quality: 90}); err != nil {
		panic(err) // an image of a test is too large
	}
	return b.Bytes()
}

// PNG encodes an image.
func PNG(img image.Image) []byte {
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		panic(err)
	}
	return b.Bytes()
}

// WithEXIF adds EXIF data to a JPEG: how the camera was held, from 1 to 8, and a text that no page
// may hold.
func WithEXIF(jpeg []byte, orientation uint16, secret string) []byte {
	body := append([]byte("Exif\x00\x00"), exif(orientation, secret)...)
	segment := binary.BigEndian.AppendUint16([]byte{0xff, 0xe1}, uint16(len(body)+2))
	segment = append(segment, body...)
	return append(append(append([]byte{}, jpeg[:2]...), segment...), jpeg[2:]...)
}

// exif returns EXIF data, which is a TIFF of two tags.
func exif(orientation uint16, description string) []byte {
	tiff := []byte("MM\x00\x2a\x00\x00\x00\x08\x00\x02")
	entry := func(tag, kind uint16, count int, value []byte) {
		tiff = binary.BigEndian.AppendUint16(tiff, tag)
		tiff = binary.BigEndian.AppendUint16(tiff, kind)
		tiff = binary.BigEndian.AppendUint32(tiff, uint32(count))
		tiff = append(tiff, value...)
	}
	const behind = 8 + 2 + 2*12 + 4 // where the text begins
	entry(0x0112, 3, 1, []byte{0, byte(orientation), 0, 0})
	entry(0x010e, 2, len(description)+1, binary.BigEndian.AppendUint32(nil, behind))
	tiff = append(tiff, 0, 0, 0, 0) // no other directory
	return append(append(tiff, description...), 0)
}

// Bomb returns a PNG of a few bytes that claims to have that many pixels.
func Bomb(w, h uint32) []byte {
	head := binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(nil, w), h)
	head = append(head, 8, 2, 0, 0, 0)
	data := []byte("\x89PNG\r\n\x1a\n")
	for _, chunk := range []struct {
		name string
		data []byte
	}{{"IHDR", head}, {"IDAT", []byte("\x78\x9c\x03\x00\x00\x00\x00\x01")}, {"IEND", nil}} {
		data = binary.BigEndian.AppendUint32(data, uint32(len(chunk.data)))
		named := append([]byte(chunk.name), chunk.data...)
		data = binary.BigEndian.AppendUint32(append(data, named...), crc32.ChecksumIEEE(named))
	}
	return data
}
