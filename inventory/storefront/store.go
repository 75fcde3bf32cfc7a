package storefront

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"sneakers23/inventory"
	"sneakers23/inventory/picture"
)

// Store is the storefront in PostgreSQL. An error of a method means that nothing was saved, unless
// the connection broke or ctx ended in the middle. Methods may be called from any goroutine.
type Store struct{ pool *pgxpool.Pool }

// NewStore makes a store of the tables in this database.
func NewStore(pool *pgxpool.Pool) *Store { return &Store{pool} }

const (
	writtenColumns = `name, zone, url, accent, accent_dark, logo, shipping, returns, banner, banner_ends, revision`

	// A banner that is over is none, also if no node has ended it yet. The clock is read once.
	settings = `SELECT name, zone, url, accent, accent_dark, logo, shipping, returns,
			CASE WHEN ended.over THEN '' ELSE banner END, CASE WHEN ended.over THEN NULL ELSE banner_ends END, revision
		FROM shop_settings, LATERAL (SELECT coalesce(banner_ends <= shop_time(), false)) ended (over)`
	pageColumns = `slug, title, body, revision`
)

// Rows reads everything in one snapshot.
func (s *Store) Rows(ctx context.Context) (rows Rows, err error) {
	snapshot := pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}
	err = pgx.BeginTxFunc(ctx, s.pool, snapshot, func(tx pgx.Tx) (err error) {
		if rows.Settings, err = readSettings(ctx, tx); err != nil {
			return err
		}
		found, _ := tx.Query(ctx, `SELECT `+pageColumns+` FROM shop_pages`)
		rows.Pages, err = pgx.CollectRows(found, scanPage)
		return err
	})
	if err != nil {
		return Rows{}, fmt.Errorf("read storefront: %w", err)
	}
	return rows, nil
}

