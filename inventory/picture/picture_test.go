package picture

import (
	"bytes"
	"context"
	"errors"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"slices"
	"strings"
	"testing"

	"sneakers23/app/waittest"
	"sneakers23/inventory/picture/picturetest"
)

func TestMakeWidths(t *testing.T) {
	for _, test := range []struct {
		w, h int
		want []image.Point
	}{
		{1700, 600, []image.Point{{480, 170}, {960, 339}, {1600, 565}}},
		{1000, 400, []image.Point{{480, 192}, {960, 384}, {1000, 400}}},
		{481, 300, []image.Point{{480, 299}, {481, 300}}},
		{480, 300, []image.Point{{480, 300}}},
		{100, 300, []image.Point{{100, 300}}},
	} {
		p, err := Make(picturetest.JPEG(picturetest.Quarters(test.w, test.h)))
		if err != nil {
			t.Errorf("%d × %d: %v", test.w, test.h, err)
			continue
		}
		var got []image.Point
		for _, r := range p.Renditions {
			got = append(got, image.Pt(r.Width, r.Height))
			img, err := jpeg.Decode(bytes.NewReader(r.Bytes))
			if err != nil {
				t.Errorf("%d × %d, %s: %v", test.w, test.h, r.Name, err)
			} else if size := img.Bounds().Size(); size != got[len(got)-1] {
				t.Errorf("%d × %d, %s has %v, says %v", test.w, test.h, r.Name, size, got[len(got)-1])
			}
			if r.Name != hashOf(r.Bytes)+".jpg" {
				t.Errorf("%s is not the hash of its bytes", r.Name)
			}
		}
		if !slices.Equal(got, test.want) {
			t.Errorf("%d × %d gives %v, want %v", test.w, test.h, got, test.want)
		}
	}
}

// near reports whether two colors are the same but for what JPEG changes.
func near(a, b color.Color) bool {
	far := func(x, y uint32) bool { return max(x, y)-min(x, y) > 0x1800 }
	r1, g1, b1, a1 := a.RGBA()
	r2, g2, b2, a2 := b.RGBA()
	return !far(r1, r2) && !far(g1, g2) && !far(b1, b2) && !far(a1, a2)
}

// TestMakeTurnsUpright holds what each orientation of EXIF means: where the four corners of the
// camera's pixels belong.
func TestMakeTurnsUpright(t *testing.T) {
	const w, h = 240, 160
	plain := picturetest.JPEG(picturetest.Quarters(w, h))
	for orientation, corners := range map[uint16][4]int{ // top left, top right, bottom left, bottom right
		1: {0, 1, 2, 3}, 2: {1, 0, 3, 2}, 3: {3, 2, 1, 0}, 4: {2, 3, 0, 1},
		5: {0, 2, 1, 3}, 6: {2, 0, 3, 1}, 7: {3, 1, 2, 0}, 8: {1, 3, 0, 2},
	} {
		p, err := Make(picturetest.WithEXIF(plain, orientation, "50.1109 N, 8.6821 E"))
		if err != nil {
			t.Fatalf("orientation %d: %v", orientation, err)
		}
		widest := p.Renditions[len(p.Renditions)-1]
		img, err := jpeg.Decode(bytes.NewReader(widest.Bytes))
		if err != nil {
			t.Fatal(err)
		}
		size := img.Bounds().Size()
		want := image.Pt(w, h)
		if orientation >= 5 {
			want = image.Pt(h, w)
		}
		if size != want {
			t.Errorf("orientation %d: %v, want %v", orientation, size, want)
		}
		for i, corner := range corners {
			x, y := size.X/4+size.X/2*(i%2), size.Y/4+size.Y/2*(i/2)
			if got := img.At(x, y); !near(got, picturetest.Corners[corner]) {
				t.Errorf("orientation %d: corner %d is %v, want %v", orientation, i, got, picturetest.Corners[corner])
			}
		}
		if bytes.Contains(widest.Bytes, []byte("50.1109")) || bytes.Contains(widest.Bytes, []byte("Exif")) {
			t.Errorf("orientation %d: the picture still says where it was taken", orientation)
		}
	}
}

func TestMakeOfWebP(t *testing.T) {
	p, err := Make(picturetest.WebP(500, 300, picturetest.Corners[0], 6))
	if err != nil {
		t.Fatal(err)
	}
	if len(p.Renditions) != 1 || p.Renditions[0].Width != 300 || p.Renditions[0].Height != 500 {
		t.Fatalf("renditions %+v, want one of 300 × 500", p.Renditions)
	}
	img, err := jpeg.Decode(bytes.NewReader(p.Renditions[0].Bytes))
	if err != nil {
		t.Fatal(err)
	}
	if got := img.At(150, 250); !near(got, picturetest.Corners[0]) {
		t.Errorf("the middle is %v, want %v", got, picturetest.Corners[0])
	}
}

