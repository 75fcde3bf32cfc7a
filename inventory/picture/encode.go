package picture

import (
	"bytes"
	"image"
	"image/jpeg"
	"image/png"
)

// qualities of a JPEG, the best first. The first that fits into MaxRendition is taken: on photos of
// 1600 pixels that is the first, and the others are for noise.
var qualities = []int{84, 74, 60, 40}

// encode makes a rendition of the picture. If that is too large in every quality, the picture is
// made smaller; the one that fits is returned too.
func encode(img *image.RGBA) (Encoded, *image.RGBA, error) {
	for {
		data, ending, err := encodeWithin(img, MaxRendition)
		if err != nil {
			return Encoded{}, nil, refuse("the picture cannot be written: %v", err)
		}
		if data != nil {
			return Encoded{Rendition{hashOf(data) + ending, img.Rect.Dx(), img.Rect.Dy()}, data}, img, nil
		}
		img = scaled(img, max(1, img.Rect.Dx()*3/4))
	}
}

// encodeWithin returns nothing if the picture takes more bytes than that.
func encodeWithin(img *image.RGBA, most int) (data []byte, ending string, err error) {
	var b bytes.Buffer
	if !img.Opaque() {
		compressing := png.Encoder{CompressionLevel: png.BestCompression}
		if err := compressing.Encode(&b, img); err != nil || b.Len() > most {
			return nil, "", err
		}
		return b.Bytes(), ".png", nil
	}
	for _, quality := range qualities {
		b.Reset()
		if err := jpeg.Encode(&b, img, &jpeg.Options{Quality: quality}); err != nil {
			return nil, "", err
		}
		if b.Len() <= most {
			return b.Bytes(), ".jpg", nil
		}
	}
	return nil, "", nil
}
