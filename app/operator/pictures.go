package operator

import (
	"context"
	"errors"
	"time"

	"sneakers23/inventory/picture"
)

// PicturesRequest asks for the pictures that go by these names: ids of pictures, or names of
// renditions.
type PicturesRequest struct {
	Names []string `json:"names"`
}

// PicturePart is a part of a photo that is uploaded. The parts come one after the other. With the
// last one the photo becomes a picture.
type PicturePart struct {
	Upload string `json:"upload"` // a name that the client has made up, the same for all parts
	Part   int    `json:"part"`   // from 0 on
	Data   []byte `json:"data"`
	Last   bool   `json:"last,omitempty"`
}

// PictureAdded is the picture that an upload has become; ID is empty while parts are missing.
type PictureAdded struct {
	ID string `json:"id,omitempty"`
}

// RenditionRequest asks for a part of a rendition.
type RenditionRequest struct {
	Name   string `json:"name"`
	Offset int    `json:"offset"`
}

// RenditionPart is a part of a rendition of that many bytes.
type RenditionPart struct {
	Data  []byte `json:"data"`
	Bytes int    `json:"bytes"`
}

// partSize is how many bytes of a photo or of a rendition are in one message. An outside NATS takes
// 1 MiB by default, and JSON makes more of them.
const (
	partSize      = 512 << 10
	firstPartSize = 16 << 10 // of a photo, see [Client.AddPicture]
)

// Limits of uploads, each of which holds a photo in memory.
const (
	maxUploads = 4
	uploadIdle = 5 * time.Minute // after which one may be dropped for another; others may be made meanwhile
)

var (
	errUploads = errors.New("too many photos are uploaded at the same time: try again in a minute")
	errParts   = errors.New("a part of the photo is missing: upload it again")
)

// uploads are the photos whose parts are coming, by their names. NATS gives the parts of all
// clients to one goroutine.
type uploads map[string]*upload

type upload struct {
	photo   []byte
	parts   int
	touched time.Time
}

// add adds a part, and returns the photo when it is whole.
func (u uploads) add(q PicturePart, now time.Time) (photo []byte, err error) {
	at := u[q.Upload]
	switch {
	case q.Part == 0:
		for name, other := range u {
			if now.Sub(other.touched) > uploadIdle {
				delete(u, name)
			}
		}
		if at == nil && len(u) >= maxUploads {
			return nil, errUploads
		}
		at = &upload{}
		u[q.Upload] = at
	case at == nil || at.parts != q.Part:
		delete(u, q.Upload)
		return nil, errParts
	}
	at.photo, at.parts, at.touched = append(at.photo, q.Data...), at.parts+1, now
	if !q.Last && len(at.photo) <= picture.MaxBytes {
		return nil, nil
	}
	delete(u, q.Upload) // one that is too large is refused by who makes the picture
	return at.photo, nil
}

func (o *Operator) addPart(ctx context.Context, q PicturePart) (PictureAdded, error) {
	photo, err := o.uploads.add(q, time.Now())
	if err != nil || photo == nil {
		return PictureAdded{}, err
	}
	id, err := o.AddPicture(ctx, photo)
	return PictureAdded{id}, err
}

// AddPicture makes a picture of a photo, see [inventory.Server.AddPicture].
func (o *Operator) AddPicture(ctx context.Context, photo []byte) (id string, err error) {
	start := time.Now()
	if id, err = o.inventory.AddPicture(ctx, photo); err == nil {
		o.did(ctx, "photo is uploaded", "picture", id, "bytes", len(photo), "took",
			time.Since(start).Round(time.Millisecond))
	}
	return id, err
}

func (o *Operator) pictures(ctx context.Context, q PicturesRequest) (map[string]string, error) {
	return o.store.PicturesNamed(ctx, q.Names)
}

func (o *Operator) rendition(ctx context.Context, q RenditionRequest) (RenditionPart, error) {
	data, err := o.store.Rendition(ctx, q.Name)
	if err != nil {
		return RenditionPart{}, err
	}
	part := data[min(max(0, q.Offset), len(data)):]
	return RenditionPart{part[:min(len(part), partSize)], len(data)}, nil
}
