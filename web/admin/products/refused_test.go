package products

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/labstack/echo/v4"

	"sneakers23/app/waittest"
	"sneakers23/inventory"
	"sneakers23/inventory/picture"
)

// TestManyPhotosAtOnce sends a photo while forms are read that have as many bytes of photos as may
// be: it is refused, and its text is not lost. A form without a photo is saved.
func TestManyPhotosAtOnce(t *testing.T) {
	catalog, d := shop(), &desk{saved: inventory.Saved{SKU: "SHU6000"}}
	p := newPages(t, d, catalog)
	const others = maxReading*photoRoom - picture.MaxBytes // one byte too many
	if !p.room.TryAcquire(others) {
		t.Fatal("photos are in memory before any form came")
	}
	w := visit(t, p.Save, post(t, filled(catalog, nil, "photo", file{"x.jpg", "x"}, "alt", "My text")...), "SHU6000")
	for _, words := range []string{"x.jpg: too many photos", `value="My text"`} {
		if w.Code != http.StatusUnprocessableEntity || len(d.photos) > 0 || !strings.Contains(w.Body.String(), words) {
			t.Errorf("status %d, no %q in\n%s", w.Code, words, w.Body)
		}
	}
	w = visit(t, p.Save, post(t, filled(catalog, nil, "photo", file{"", ""}, "alt", "")...), "SHU6000")
	if w.Code != http.StatusSeeOther {
		t.Errorf("a form without a photo has status %d:\n%s", w.Code, w.Body)
	}
	p.room.Release(others)
	p.isEmpty(t)
}

// TestFormOfTheLargestPhotos sends as many photos as a product may have, each as large as a photo
// may be.
func TestFormOfTheLargestPhotos(t *testing.T) {
	d := new(desk)
	p := newPages(t, d, shop())
	fields := []any{"name", "Volt", "sku", "VOLT"}
	for i := range inventory.MaxImages {
		photo := strings.Repeat(fmt.Sprint(i), picture.MaxBytes)
		fields = append(fields, "photo", file{fmt.Sprint(i, ".jpg"), photo}, "alt", fmt.Sprint("text ", i))
	}
	w := visit(t, p.Create, post(t, fields...), "")
	if len(d.photos) != inventory.MaxImages {
		t.Errorf("%d photos are taken, status %d:\n%s", len(d.photos), w.Code, w.Body)
	}
	p.isEmpty(t)
}

// isEmpty sees that no photo is in memory any more.
func (p *Pages) isEmpty(t *testing.T) {
	t.Helper()
	if !p.room.TryAcquire(maxReading * photoRoom) {
		t.Error("the room of some photos was not given back")
		return
	}
	p.room.Release(maxReading * photoRoom)
}

// newPhotos are the fields of n photos.
func newPhotos(n int) (fields []any) {
	for i := range n {
		fields = append(fields, "photo", file{fmt.Sprint(i, ".jpg"), fmt.Sprint(i)}, "alt", fmt.Sprint("text ", i))
	}
	return fields
}

// TestMorePhotosThanFit sends forms with more photos than a product may have: they are refused
// before any photo is decoded, and say what to do.
func TestMorePhotosThanFit(t *testing.T) {
	catalog := shop() // its product has two photos
	for name, test := range map[string]struct {
		changes map[string]string
		photos  int
		says    string // "" if the form is saved
	}{
		"as many as fit":        {nil, 4, ""},
		"one more":              {nil, 5, "they would be 7, of at most 6, so no new one was uploaded: choose fewer"},
		"in place of one":       {map[string]string{"remove": "1"}, 5, ""},
		"twice as many":         {nil, 12, "they would be 14, of at most 6"},
		"as many as a form has": {nil, 200, "they would be 202, of at most 6"},
	} {
		d := &desk{saved: inventory.Saved{SKU: "SHU6000"}}
		p := newPages(t, d, catalog)
		w := visit(t, p.Save, post(t, filled(catalog, test.changes, newPhotos(test.photos)...)...), "SHU6000")
		switch saved := w.Code == http.StatusSeeOther; {
		case saved != (test.says == "") || saved && len(d.photos) != test.photos:
			t.Errorf("%s: status %d with %d photos decoded:\n%s", name, w.Code, len(d.photos), w.Body)
		case !saved && (len(d.photos) > 0 || len(d.edits) > 0 || !strings.Contains(w.Body.String(), test.says) ||
			!strings.Contains(w.Body.String(), `value="text 0"`)):
			t.Errorf("%s: %d photos decoded, saved %+v, want none, and %q in\n%s", name, len(d.photos), d.edits,
				test.says, w.Body)
		}
		p.isEmpty(t)
	}
}

