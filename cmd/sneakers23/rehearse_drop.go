package main

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"
)

// drop says when the copy of a rehearsal releases which products.
type drop struct {
	usual   time.Duration // after which products are released that the shop has not released
	named   []dropRelease // by --release
	planned []dropRelease // what is not released from the beginning
}

type dropRelease struct {
	sku   string
	after time.Duration
	found bool // the shop has the product
}

// readDrop reads the values of --release.
func readDrop(texts []string, length time.Duration) (d drop, err error) {
	d.usual = length / 3
	for _, text := range texts {
		sku, after, ok := strings.Cut(text, "@")
		r := dropRelease{sku: sku}
		if r.after, err = time.ParseDuration(after); !ok || sku == "" || err != nil {
			return d, fmt.Errorf("--release %q: it should be like SHU6000@30s", text)
		}
		if r.after < 0 || r.after > length {
			return d, fmt.Errorf("--release %q: the time must be from 0s to --for", text)
		}
		if d.find(sku) != nil {
			return d, fmt.Errorf("--release names %s twice", sku)
		}
		d.named = append(d.named, r)
	}
	return d, nil
}

func (d *drop) find(sku string) *dropRelease {
	for i := range d.named {
		if strings.EqualFold(d.named[i].sku, sku) {
			return &d.named[i]
		}
	}
	return nil
}

// begins reports whether a product is released from the beginning. It is called once for each
// product of the shop.
func (d *drop) begins(sku string, really bool) bool {
	after := d.usual
	if r := d.find(sku); r != nil {
		r.found, after = true, r.after
		really = after == 0
	}
	if !really {
		d.planned = append(d.planned, dropRelease{sku: sku, after: after})
	}
	return really
}

// check returns an error if a product was named that the shop does not have.
func (d *drop) check() error {
	for _, r := range d.named {
		if !r.found {
			return fmt.Errorf("--release %s: the shop has no such product; see: sneakers23 products", r.sku)
		}
	}
	return nil
}

// releases are those that happen during the rehearsal, the earliest first.
func (d *drop) releases() []dropRelease {
	return slices.SortedStableFunc(slices.Values(d.planned), func(a, b dropRelease) int {
		return cmp.Compare(a.after, b.after)
	})
}
