package devices

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

const deviceColumns = `id, name, created_at, revoked_at, seen_at, secret_id`

// device scans deviceColumns.
func (s *Store) device(row pgx.CollectableRow) (d Device, err error) {
	var (
		revoked, seen *time.Time
		secret        []byte
	)
	err = row.Scan(&d.ID, &d.Name, &d.Created, &revoked, &seen, &secret)
	d.Revoked, d.Seen, d.Key = orZero(revoked), orZero(seen), s.keys.state(secret)
	return d, err
}

func orZero(t *time.Time) time.Time {
	if t == nil {
		return time.Time{}
	}
	return *t
}

// Add adds a device and returns its key, which can't be read again. The error is ErrBadName,
// ErrNameTaken, or the database's.
func (s *Store) Add(ctx context.Context, name, who string) (d Device, key Key, err error) {
	if !goodName(name) {
		return d, "", ErrBadName
	}
	key = newKey()
	err = pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		if err := actAs(ctx, tx, who); err != nil {
			return err
		}
		rows, _ := tx.Query(ctx, `INSERT INTO devices (name, key_hash, secret_id) VALUES ($1, $2, $3) RETURNING `+
			deviceColumns,
			name, s.keys[0].hash(key), s.keys[0].id[:])
		d, err = pgx.CollectExactlyOneRow(rows, s.device)
		return err
	})
	if pg, ok := errors.AsType[*pgconn.PgError](err); ok && pg.ConstraintName == "devices_name" {
		return d, "", ErrNameTaken
	}
	if err != nil {
		return d, "", fmt.Errorf("add device: %w", err)
	}
	return d, key, nil
}

// List returns all devices by name, revoked ones behind the valid one of the same name.
func (s *Store) List(ctx context.Context) ([]Device, error) {
	rows, _ := s.pool.Query(ctx, `SELECT `+deviceColumns+` FROM devices ORDER BY name, revoked_at IS NOT NULL, id DESC`)
	all, err := pgx.CollectRows(rows, s.device)
	if err != nil {
		return nil, fmt.Errorf("list devices: %w", err)
	}
	return all, nil
}

// Find returns the valid device of that name. The error is ErrNoSuchDevice, ErrRevoked if all
// devices of that name were revoked, or the database's.
func (s *Store) Find(ctx context.Context, name string) (Device, error) {
	rows, _ := s.pool.Query(ctx, `SELECT `+deviceColumns+` FROM devices WHERE name = $1
		ORDER BY revoked_at IS NOT NULL, id DESC LIMIT 1`, planned, storableName(name))
	d, err := pgx.CollectExactlyOneRow(rows, s.device)
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return d, ErrNoSuchDevice
	case err != nil:
		return d, fmt.Errorf("find device: %w", err)
	case !d.Revoked.IsZero():
		return d, ErrRevoked
	}
	return d, nil
}

// storableName keeps names that no device can have from PostgreSQL, which refuses some of them.
func storableName(name string) string {
	if !goodName(name) {
		return ""
	}
	return name
}

// Get returns the valid device of that id. The error is ErrNoSuchDevice, ErrRevoked, with which the
// device is returned too, or the database's.
func (s *Store) Get(ctx context.Context, id ID) (Device, error) {
	rows, _ := s.pool.Query(ctx, `SELECT `+deviceColumns+` FROM devices WHERE id = $1`, id)
	d, err := pgx.CollectExactlyOneRow(rows, s.device)
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return d, ErrNoSuchDevice
	case err != nil:
		return d, fmt.Errorf("get device: %w", err)
	case !d.Revoked.IsZero():
		return d, ErrRevoked
	}
	return d, nil
}

// Revoke ends the validity of a device's key for good. Nodes close its connections, see [Sweep].
// The errors are those of Get.
func (s *Store) Revoke(ctx context.Context, id ID, who string) (d Device, err error) {
	err = pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		if err := actAs(ctx, tx, who); err != nil {
			return err
		}
		rows, _ := tx.Query(ctx, `UPDATE devices SET revoked_at = clock_timestamp() WHERE id = $1 AND revoked_at IS NULL
			RETURNING `+deviceColumns, id)
		d, err = pgx.CollectExactlyOneRow(rows, s.device)
		return err
	})
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return s.Get(ctx, id) // tells why
	case err != nil:
		return d, fmt.Errorf("revoke device: %w", err)
	}
	return d, nil
}

// Verify returns the device that has the key. The error is ErrUnknownKey, ErrRevoked, or the
// database's. A key that is stored under an older secret is stored under the first one then.
func (s *Store) Verify(ctx context.Context, key Key) (Device, error) {
	rows, _ := s.pool.Query(ctx, `SELECT `+deviceColumns+` FROM devices WHERE key_hash = ANY($1)`, planned,
		s.keys.hashes(key))
	d, err := pgx.CollectExactlyOneRow(rows, s.device)
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return Device{}, ErrUnknownKey
	case err != nil:
		return Device{}, fmt.Errorf("verify device: %w", err)
	case !d.Revoked.IsZero():
		return d, ErrRevoked
	}
	if d.Key == KeyOlder {
		if err := s.rekey(ctx, d.ID, key); err != nil {
			s.log.Warn("the key of a device stays under an older secret, the next verification tries again",
				"device", d.Name, "err", err)
			return d, nil
		}
		d.Key = KeyCurrent
	}
	return d, nil
}

func (s *Store) rekey(ctx context.Context, id ID, key Key) error {
	_, err := s.pool.Exec(ctx, `UPDATE devices SET key_hash = $2, secret_id = $3 WHERE id = $1`,
		id, s.keys[0].hash(key), s.keys[0].id[:])
	return err
}

// Saw notes that these devices are connected. A node calls it for all of its devices at once, about
// every 30 s. A row that another transaction has locked is left for the next call.
func (s *Store) Saw(ctx context.Context, ids []ID) error {
	_, err := s.pool.Exec(ctx, `
		UPDATE devices SET seen_at = greatest(seen_at, clock_timestamp())
		WHERE id IN (SELECT id FROM devices WHERE id = ANY($1) ORDER BY id
			FOR NO KEY UPDATE SKIP LOCKED)`, planned, ids)
	if err != nil {
		return fmt.Errorf("note devices that are connected: %w", err)
	}
	return nil
}
