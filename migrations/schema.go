package migrations

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/pressly/goose/v3"
)

// schema is what a database says of its schema.
type schema struct {
	newest  int64  // the newest applied step
	oldest  int64  // the oldest program that can live with it, by the newest step that it knows
	unknown []Step // that were applied by a newer program, the oldest first
}

// newer is the error of a program that can't live with the schema.
func (s schema) newer() error {
	return fmt.Errorf("%w: it has step %d, for programs that know step %d at least", ErrNewer, s.newest, s.oldest)
}

// lookAt makes [Table] if there is none.
func lookAt(ctx context.Context, p *goose.Provider, db *sql.DB) (s schema, err error) {
	if s.newest, err = p.GetDBVersion(ctx); err != nil {
		return s, err
	}
	s.oldest = s.newest
	var table sql.NullString // that step 8 made; another store may be behind ours in the search path
	err = db.QueryRowContext(ctx,
		`SELECT to_regclass(quote_ident(current_schema()) || '.schema_range')::text`).Scan(&table)
	if err != nil {
		return s, err
	}
	if table.Valid {
		// without the row, or behind a step that was taken back, only the newest program can
		err := db.QueryRowContext(ctx, `SELECT least(oldest, $1) FROM `+table.String, s.newest).Scan(&s.oldest)
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return s, fmt.Errorf("the oldest program that can live with the schema: %w", err)
		}
	}
	if s.newest <= known(p) {
		return s, nil
	}
	rows, err := db.QueryContext(ctx, `SELECT version_id, tstamp FROM `+Table+`
		WHERE version_id > $1 AND is_applied ORDER BY version_id`, known(p))
	if err != nil {
		return s, err
	}
	defer rows.Close()
	for rows.Next() {
		one := Step{Applied: true}
		if err := rows.Scan(&one.Version, &one.AppliedAt); err != nil {
			return s, err
		}
		s.unknown = append(s.unknown, one)
	}
	return s, rows.Err()
}
