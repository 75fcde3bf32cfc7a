package main

import (
	"context"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"sneakers23/app/operator"
	"sneakers23/inventory"
	"sneakers23/inventory/picture"
)

// photos are the files that a file of products names.
type photos struct {
	dir string // that relative names are relative to
	// coming are the photos that are not in the shop yet, by the ids of their pictures, as files.
	coming map[string]string
}

// resolve puts the ids of pictures in the place of the names of files. A name may be that of a
// rendition, as an export writes it, or an id; else it is the name of a file with a photo.
//
// The error is inventory.Problems if photos are missing or no good.
func (p *photos) resolve(ctx context.Context, term terminal, c *operator.Client, edits []inventory.Edit) error {
	var names []string
	for _, e := range edits {
		for _, image := range imagesOf(e) {
			names = append(names, filepath.Base(image.Picture))
		}
	}
	if len(names) == 0 {
		return nil
	}
	there, err := c.Pictures(ctx, names...)
	if err != nil {
		return err
	}
	var found inventory.Problems
	p.coming = make(map[string]string)
	for i, e := range edits {
		for j := range imagesOf(e) {
			image := &(*e.Images)[j]
			if id, ok := there[filepath.Base(image.Picture)]; ok {
				image.Picture = id
				continue
			}
			file := image.Picture
			if !filepath.IsAbs(file) {
				file = filepath.Join(p.dir, file)
			}
			photo, err := readPhoto(term, file)
			if err != nil {
				found = append(found, inventory.Problem{
					Edit: i, Size: -1, Field: "images", Text: fmt.Sprintf("%d: %v", j+1, err),
				})
				continue
			}
			image.Picture = picture.IDOf(photo)
			p.coming[image.Picture] = file
		}
	}
	if len(found) > 0 {
		return found
	}
	there, err = c.Pictures(ctx, slices.Collect(maps.Keys(p.coming))...)
	for id := range there {
		delete(p.coming, id)
	}
	return err
}

func imagesOf(e inventory.Edit) []inventory.ImageDetails {
	if e.Images == nil {
		return nil
	}
	return *e.Images
}

// upload uploads the photos that are not in the shop yet.
func (p *photos) upload(ctx context.Context, term terminal, c *operator.Client) error {
	ids := slices.SortedFunc(maps.Keys(p.coming), func(a, b string) int {
		return strings.Compare(p.coming[a], p.coming[b])
	})
	for i, id := range ids {
		term.err.Printf("photo %d of %d: %s\n", i+1, len(ids), p.coming[id])
		photo, err := readPhoto(term, p.coming[id])
		if err == nil {
			_, err = c.AddPicture(ctx, photo)
		}
		if err != nil {
			return fmt.Errorf("%s: %w\nno product was saved", p.coming[id], err)
		}
	}
	return nil
}
