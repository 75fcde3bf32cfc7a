package picture

import (
	"bytes"
	"image"
	"image/jpeg"
	"image/png"

	"github.com/bep/imagemeta"
	"golang.org/x/image/webp"
)

// format is a kind of photo, known by its first bytes. The decoders are called by name and none is
// registered: so no other part of the program makes this one read further kinds.
type format struct {
	name   string
	is     func(data []byte) bool
	config func(*bytes.Reader) (image.Config, error)
	decode func(*bytes.Reader) (image.Image, error)
	meta   imagemeta.ImageFormat
}

var formats = []format{
	{
		"JPEG",
		func(b []byte) bool { return bytes.HasPrefix(b, []byte("\xff\xd8\xff")) },
		func(r *bytes.Reader) (image.Config, error) { return jpeg.DecodeConfig(r) },
		func(r *bytes.Reader) (image.Image, error) { return jpeg.Decode(r) },
		imagemeta.JPEG,
	},
	{
		"PNG",
		func(b []byte) bool { return bytes.HasPrefix(b, []byte("\x89PNG\r\n\x1a\n")) },
		func(r *bytes.Reader) (image.Config, error) { return png.DecodeConfig(r) },
		func(r *bytes.Reader) (image.Image, error) { return png.Decode(r) },
		imagemeta.PNG,
	},
	{
		"WebP",
		func(b []byte) bool { return len(b) > 12 && string(b[:4]) == "RIFF" && string(b[8:12]) == "WEBP" },
		func(r *bytes.Reader) (image.Config, error) { return webp.DecodeConfig(r) },
		func(r *bytes.Reader) (image.Image, error) { return webp.Decode(r) },
		imagemeta.WebP,
	},
}

// photo is a decoded photo, as the camera held it.
type photo struct {
	image.Image
	turn orientation
}

// Check finds out what can be wrong with a photo without reading its pixels. The error is an
// *Error.
func Check(data []byte) error {
	_, err := check(data)
	return err
}

// check returns the format of a photo whose size is good.
func check(data []byte) (format, error) {
	if len(data) > MaxBytes {
		return format{}, refuse("the picture is larger than %d MB", MaxBytes>>20)
	}
	for _, f := range formats {
		if f.is(data) {
			return f, f.checkSize(data)
		}
	}
	if len(data) == 0 {
		return format{}, refuse("the picture is empty")
	}
	return format{}, refuse("the file is no picture that can be shown: send a JPEG, PNG or WebP")
}

func (f format) checkSize(data []byte) error {
	size, err := f.config(bytes.NewReader(data))
	switch {
	case err != nil:
		return f.unreadable(err)
	case size.Width < minSide || size.Height < minSide:
		return refuse("the picture has %d × %d pixels, and must have %d × %d at least",
			size.Width, size.Height, minSide, minSide)
	case size.Width > MaxPixels/size.Height:
		return refuse("the picture has %d × %d pixels, of at most %d million: make it smaller",
			size.Width, size.Height, MaxPixels/1_000_000)
	case size.Width > maxAspect*size.Height || size.Height > maxAspect*size.Width:
		return refuse("the picture has %d × %d pixels, and no side may be longer than %d times the other",
			size.Width, size.Height, maxAspect)
	}
	return nil
}

// decode reads a photo. Its size is read and checked before any of its pixels.
func decode(data []byte) (photo, error) {
	f, err := check(data)
	if err != nil {
		return photo{}, err
	}
	img, err := f.decode(bytes.NewReader(data))
	if err != nil {
		return photo{}, f.unreadable(err)
	}
	return photo{img, orientationOf(data, f.meta)}, nil
}

func (f format) unreadable(err error) error {
	return refuse("the %s cannot be read, since it is damaged or moves: %v", f.name, err)
}

// orientationOf returns how the camera was held. A photo whose EXIF data is missing or damaged is
// taken as it is.
func orientationOf(data []byte, as imagemeta.ImageFormat) orientation {
	turn := asItIs
	// An error means that the data is damaged, or that the tag was found.
	_ = imagemeta.Decode(imagemeta.Options{
		R: bytes.NewReader(data), ImageFormat: as, Sources: imagemeta.EXIF,
		Warnf:           func(string, ...any) {},
		ShouldHandleTag: func(tag imagemeta.TagInfo) bool { return tag.Tag == "Orientation" },
		HandleTag: func(tag imagemeta.TagInfo) error {
			if v, ok := tag.Value.(uint16); ok && tag.Namespace == "IFD0" && v >= 1 && v <= 8 {
				turn = orientation(v)
			}
			return imagemeta.ErrStopWalking
		},
	})
	return turn
}