func TestMakeKeepsTransparency(t *testing.T) {
	img := image.NewNRGBA(image.Rect(0, 0, 500, 300))
	for y := 100; y < 200; y++ {
		for x := 100; x < 400; x++ {
			img.SetNRGBA(x, y, color.NRGBA{200, 30, 30, 255})
		}
	}
	p, err := Make(picturetest.PNG(img))
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range p.Renditions {
		got, err := png.Decode(bytes.NewReader(r.Bytes))
		if err != nil || !strings.HasSuffix(r.Name, ".png") {
			t.Fatalf("%s: %v", r.Name, err)
		}
		if _, _, _, alpha := got.At(5, 5).RGBA(); alpha != 0 {
			t.Errorf("%s: the corner has alpha %d, want none", r.Name, alpha)
		}
		if middle := got.At(r.Width/2, r.Height/2); !near(middle, color.NRGBA{200, 30, 30, 255}) {
			t.Errorf("%s: the middle is %v", r.Name, middle)
		}
	}
}

// TestMakeFits holds the limit on renditions with what cannot be compressed.
func TestMakeFits(t *testing.T) {
	noise := picturetest.Noise(620, 460, 1) // as PNG it takes 1.1 MB
	opaque := image.NewRGBA(noise.Rect)
	for i := range opaque.Pix {
		opaque.Pix[i] = noise.Pix[i] | uint8(255*(i%4/3)) // alpha is the last of four
	}
	for name, data := range map[string][]byte{"png": picturetest.PNG(noise), "jpg": picturetest.PNG(opaque)} {
		p, err := Make(data)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if name == "png" && p.Renditions[len(p.Renditions)-1].Width == noise.Rect.Dx() {
			t.Error("the photo fits as it is, and proves nothing")
		}
		for i, r := range p.Renditions {
			if len(r.Bytes) > MaxRendition || !strings.HasSuffix(r.Name, name) {
				t.Errorf("%s is %d bytes, of at most %d, want .%s", r.Name, len(r.Bytes), MaxRendition, name)
			}
			if i > 0 && r.Width <= p.Renditions[i-1].Width {
				t.Errorf("%s: %d wide after %d", name, r.Width, p.Renditions[i-1].Width)
			}
		}
	}
}

// TestEncodeWithin holds a limit that noise meets in no good quality.
func TestEncodeWithin(t *testing.T) {
	noise := picturetest.Noise(200, 200, 3)
	for i := 3; i < len(noise.Pix); i += 4 {
		noise.Pix[i] = 255
	}
	img := &image.RGBA{Pix: noise.Pix, Stride: noise.Stride, Rect: noise.Rect}
	best, _, err := encodeWithin(img, 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	for _, most := range []int{len(best) - 1, len(best) / 2, 100} {
		if data, _, err := encodeWithin(img, most); err != nil || len(data) > most || most > 100 && data == nil {
			t.Errorf("%d bytes, %v; want at most %d", len(data), err, most)
		}
	}
}

func TestMakeRefuses(t *testing.T) {
	plain := picturetest.JPEG(picturetest.Quarters(300, 200))
	for name, test := range map[string]struct {
		data []byte
		want string
	}{
		"nothing": {nil, "empty"},
		"text":    {[]byte("a picture of a shoe"), "no picture that can be shown"},
		"HTML":    {[]byte("<!doctype html><script>alert(1)</script>"), "no picture that can be shown"},
		"SVG": {[]byte(`<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>`),
			"no picture that can be shown"},
		"GIF":             {[]byte("GIF89a\x01\x00\x01\x00\x00\x00\x00;"), "no picture that can be shown"},
		"TIFF":            {[]byte("II*\x00\x08\x00\x00\x00"), "no picture that can be shown"},
		"HTML as JPEG":    {[]byte("\xff\xd8\xff<script>alert(1)</script>"), "JPEG cannot be read"},
		"cut off":         {plain[:len(plain)/2], "JPEG cannot be read"},
		"PNG of nothing":  {[]byte("\x89PNG\r\n\x1a\n"), "PNG cannot be read"},
		"WebP of nothing": {[]byte("RIFF\x00\x00\x00\x00WEBPVP8 "), "WebP cannot be read"},
		"bomb":            {picturetest.Bomb(60_000, 60_000), "of at most 40 million"},
		"bomb of a line":  {picturetest.Bomb(1<<31-1, 101), "of at most 40 million"},
		"small bomb":      {picturetest.Bomb(6000, 2000), "PNG cannot be read"},
		"tiny":            {picturetest.JPEG(picturetest.Quarters(99, 300)), "100 × 100 at least"},
		"ribbon":          {picturetest.JPEG(picturetest.Quarters(1000, 300)), "no side may be longer than 3 times"},
		"large":           {make([]byte, MaxBytes+1), "larger than 10 MB"},
	} {
		p, err := Make(test.data)
		if _, own := errors.AsType[*Error](err); !own || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v, want an *Error with %q", name, err, test.want)
		}
		if len(p.Renditions) > 0 {
			t.Errorf("%s is a picture", name)
		}
	}
}