// slowDesk makes no picture before it is opened.
type slowDesk struct {
	desk
	asked, opened chan struct{}
}

func (d *slowDesk) AddPicture(context.Context, []byte) (string, error) {
	d.asked <- struct{}{}
	<-d.opened
	return "new", nil
}

// TestFormsOfACrowd sends 200 forms with a photo at once: no more photos are in memory than have
// room there, and the other forms are refused at once.
func TestFormsOfACrowd(t *testing.T) {
	catalog := shop()
	const crowd, size = 200, 512 << 10
	d := &slowDesk{asked: make(chan struct{}, crowd), opened: make(chan struct{})}
	p := newPages(t, d, catalog)
	form := post(t, filled(catalog, nil, "photo", file{"x.jpg", strings.Repeat("x", size)}, "alt", "x")...)
	body, err := io.ReadAll(form.Body)
	if err != nil {
		t.Fatal(err)
	}
	answers := make(chan int, crowd) // buffer: no form waits for another
	for range crowd {
		go func() {
			r := form.Clone(t.Context())
			r.Body = io.NopCloser(bytes.NewReader(body))
			f, err := p.read(r, nil)
			if err != nil {
				t.Error(err)
			}
			answers <- len(f.Wrong)
		}()
	}
	waittest.Until(t, "all forms are refused or have their photos in memory", func() bool {
		return len(d.asked)+len(answers) == crowd
	})
	kept := len(d.asked)
	t.Logf("%d of %d photos are in memory", kept, crowd)
	if kept == 0 || kept*size > maxReading*photoRoom {
		t.Errorf("%d photos are in memory, want some, and no more than %d bytes", kept, maxReading*photoRoom)
	}
	close(d.opened)
	refused := 0
	for range crowd {
		refused += waittest.Receive(t, "an answer", answers)
	}
	if refused != crowd-kept {
		t.Errorf("%d forms are refused, want those %d whose photos had no room", refused, crowd-kept)
	}
	p.isEmpty(t)
}

// TestBadBodies holds that a body which no form of ours sends harms nothing.
func TestBadBodies(t *testing.T) {
	p := newPages(t, &desk{}, shop())
	many := []any{}
	for range maxParts + 1 {
		many = append(many, "us", "9")
	}
	cut := post(t, "name", "x", "photo", file{"x.jpg", "x"}, "photo", file{"y.jpg", strings.Repeat("y", 5000)})
	body := new(bytes.Buffer)
	_, _ = body.ReadFrom(cut.Body)
	short := httptest.NewRequest(http.MethodPost, "/", bytes.NewReader(body.Bytes()[:body.Len()-1000]))
	short.Header = cut.Header
	large := post(t, "name", strings.Repeat("x", 1000))
	large.Body = http.MaxBytesReader(httptest.NewRecorder(), large.Body, 500)
	for name, r := range map[string]*http.Request{
		"no form":      httptest.NewRequest(http.MethodPost, "/", strings.NewReader("name=x")),
		"cut off":      short,
		"many parts":   post(t, many...),
		"a long field": post(t, "name", strings.Repeat("x", maxText+1)),
		"too large":    large,
	} {
		err := p.Create(echo.New().NewContext(r, httptest.NewRecorder()))
		p.isEmpty(t)
		_, tooLarge := errors.AsType[*http.MaxBytesError](err)
		if !errors.Is(err, ErrForm) && !tooLarge || tooLarge != (name == "too large") {
			t.Errorf("%s: %v", name, err)
		}
	}
	// fields of rows without a row, and names that no form has
	d := &desk{saved: inventory.Saved{SKU: "X"}}
	visit(t, newPages(t, d, shop()).Create, post(t, "us", "9", "alt", "x", "remove", "yes", "else", "x", "price", "1"),
		"")
	if len(d.edits) != 1 || len(d.edits[0].Sizes) != 0 || len(*d.edits[0].Images) != 0 {
		t.Errorf("saved %+v", d.edits)
	}
}
