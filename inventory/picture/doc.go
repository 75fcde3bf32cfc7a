// Package picture makes what pages show out of the photos that operators upload.
//
// A photo is decoded, turned upright as its EXIF data says, scaled to at most three widths, and
// encoded again, as JPEG, or as PNG if a part of it is transparent. The original is not kept, and
// nothing of its EXIF data is: neither the place where it was taken nor the camera. A file that is
// not a JPEG, PNG or WebP by its first bytes is refused, whatever its name says.
//
// [Make] needs up to 500 MB of memory for the largest photos while it works, most of it for the
// decoded photo. So a node makes one picture at a time, see [Maker].
package picture
