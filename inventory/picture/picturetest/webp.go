package picturetest

import (
	"encoding/binary"
	"image/color"
)

// bitWriter writes bits, the lowest first, as lossless WebP does.
type bitWriter struct {
	bytes []byte
	used  int // bits
}

func (b *bitWriter) write(value uint32, bits int) {
	for i := range bits {
		if b.used%8 == 0 {
			b.bytes = append(b.bytes, 0)
		}
		b.bytes[b.used/8] |= byte(value>>i&1) << (b.used % 8)
		b.used++
	}
}

// WebP encodes an image of one color, with EXIF data that says how the camera was held. Go has no
// encoder for it; the format is RFC 9649.
func WebP(w, h int, c color.RGBA, orientation uint16) []byte {
	var b bitWriter
	b.write(0x2f, 8)
	b.write(uint32(w-1), 14)
	b.write(uint32(h-1), 14)
	b.write(0, 1+3)   // no alpha, version
	b.write(0, 1+1+1) // no transform, no color cache, one group of codes
	for _, symbol := range []uint8{c.G, c.R, c.B, c.A} {
		b.write(0b101, 3) // a simple code of one symbol with eight bits, which takes no bits
		b.write(uint32(symbol), 8)
	}
	b.write(0b0001, 4) // the same for distances, of one bit
	size := func(n int) []byte { return binary.LittleEndian.AppendUint32(nil, uint32(n-1))[:3] }
	extended := append(append([]byte{0x08, 0, 0, 0}, size(w)...), size(h)...) // it has EXIF data
	body := []byte("WEBP")
	for _, chunk := range []struct {
		name string
		data []byte
	}{{"VP8X", extended}, {"VP8L", b.bytes}, {"EXIF", exif(orientation, "")}} {
		body = binary.LittleEndian.AppendUint32(append(body, chunk.name...), uint32(len(chunk.data)))
		body = append(body, chunk.data...)
		if len(chunk.data)%2 == 1 {
			body = append(body, 0)
		}
	}
	return append(binary.LittleEndian.AppendUint32([]byte("RIFF"), uint32(len(body))), body...)
}
