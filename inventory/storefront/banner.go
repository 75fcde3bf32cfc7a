package storefront

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

// overBanner returns settings with what the edit makes of their banner.
func (e Edit) overBanner(s Settings) Settings {
	if e.Banner != nil {
		if text := strings.TrimSpace(*e.Banner); text != s.Banner {
			s.Banner, s.BannerEnds = text, nil
		}
	}
	if e.BannerEnds != nil {
		s.BannerEnds = e.BannerEnds
	}
	if s.Banner == "" || s.BannerEnds != nil && s.BannerEnds.IsZero() {
		s.BannerEnds = nil
	}
	return s
}

// sameEnd compares two ends of a banner.
func sameEnd(a, b *time.Time) bool { return a == b || a != nil && b != nil && a.Equal(*b) }

// checkBanner notes what is wrong with the end of a banner that replaces another one. An end must
// be in the future by the database's clock.
func (p *Problems) checkBanner(ctx context.Context, tx pgx.Tx, edit Edit, before, after Settings) error {
	if edit.BannerEnds != nil && !edit.BannerEnds.IsZero() && after.Banner == "" {
		p.fail("banner_ends", "is the end of a banner, and there is none")
	}
	if after.BannerEnds == nil || sameEnd(before.BannerEnds, after.BannerEnds) {
		return nil
	}
	var over bool
	err := tx.QueryRow(ctx, `SELECT $1 <= shop_time()`, after.BannerEnds).Scan(&over)
	if err == nil && over {
		p.fail("banner_ends", "is in the past, by the clock of the database")
	}
	return err
}

// EndBanner takes the banner away if its end has come by the database's clock, and returns the
// settings after that: nil if it did not. left is then how soon to ask again, 0 if the banner has
// no end. The row keeps the drop that has brought the banner, so that another end of the drop
// brings it back.
func (s *Store) EndBanner(ctx context.Context) (ended *SettingsRow, left time.Duration, err error) {
	var seconds float64
	err = s.pool.QueryRow(ctx, `SELECT extract(epoch FROM banner_ends - shop_time())::float8 FROM shop_settings
		WHERE banner <> '' AND banner_ends IS NOT NULL`).Scan(&seconds)
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return nil, 0, nil
	case err == nil && seconds > 0:
		const most = 3600 // a duration has room for 292 years, and a banner may last longer
		return nil, time.Duration(min(seconds, most)*float64(time.Second)) + time.Millisecond, nil
	case err == nil:
		ended, err = s.endBanner(ctx)
	}
	if err != nil {
		return nil, 0, fmt.Errorf("end banner: %w", err)
	}
	if ended == nil { // another node was faster: a comparison finds what it has written
		left = time.Millisecond
	}
	return ended, left, nil
}

// endBanner is an edit like any other: one that has read the row before must not write the banner
// back.
func (s *Store) endBanner(ctx context.Context) (ended *SettingsRow, err error) {
	err = pgx.BeginTxFunc(ctx, s.pool, pgx.TxOptions{IsoLevel: pgx.ReadCommitted}, func(tx pgx.Tx) error {
		if err := begin(ctx, tx); err != nil {
			return err
		}
		rows, _ := tx.Query(ctx, `UPDATE shop_settings SET banner = '', banner_ends = NULL
			WHERE banner <> '' AND banner_ends <= shop_time() RETURNING `+writtenColumns)
		row, err := pgx.CollectExactlyOneRow(rows, scanSettings)
		if errors.Is(err, pgx.ErrNoRows) {
			return nil
		}
		ended = &row
		return err
	})
	return ended, err
}

// endBanner ends the banner if its time has come. Every node does so; the database lets one of them
// do it. left is how soon to ask again, 0 if the banner has no end.
func (s *Server) endBanner(ctx context.Context) (left time.Duration, err error) {
	row, left, err := s.cfg.Store.EndBanner(ctx)
	if err == nil && row != nil {
		c := Change{Settings: row}
		s.replace([]Change{c}, isNewer)
		s.announce(c)
	}
	return left, err
}

// Reread takes settings that another service of this node has written, announces them to the other
// nodes, and returns their mark. If it fails, all nodes find them by comparing.
func (s *Server) Reread(ctx context.Context) (Mark, error) {
	if _, err := s.heal(ctx); err != nil {
		return Mark{}, err
	}
	row := s.Look().Settings()
	s.announce(Change{Settings: &row}) // also if this node has found them by comparing: the others have not
	return Mark{Revision: row.Revision}, nil
}
