package images

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/labstack/echo/v4"

	"sneakers23/inventory"
	"sneakers23/inventory/picture"
)

// name is that of the nth image.
func name(n int) string { return fmt.Sprintf("%032x.jpg", 0xabc0+n) }

// database has images, and counts what is read.
type database struct {
	mu    sync.Mutex
	files map[string][]byte
	reads []string
	err   error
	hold  chan struct{} // if it is set, reads wait for it
}

func newDatabase(n, size int) *database {
	d := &database{files: make(map[string][]byte)}
	for i := range n {
		d.files[name(i)] = slices.Repeat([]byte{byte(i)}, size)
	}
	return d
}

func (d *database) read(ctx context.Context, name string) ([]byte, error) {
	d.mu.Lock()
	d.reads = append(d.reads, name)
	data, ok := d.files[name]
	err, hold := d.err, d.hold
	d.mu.Unlock()
	if hold != nil {
		<-hold
	}
	switch {
	case err != nil:
		return nil, err
	case !ok:
		return nil, inventory.ErrNotFound
	}
	return data, nil
}

func (d *database) fail(err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.err = err
}

func (d *database) count() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return len(d.reads)
}

// catalogOf has a product for each of these images; that of the first is a draft.
func catalogOf(names ...string) *inventory.Catalog {
	var rows inventory.Rows
	for i, name := range names {
		row := inventory.ProductRow{
			ID: inventory.ProductID(i + 1), SKU: "P" + name[:32], Revision: 1, State: inventory.Live,
			Images: []inventory.Image{{Renditions: []picture.Rendition{{Name: name, Width: 480, Height: 300}}}},
		}
		if i == 0 {
			row.State = inventory.Draft
		}
		rows.Products = append(rows.Products, row)
	}
	return inventory.NewCatalog(rows, inventory.DefaultThresholds)
}

func newImages(d *database, c *inventory.Catalog, maxBytes int) *Images {
	i := New(Config{
		Catalog: func() *inventory.Catalog { return c }, Read: d.read, MaxBytes: maxBytes,
		Log: slog.New(slog.DiscardHandler),
	})
	i.Watch(context.Background(), inventory.Notice{Catalog: c, Products: []inventory.ProductID{1}})
	return i
}

// get asks for an image as a browser does.
func get(i *Images, name string, headers ...string) (*http.Response, error) {
	r := httptest.NewRequest(http.MethodGet, inventory.ImagePath+name, http.NoBody)
	for h := 0; h < len(headers); h += 2 {
		r.Header.Set(headers[h], headers[h+1])
	}
	w := httptest.NewRecorder()
	c := echo.New().NewContext(r, w)
	c.SetParamNames("name")
	c.SetParamValues(name)
	err := i.Show(c)
	return w.Result(), err
}

func TestShow(t *testing.T) {
	d := newDatabase(2, 1000)
	i := newImages(d, catalogOf(name(0), name(1)), 1<<20)
	res, err := get(i, name(1))
	if err != nil || res.StatusCode != http.StatusOK || res.ContentLength != 1000 {
		t.Fatalf("got %+v, %v", res, err)
	}
	for header, want := range map[string]string{
		"Content-Type": "image/jpeg", "Cache-Control": "public, max-age=31536000, immutable",
		"Etag": `"` + name(1) + `"`,
	} {
		if got := res.Header.Get(header); got != want {
			t.Errorf("%s is %q, want %q", header, got, want)
		}
	}
	if res, err := get(i, name(1), "If-None-Match", `"`+name(1)+`"`); err != nil ||
		res.StatusCode != http.StatusNotModified {
		t.Errorf("asked for again: %d, %v", res.StatusCode, err)
	}
	if res, err := get(i, name(1), "Range", "bytes=10-19"); err != nil || res.ContentLength != 10 {
		t.Errorf("a part: %d bytes, %v", res.ContentLength, err)
	}
	if _, err := get(i, name(0)); err != nil {
		t.Errorf("that of a draft, which its preview shows: %v", err)
	}
	if n := d.count(); n != 2 {
		t.Errorf("%d reads, want one for each image", n)
	}
	for _, bad := range []string{"", "x", name(1) + "x", "../" + name(1), strings.ToUpper(name(1)), name(1)[1:]} {
		if _, err := get(i, bad); !errors.Is(err, inventory.ErrNotFound) {
			t.Errorf("%q: %v, want ErrNotFound", bad, err)
		}
	}
	if n := d.count(); n != 2 {
		t.Errorf("%d reads after names that no image can have, want 2", n)
	}
	if _, err := get(i, name(9)); !errors.Is(err, inventory.ErrNotFound) {
		t.Errorf("an image that there is not: %v, want ErrNotFound", err)
	}
	d.fail(errors.New("away"))
	if _, err := get(i, name(8)); !errors.Is(err, ErrUnavailable) {
		t.Errorf("without the database: %v, want ErrUnavailable", err)
	}
	if _, err := get(i, name(1)); err != nil {
		t.Errorf("one in memory, without the database: %v", err)
	}
}