// TestMakeIsClean feeds a photo with a web page behind its end: the page is gone.
func TestMakeIsClean(t *testing.T) {
	data := append(picturetest.JPEG(picturetest.Quarters(300, 200)), "<script>alert(1)</script>"...)
	p, err := Make(data)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range p.Renditions {
		if bytes.Contains(r.Bytes, []byte("<script>")) {
			t.Errorf("%s holds the page that came with the photo", r.Name)
		}
	}
}

func TestMakerOneAtATime(t *testing.T) {
	m := NewMaker()
	m.turn <- struct{}{} // one is being made
	ctx, cancel := context.WithCancel(t.Context())
	photo := picturetest.JPEG(picturetest.Quarters(120, 120))
	done := make(chan error, maxWaiting+1) // buffer: no goroutine waits for another
	for range maxWaiting {
		go func() {
			_, err := m.Make(ctx, photo)
			done <- err
		}()
	}
	cancel()
	for range maxWaiting {
		if err := <-done; !errors.Is(err, context.Canceled) {
			t.Errorf("error %v of one that waits for its turn, want that of its context", err)
		}
	}
	<-m.turn
	if _, err := m.Make(t.Context(), photo); err != nil {
		t.Errorf("a free maker: %v", err)
	}
	for range maxWaiting {
		m.waiting <- struct{}{}
	}
	if _, err := m.Make(t.Context(), photo); !errors.Is(err, ErrBusy) {
		t.Errorf("error %v beside %d that wait, want ErrBusy", err, maxWaiting)
	}
}

// TestMakerOfACrowd asks for 200 pictures at once: none is made while another one is, and no more
// photos wait than may be. All others are refused at once.
func TestMakerOfACrowd(t *testing.T) {
	m, photo := NewMaker(), picturetest.JPEG(picturetest.Quarters(120, 120))
	m.turn <- struct{}{} // one is being made
	const crowd = 200
	answers := make(chan error, crowd) // buffer: no goroutine waits for another
	for range crowd {
		go func() {
			_, err := m.Make(t.Context(), photo)
			answers <- err
		}()
	}
	for range crowd - maxWaiting {
		if err := waittest.Receive(t, "a refusal", answers); !errors.Is(err, ErrBusy) {
			t.Errorf("beside one that is made: %v, want ErrBusy", err)
		}
	}
	if len(answers) > 0 {
		t.Error("a picture was made beside another one")
	}
	<-m.turn
	for range maxWaiting {
		if err := waittest.Receive(t, "a picture", answers); err != nil {
			t.Errorf("one that waits for its turn: %v", err)
		}
	}
}

func FuzzMake(f *testing.F) {
	f.Add(picturetest.WithEXIF(picturetest.JPEG(picturetest.Quarters(120, 100)), 6, "x"))
	f.Add(picturetest.PNG(picturetest.Noise(100, 100, 2)))
	f.Add(picturetest.WebP(120, 100, picturetest.Corners[0], 6))
	f.Add(picturetest.Bomb(500, 500))
	f.Add([]byte("RIFF\x00\x00\x00\x00WEBPVP8L"))
	f.Fuzz(func(t *testing.T, data []byte) {
		p, err := Make(data)
		if _, own := errors.AsType[*Error](err); err != nil && !own {
			t.Fatalf("error %v is for no people", err)
		}
		for _, r := range p.Renditions {
			if len(r.Bytes) > MaxRendition || r.Width < 1 || r.Width > Widths[len(Widths)-1] {
				t.Fatalf("%s has %d bytes and is %d wide", r.Name, len(r.Bytes), r.Width)
			}
		}
	})
}
