// Package images serves the images of products out of a bounded memory.
//
// A rendition never changes under its name, so browsers and proxies may keep it for ever, and a
// node reads it from the database once. [Images.Serve] reads those of all products that shoppers
// see before anybody asks for them: when a release draws the crowd, no image costs a query.
package images

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"regexp"
	"strings"
	"sync/atomic"
	"time"

	"github.com/labstack/echo/v4"
	"golang.org/x/sync/singleflight"

	"sneakers23/app/sleep"
	"sneakers23/inventory"
)

// ErrUnavailable says that an image cannot be read at this moment.
var ErrUnavailable = errors.New("images: the image can't be read now")

// Limits of reading. A rendition is at most 1 MiB.
const (
	maxReads   = 4  // from the database at once
	maxUnknown = 2  // of those, for images that no product of the catalog shows
	maxStrange = 64 // requests that may wait for those
	patience   = 5 * time.Second
	pause      = 2 * time.Second // before a failed read is tried again
)

// Config is what Images are made of. All but Log and Also must be set.
type Config struct {
	Catalog  func() *inventory.Catalog
	Read     func(ctx context.Context, name string) ([]byte, error) // inventory.ErrNotFound: there is none
	MaxBytes int                                                    // of images in memory
	Log      *slog.Logger

	// Also reports whether something else than a product shows an image, such as the shop itself.
	// Nil: nothing does.
	Also func(name string) bool
}

// Images serves images. It is a service: see Serve. Its other methods may be called from any
// goroutine.
type Images struct {
	cfg     Config
	memory  *memory
	reading singleflight.Group
	reads   chan struct{} // buffer maxReads: those that read
	unknown chan struct{} // buffer maxUnknown: those that read an image that no product shows
	strange chan struct{} // buffer maxStrange: those, and those that wait for their turn
	known   atomic.Pointer[map[string]bool]
	wake    chan struct{} // buffer 1: a token says that products have changed
	total   atomic.Uint64
}

// New makes Images that have read none.
func New(cfg Config) *Images {
	i := &Images{
		cfg: cfg, memory: newMemory(cfg.MaxBytes), reads: make(chan struct{}, maxReads),
		unknown: make(chan struct{}, maxUnknown), strange: make(chan struct{}, maxStrange), wake: make(chan struct{},
			1),
	}
	i.known.Store(new(map[string]bool))
	return i
}

// String names the service in logs.
func (i *Images) String() string { return "images.Images" }

// Bytes returns how many bytes of images are in memory.
func (i *Images) Bytes() int { return i.memory.bytes() }

// Reads returns how many images were read from the database.
func (i *Images) Reads() uint64 { return i.total.Load() }

// Watch takes note of the images that products show. It is called by the inventory's dispatcher
// alone.
func (i *Images) Watch(_ context.Context, n inventory.Notice) {
	if len(n.Products) == 0 {
		return
	}
	known := make(map[string]bool)
	for p := range n.Catalog.All().Products() {
		for name := range renditions(p) {
			known[name] = true
		}
	}
	i.known.Store(&known)
	select {
	case i.wake <- struct{}{}:
	default: // a token is there already
	}
}

// Serve reads the images that shoppers see whenever products have changed, until ctx ends or the
// memory is full.
func (i *Images) Serve(ctx context.Context) error {
	for {
		select {
		case <-i.wake:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
		for err := i.readAhead(ctx); err != nil; err = i.readAhead(ctx) {
			if err := sleep.For(ctx, pause); err != nil {
				return err
			}
		}
	}
}

// readAhead reads what is not in memory yet. If there is no room, images go that no product shows
// which shoppers see.
func (i *Images) readAhead(ctx context.Context) error {
	if i.memory.full() {
		shown := make(map[string]bool)
		for p := range i.cfg.Catalog().Products() {
			for name := range renditions(p) {
				shown[name] = true
			}
		}
		i.memory.keep(func(name string) bool { return shown[name] })
	}
	for p := range i.cfg.Catalog().Products() {
		for name := range renditions(p) {
			if ctx.Err() != nil || i.memory.full() {
				return nil
			}
			if _, err := i.get(name); err != nil && !errors.Is(err, inventory.ErrNotFound) {
				i.cfg.Log.Debug("image not read ahead, will try again", "image", name, "err", err)
				return err
			}
		}
	}
	return nil
}

// renditions are the names of all renditions of a product's images.
func renditions(p *inventory.Product) func(yield func(string) bool) {
	return func(yield func(string) bool) {
		for _, image := range p.Images {
			for _, r := range image.Renditions {
				if !yield(r.Name) {
					return
				}
			}
		}
	}
}

var pattern = regexp.MustCompile(`^[0-9a-f]{32}\.(jpg|png)$`)

// Show answers with the image of the path's :name. The error is inventory.ErrNotFound or
// ErrUnavailable.
func (i *Images) Show(c echo.Context) error {
	name := c.Param("name")
	if !pattern.MatchString(name) {
		return inventory.ErrNotFound
	}
	data, err := i.find(c.Request().Context(), name)
	if err != nil {
		return err
	}
	h := c.Response().Header()
	h.Set("Cache-Control", "public, max-age=31536000, immutable")
	h.Set("Etag", `"`+name+`"`)
	h.Set("Content-Type", "image/jpeg")
	if strings.HasSuffix(name, ".png") {
		h.Set("Content-Type", "image/png")
	}
	http.ServeContent(c.Response(), c.Request(), "", time.Time{}, bytes.NewReader(data))
	return nil
}

// find returns an image. One that no product of this node's catalog shows may be that of an order
// from long ago, or new on another node. It is looked for as well, but few at a time: a stranger
// who asks for names that there never were must not keep the database busy.
func (i *Images) find(ctx context.Context, name string) ([]byte, error) {
	if data, ok := i.memory.get(name); ok {
		return data, nil
	}
	if (*i.known.Load())[name] || i.cfg.Also != nil && i.cfg.Also(name) {
		return i.get(name)
	}
	select {
	case i.strange <- struct{}{}:
		defer func() { <-i.strange }()
	default:
		return nil, ErrUnavailable
	}
	select {
	case i.unknown <- struct{}{}:
		defer func() { <-i.unknown }()
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	return i.get(name)
}

// get returns an image from memory, or reads it from the database, once for all that want it.
func (i *Images) get(name string) ([]byte, error) {
	data, err, _ := i.reading.Do(name, func() (any, error) {
		if data, ok := i.memory.get(name); ok {
			return data, nil
		}
		// A client that goes away does not end the read: others may wait for it.
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		select {
		case i.reads <- struct{}{}:
			defer func() { <-i.reads }()
		case <-ctx.Done():
			return nil, fmt.Errorf("%w: too many are read already", ErrUnavailable)
		}
		data, err := i.cfg.Read(ctx, name)
		switch {
		case errors.Is(err, inventory.ErrNotFound):
			return nil, err
		case err != nil:
			return nil, fmt.Errorf("%w: %w", ErrUnavailable, err)
		}
		i.total.Add(1)
		i.memory.put(name, data)
		return data, nil
	})
	if err != nil {
		return nil, err
	}
	return data.([]byte), nil
}