// TestReadAhead holds that images are in memory before anybody asks, also when the database was
// away, and that shoppers who come all at once cost one read.
func TestReadAhead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDatabase(4, 1000)
		d.fail(errors.New("away"))
		i := newImages(d, catalogOf(name(0), name(1), name(2)), picture.MaxRendition+10_000)
		ctx, cancel := context.WithCancel(t.Context())
		served := make(chan error)
		go func() { served <- i.Serve(ctx) }()
		synctest.Wait()
		d.fail(nil)
		<-time.After(2 * pause) // passes at once when all wait
		synctest.Wait()
		before := d.count()
		for _, n := range []int{1, 2} {
			if _, err := get(i, name(n)); err != nil {
				t.Error(err)
			}
		}
		if n := d.count() - before; n != 0 || i.Bytes() != 2000 {
			t.Errorf("%d reads for images that are in memory, which has %d bytes", n, i.Bytes())
		}

		d.mu.Lock()
		d.hold = make(chan struct{})
		d.mu.Unlock()
		var crowd sync.WaitGroup
		for range 50 {
			crowd.Go(func() {
				if _, err := get(i, name(0)); err != nil {
					t.Error(err)
				}
			})
		}
		synctest.Wait()
		close(d.hold)
		crowd.Wait()
		if n := d.count() - before; n != 1 {
			t.Errorf("%d reads for a crowd that wants one image, want 1", n)
		}
		cancel()
		if err := <-served; !errors.Is(err, context.Canceled) {
			t.Errorf("ended by %v", err)
		}
	})
}

// TestReadAheadMakesRoom fills the memory with what no product shows that shoppers see.
func TestReadAheadMakesRoom(t *testing.T) {
	d := newDatabase(3, 1000)
	i := newImages(d, catalogOf(name(0), name(1), name(2)), picture.MaxRendition+500)
	if _, err := get(i, name(0)); err != nil { // of the draft
		t.Fatal(err)
	}
	if err := i.readAhead(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, there := i.memory.get(name(1)); !there {
		t.Error("an image of a live product was not read ahead")
	}
	if _, there := i.memory.get(name(0)); there {
		t.Error("the image of a draft has stayed")
	}
}

// TestUnknown holds that names which no product has read the database a few at a time.
func TestUnknown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDatabase(0, 0)
		d.hold = make(chan struct{})
		i := newImages(d, catalogOf(), 1<<20)
		var (
			crowd   sync.WaitGroup
			mu      sync.Mutex
			refused int
		)
		for n := range 200 {
			crowd.Go(func() {
				_, err := get(i, fmt.Sprintf("%032d.png", n))
				if errors.Is(err, ErrUnavailable) {
					mu.Lock()
					refused++
					mu.Unlock()
				} else if !errors.Is(err, inventory.ErrNotFound) {
					t.Error(err)
				}
			})
		}
		synctest.Wait()
		if n := d.count(); n != maxUnknown {
			t.Errorf("%d reads at once, want %d", n, maxUnknown)
		}
		close(d.hold)
		crowd.Wait()
		if refused != 200-maxStrange || d.count() != maxStrange {
			t.Errorf("%d refused and %d read, want %d and %d", refused, d.count(), 200-maxStrange, maxStrange)
		}
	})
}

// TestAlso holds that an image which the shop itself shows, such as its logo, does not wait behind
// those that nothing shows.
func TestAlso(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDatabase(1, 100)
		i := newImages(d, catalogOf(), 1<<20)
		i.cfg.Also = func(image string) bool { return image == name(0) }
		for range maxStrange {
			i.strange <- struct{}{}
		}
		if _, err := get(i, name(0)); err != nil {
			t.Error(err)
		}
		if _, err := get(i, name(1)); !errors.Is(err, ErrUnavailable) {
			t.Errorf("an image that nothing shows: %v", err)
		}
	})
}

// TestMemory holds the bound, and that what was asked for last stays.
func TestMemory(t *testing.T) {
	m := newMemory(3000)
	for n := range 3 {
		m.put(name(n), make([]byte, 1000))
	}
	m.get(name(0))
	m.put(name(3), make([]byte, 1000))
	m.put(name(3), make([]byte, 1000))
	m.put(name(4), make([]byte, 3001))
	for n, want := range []bool{true, false, true, true, false} {
		if _, there := m.get(name(n)); there != want {
			t.Errorf("image %d is there: %t, want %t", n, there, want)
		}
	}
	if m.bytes() != 3000 {
		t.Errorf("%d bytes, want 3000", m.bytes())
	}
}