// Revisions reads the revisions of all rows, by the slug of the page; "" is the settings.
func (s *Store) Revisions(ctx context.Context) (map[Slug]Revision, error) {
	rows, _ := s.pool.Query(ctx, `SELECT '', revision FROM shop_settings
		UNION ALL SELECT slug, revision FROM shop_pages`)
	revisions := make(map[Slug]Revision)
	var (
		slug     Slug
		revision Revision
	)
	_, err := pgx.ForEachRow(rows, []any{&slug, &revision}, func() error {
		revisions[slug] = revision
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read storefront: %w", err)
	}
	return revisions, nil
}

// readSettings returns the row of settings, or one of revision 0 without anything.
func readSettings(ctx context.Context, tx pgx.Tx) (r SettingsRow, err error) {
	rows, _ := tx.Query(ctx, settings)
	r, err = pgx.CollectExactlyOneRow(rows, scanSettings)
	if errors.Is(err, pgx.ErrNoRows) {
		return SettingsRow{}, nil
	}
	return r, err
}

func scanSettings(row pgx.CollectableRow) (r SettingsRow, err error) {
	err = row.Scan(&r.Name, &r.Zone, &r.URL, &r.Accent, &r.AccentDark, &r.Logo, &r.Shipping, &r.Returns, &r.Banner,
		&r.BannerEnds, &r.Revision)
	return r, err
}

func scanPage(row pgx.CollectableRow) (p PageRow, err error) {
	err = row.Scan(&p.Slug, &p.Title, &p.Body, &p.Revision)
	return p, err
}

// begin starts an edit: one at a time, signed by the operator of ctx.
func begin(ctx context.Context, tx pgx.Tx) error {
	_, err := tx.Exec(ctx, `SELECT set_config('sneakers23.actor', $1, true),
		pg_advisory_xact_lock(`+inventory.StorefrontKey+`)`, inventory.Actor(ctx))
	return err
}

// Saved is what has become of an edit.
type Saved struct {
	Settings *SettingsRow `json:"settings,omitempty"` // of an Edit
	Page     *PageRow     `json:"page,omitempty"`     // of a PageEdit
	Changed  []string     `json:"changed"`            // names of what differs from before
}

// Unchanged reports whether nothing was saved, because all was so already.
func (s Saved) Unchanged() bool { return len(s.Changed) == 0 }

// Set changes settings. The error is [Problems], ErrEdited, or the database's.
func (s *Store) Set(ctx context.Context, edit Edit) (saved Saved, err error) {
	err = pgx.BeginTxFunc(ctx, s.pool, pgx.TxOptions{IsoLevel: pgx.ReadCommitted}, func(tx pgx.Tx) error {
		if err := begin(ctx, tx); err != nil {
			return err
		}
		row, err := readSettings(ctx, tx)
		if err != nil {
			return err
		}
		if edit.Seen != nil && *edit.Seen != row.Revision {
			return ErrEdited
		}
		before := row.Settings
		if row.Revision == 0 {
			before = defaults.Settings
		}
		after := edit.over(before)
		problems := after.check(before)
		if edit.Logo != nil && *edit.Logo != before.LogoID() {
			if after.Logo, err = useLogo(ctx, tx, before.LogoID(), *edit.Logo, &problems); err != nil {
				return err
			}
		}
		if err := problems.checkBanner(ctx, tx, edit, before, after); err != nil {
			return err
		}
		if len(problems) > 0 {
			return problems
		}
		saved = Saved{Settings: &SettingsRow{after, row.Revision}, Changed: before.changes(after)}
		if saved.Unchanged() {
			return nil
		}
		return tx.QueryRow(ctx, `
			INSERT INTO shop_settings
				(name, zone, url, accent, accent_dark, logo, shipping, returns, banner, banner_ends)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
			ON CONFLICT (one) DO UPDATE SET
				(name, zone, url, accent, accent_dark, logo, shipping, returns, banner, banner_ends, banner_drop)
				= ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10,
					CASE WHEN $11 THEN shop_settings.banner_drop END)
			RETURNING revision`,
			after.Name, after.Zone, after.URL, after.Accent, after.AccentDark, after.Logo, after.Shipping,
			after.Returns, after.Banner, after.BannerEnds, after.Banner == before.Banner,
		).Scan(&saved.Settings.Revision)
	})
	if err != nil {
		return Saved{}, fmt.Errorf("save settings: %w", err)
	}
	return saved, nil
}

// useLogo returns the logo of a picture, "" for none. It keeps that picture and the one before for
// a month from now on, even if nothing shows them.
func useLogo(ctx context.Context, tx pgx.Tx, before, id string, problems *Problems) (*Logo, error) {
	rows, _ := tx.Query(ctx, `UPDATE pictures SET used_at = now() WHERE id IN ($1, $2) RETURNING id, renditions`,
		before, id)
	var (
		logo       *Logo
		found      string
		renditions []picture.Rendition
	)
	_, err := pgx.ForEachRow(rows, []any{&found, &renditions}, func() error {
		if found == id {
			logo = &Logo{id, renditions}
		}
		return nil
	})
	if err == nil && id != "" && logo == nil {
		problems.fail("logo", "is picture %q, which was not uploaded, or is deleted", clip(id))
	}
	return logo, err
}

// SavePage writes a page, or removes it. The error is [Problems], ErrEdited, ErrNoPage if there is
// none to remove, or the database's.
func (s *Store) SavePage(ctx context.Context, edit PageEdit) (saved Saved, err error) {
	after := edit.tidied()
	if edit.Remove {
		after.Title, after.Body = "", ""
	} else if problems := after.check(); len(problems) > 0 {
		return Saved{}, fmt.Errorf("save page: %w", problems)
	}
	err = pgx.BeginTxFunc(ctx, s.pool, pgx.TxOptions{IsoLevel: pgx.ReadCommitted}, func(tx pgx.Tx) error {
		if err := begin(ctx, tx); err != nil {
			return err
		}
		rows, _ := tx.Query(ctx, `SELECT `+pageColumns+` FROM shop_pages WHERE slug = $1`, after.Slug)
		before, err := pgx.CollectExactlyOneRow(rows, scanPage)
		if err != nil && !errors.Is(err, pgx.ErrNoRows) {
			return err
		}
		switch {
		case edit.Seen != nil && *edit.Seen != before.Revision:
			return ErrEdited
		case edit.Remove && !before.There():
			return ErrNoPage
		}
		saved = Saved{Page: &PageRow{after, before.Revision}}
		if before.Title != after.Title {
			saved.Changed = append(saved.Changed, "title")
		}
		if before.Body != after.Body {
			saved.Changed = append(saved.Changed, "markdown")
		}
		if saved.Unchanged() {
			return nil
		}
		return tx.QueryRow(ctx, `INSERT INTO shop_pages (slug, title, body) VALUES ($1, $2, $3)
			ON CONFLICT (slug) DO UPDATE SET title = $2, body = $3 RETURNING revision`,
			after.Slug, after.Title, after.Body).Scan(&saved.Page.Revision)
	})
	if err != nil {
		return Saved{}, fmt.Errorf("save page: %w", err)
	}
	return saved, nil
}
