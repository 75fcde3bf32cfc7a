package inventory

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"sneakers23/inventory/picture"
)

// keepPictures is how long a picture is kept that no product shows.
const keepPictures = 30 * 24 * time.Hour

// AddPicture makes a picture of a photo, stores it, and returns its id, which an edit can give to a
// product. A photo that was uploaded before has its picture already. The error is an *picture.Error
// if the photo is no good, picture.ErrBusy, or the database's.
func (s *Server) AddPicture(ctx context.Context, photo []byte) (id string, err error) {
	id = picture.IDOf(photo)
	if there, err := s.store.usePicture(ctx, id); err != nil || there {
		return id, err
	}
	made, err := s.pictures.Make(ctx, photo)
	if err != nil {
		return "", err
	}
	return id, s.store.AddPicture(ctx, made)
}

// usePicture reports whether there is a picture, and keeps it from being deleted for a while.
func (s *Store) usePicture(ctx context.Context, id string) (bool, error) {
	tag, err := s.pool.Exec(ctx, `UPDATE pictures SET used_at = now() WHERE id = $1`, id)
	if err != nil {
		return false, fmt.Errorf("look for picture: %w", err)
	}
	return tag.RowsAffected() > 0, nil
}

// AddPicture stores a picture, unless it is there, and deletes those that are not used any more.
func (s *Store) AddPicture(ctx context.Context, p picture.Picture) error {
	renditions := make([]picture.Rendition, len(p.Renditions))
	for i, r := range p.Renditions {
		renditions[i] = r.Rendition
	}
	err := pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		tag, err := tx.Exec(ctx, `INSERT INTO pictures (id, renditions) VALUES ($1, $2) ON CONFLICT DO NOTHING`,
			p.ID, renditions)
		if err != nil || tag.RowsAffected() == 0 {
			return err
		}
		for _, r := range p.Renditions {
			_, err := tx.Exec(ctx, `INSERT INTO renditions (name, picture_id, bytes) VALUES ($1, $2, $3)`,
				r.Name, p.ID, r.Bytes)
			if err != nil {
				return err
			}
		}
		return sweepPictures(ctx, tx)
	})
	if err != nil {
		return fmt.Errorf("store picture: %w", err)
	}
	return nil
}

// sweepPictures deletes the pictures that no product, no order and not the shop itself shows, and
// none has shown for a while. A call of Save may be giving one to a product at this moment: then
// the next upload sweeps.
func sweepPictures(ctx context.Context, tx pgx.Tx) error {
	var alone bool
	if err := tx.QueryRow(ctx, `SELECT pg_try_advisory_xact_lock(`+editsLock+`)`).Scan(&alone); err != nil || !alone {
		return err
	}
	_, err := tx.Exec(ctx, `
		DELETE FROM pictures p
		WHERE used_at < now() - $1 * interval '1 second'
			AND NOT EXISTS (SELECT FROM products, jsonb_array_elements(images) image WHERE image->>'picture' = p.id)
			AND NOT EXISTS (SELECT FROM shop_settings WHERE logo->>'picture' = p.id)
			AND NOT EXISTS (
				SELECT FROM renditions r JOIN order_lines l ON l.main_image_url = $2 || r.name
				WHERE r.picture_id = p.id AND l.main_image_url LIKE '/images/%'
			)`, keepPictures.Seconds(), ImagePath)
	return err
}

// PicturesNamed finds pictures by their ids or by the names of their renditions, and returns the
// ids of those that there are by these names.
func (s *Store) PicturesNamed(ctx context.Context, names []string) (map[string]string, error) {
	rows, _ := s.pool.Query(ctx, `SELECT id, id FROM pictures WHERE id = ANY ($1)
		UNION ALL SELECT name, min(picture_id) FROM renditions WHERE name = ANY ($1) GROUP BY name`, names)
	found := make(map[string]string)
	var name, id string
	_, err := pgx.ForEachRow(rows, []any{&name, &id}, func() error {
		found[name] = id
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("look for pictures: %w", err)
	}
	return found, nil
}

// Rendition reads the bytes of a rendition. The error is ErrNotFound, or the database's.
func (s *Store) Rendition(ctx context.Context, name string) (data []byte, err error) {
	err = s.pool.QueryRow(ctx, `SELECT bytes FROM renditions WHERE name = $1 LIMIT 1`, name).Scan(&data)
	if errors.Is(err, pgx.ErrNoRows) {
		err = ErrNotFound
	}
	if err != nil {
		return nil, fmt.Errorf("read rendition %s: %w", name, err)
	}
	return data, nil
}
