package products

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"mime/multipart"

	"golang.org/x/sync/semaphore"

	"sneakers23/inventory"
	"sneakers23/inventory/picture"
)

// The photos of forms that are being read are in memory, and may have room for maxReading of the
// largest: for those of two whole forms.
const (
	maxReading = 2 * inventory.MaxImages
	photoRoom  = picture.MaxBytes + 1 // one byte more, by which a photo that is too large is known
)

// formPhotos are the new photos of one form. They are kept until the form is whole, since only then
// is it known how many images the product would have.
type formPhotos struct {
	room  *semaphore.Weighted // bytes that the photos of all forms may have
	kept  []photo
	taken int64 // of the room
	count int   // of the photos in the form, also of those that are not kept
}

// photo is the data of an image, which the form has in that row.
type photo struct {
	row  int
	data []byte
}

// add adds an image behind the others, and keeps its photo. The fields that follow are its text and
// its place. An input without a file sends an empty one. A form with more photos than a product may
// have is refused in the end, so none of them is kept.
func (p *formPhotos) add(f *form, part *multipart.Part) error {
	f.Images = append(f.Images, imageRow{Name: part.FileName()}) // the row is dropped if it gets no picture
	data := bufio.NewReader(part)
	switch _, err := data.Peek(1); {
	case err == io.EOF:
		return nil
	case err != nil:
		return readError(err)
	}
	if p.count++; p.count > inventory.MaxImages {
		p.drop()
		return nil
	}
	if !p.room.TryAcquire(photoRoom) {
		f.wrong("images", part.FileName()+": too many photos are uploaded at this moment; try again in a minute")
		return nil
	}
	p.taken += photoRoom
	read, err := io.ReadAll(io.LimitReader(data, photoRoom))
	if err != nil {
		return readError(err)
	}
	spare := photoRoom - int64(len(read))
	p.room.Release(spare)
	p.taken -= spare
	p.kept = append(p.kept, photo{len(f.Images) - 1, read})
	return nil
}

// drop forgets the photos, and gives their room back.
func (p *formPhotos) drop() {
	p.room.Release(p.taken)
	p.kept, p.taken = nil, 0
}

// addPictures makes pictures of the photos of a form, unless the product would have too many.
func (p *Pages) addPictures(ctx context.Context, f *form, photos *formPhotos) {
	images := photos.count
	for _, row := range f.Images {
		if row.Picture != "" && !row.Remove {
			images++
		}
	}
	if photos.count > 0 && images > inventory.MaxImages {
		f.wrong("images", fmt.Sprintf("they would be %d, of at most %d, so no new one was uploaded: "+
			"choose fewer new photos, or remove others", images, inventory.MaxImages))
		return
	}
	for _, photo := range photos.kept {
		id, err := p.cfg.Desk.AddPicture(ctx, photo.data)
		if err != nil {
			f.wrong("images", f.Images[photo.row].Name+": "+err.Error())
			continue
		}
		f.Images[photo.row].Picture = id
	}
}
