package devices

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
)

// Report keeps what a device reports of its variables. The last value holds. A wanted value is no
// longer wanted when that very type and value is reported. The error is ErrRevoked,
// ErrNoSuchDevice, ErrTooManyVariables, what Variable.Check returns, or the database's; then
// nothing was kept.
func (s *Store) Report(ctx context.Context, id ID, variables []Variable) error {
	columns, err := columnsOf(variables)
	if err != nil {
		return err
	}
	return s.change(ctx, "report variables", id, func(b *pgx.Batch) {
		b.Queue(`
			INSERT INTO device_variables (device_id, name, type, value)
			SELECT $1, * FROM unnest($2::text[], $3::text[], $4::text[])
			ON CONFLICT (device_id, name) DO UPDATE
			SET type = excluded.type, value = excluded.value, reported_at = excluded.reported_at`,
			id, columns.names, columns.types, columns.values)
		b.Queue(`
			DELETE FROM device_wants w USING unnest($2::text[], $3::text[], $4::text[]) r (name, type, value)
			WHERE w.device_id = $1 AND w.name = r.name AND w.type = r.type AND w.value = r.value`,
			id, columns.names, columns.types, columns.values)
	})
}

// Want keeps what an admin wants these variables of a device to be, until the device reports it. A
// later want replaces an earlier one, and each has a new revision. who is the admin. The errors are
// those of Report.
func (s *Store) Want(ctx context.Context, id ID, variables []Variable, who string) error {
	columns, err := columnsOf(variables)
	if err != nil {
		return err
	}
	return s.change(ctx, "want variables", id, func(b *pgx.Batch) {
		b.Queue(`DELETE FROM device_wants WHERE device_id = $1 AND name = ANY($2)`, id, columns.names)
		b.Queue(`
			INSERT INTO device_wants (device_id, name, type, value, who)
			SELECT $1, *, $5 FROM unnest($2::text[], $3::text[], $4::text[])`,
			id, columns.names, columns.types, columns.values, who)
	})
}

// Unwant withdraws what an admin wants of a variable. A connection that was sent the value may have
// it all the same. The error is ErrNotWanted if nothing is wanted of it, ErrRevoked,
// ErrNoSuchDevice, or the database's.
func (s *Store) Unwant(ctx context.Context, id ID, name, who string) error {
	withdrawn := 0
	err := s.change(ctx, "withdraw a change", id, func(b *pgx.Batch) {
		b.Queue(`
			WITH gone AS (DELETE FROM device_wants WHERE device_id = $1 AND name = $2 RETURNING name), told AS (
				INSERT INTO events (kind, subject, why, who)
				SELECT 'device_unset', d.name, gone.name, $3 FROM gone, devices d WHERE d.id = $1
			)
			SELECT count(*) FROM gone`, id, storableName(name), who).
			QueryRow(func(row pgx.Row) error { return row.Scan(&withdrawn) })
	})
	if err == nil && withdrawn == 0 {
		return ErrNotWanted
	}
	return err
}

// change makes a change to the variables of a device in one transaction. It locks the device's row
// first: changes of one device come one after the other, whatever rows they touch, so none waits
// for another in a circle.
func (s *Store) change(ctx context.Context, what string, id ID, queue func(*pgx.Batch)) error {
	err := pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		var (
			revoked *time.Time
			count   int
			b       pgx.Batch
		)
		b.Queue(`SELECT revoked_at FROM devices WHERE id = $1 FOR NO KEY UPDATE`, id).QueryRow(func(row pgx.Row) error {
			return row.Scan(&revoked)
		})
		queue(&b)
		b.Queue(`
			SELECT count(*) FROM (SELECT name FROM device_variables WHERE device_id = $1
				UNION SELECT name FROM device_wants WHERE device_id = $1) all_names`, id).
			QueryRow(func(row pgx.Row) error { return row.Scan(&count) })
		err := tx.SendBatch(ctx, &b).Close()
		switch {
		case errors.Is(err, pgx.ErrNoRows):
			return ErrNoSuchDevice
		case err != nil:
			return err
		case revoked != nil:
			return ErrRevoked
		case count > MaxVariables:
			return ErrTooManyVariables
		}
		return nil
	})
	switch {
	case errors.Is(err, ErrNoSuchDevice), errors.Is(err, ErrRevoked), errors.Is(err, ErrTooManyVariables):
		return err
	case err != nil:
		return fmt.Errorf("%s of device %d: %w", what, id, err)
	}
	return nil
}

// columns are variables as PostgreSQL's unnest takes them.
type columns struct{ names, types, values []string }

// columnsOf checks the variables; of several with one name the last holds.
func columnsOf(variables []Variable) (c columns, err error) {
	for _, v := range lastOfEach(variables) {
		if v, err = v.Check(); err != nil {
			return c, err
		}
		c.names = append(c.names, v.Name)
		c.types = append(c.types, v.Type)
		c.values = append(c.values, string(v.Value))
	}
	return c, nil
}

// Wanted returns what an admin wants of a device and the device has not reported yet, by name: what
// is sent to each connection of it when it is verified.
func (s *Store) Wanted(ctx context.Context, id ID) ([]Variable, error) {
	rows, _ := s.pool.Query(ctx, `SELECT name, type, value FROM device_wants WHERE device_id = $1 ORDER BY name`,
		planned, id)
	wanted, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (v Variable, err error) {
		var value string
		err = row.Scan(&v.Name, &v.Type, &value)
		v.Value = []byte(value)
		return v, err
	})
	if err != nil {
		return nil, fmt.Errorf("read what is wanted of device %d: %w", id, err)
	}
	return wanted, nil
}

// Variables returns all variables of a device by name: what it has reported beside what is wanted.
func (s *Store) Variables(ctx context.Context, id ID) ([]VariableState, error) {
	rows, _ := s.pool.Query(ctx, `
		SELECT name, r.type, r.value, r.reported_at, w.type, w.value,
			coalesce(w.revision, 0), w.wanted_at, coalesce(w.who, '')
		FROM (SELECT * FROM device_variables WHERE device_id = $1) r
			FULL JOIN (SELECT * FROM device_wants WHERE device_id = $1) w USING (name)
		ORDER BY name`, planned, id)
	states, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (v VariableState, err error) {
		var (
			reportedType, reported, wantedType, wanted *string
			at, since                                  *time.Time
		)
		err = row.Scan(&v.Name, &reportedType, &reported, &at, &wantedType, &wanted, &v.Revision, &since, &v.Who)
		v.Reported, v.At = variableOf(v.Name, reportedType, reported), orZero(at)
		v.Wanted, v.Since = variableOf(v.Name, wantedType, wanted), orZero(since)
		return v, err
	})
	if err != nil {
		return nil, fmt.Errorf("read variables of device %d: %w", id, err)
	}
	return states, nil
}

// variableOf makes a variable of columns that are both NULL if there is none.
func variableOf(name string, kind, value *string) *Variable {
	if kind == nil || value == nil {
		return nil
	}
	return &Variable{Name: name, Type: *kind, Value: []byte(*value)}
}
