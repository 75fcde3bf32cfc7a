package devices

import (
	"context"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
)

// Listing says which devices a page of the list has, in the order of their names.
type Listing struct {
	Text      string // a part of the name, in upper or lower case; empty: all
	Which     Which
	Connected []ID   // which devices are connected, for WhichConnected and WhichAway
	After     Cursor // only devices behind this position; zero: from the first on
	Limit     int    // 1 to MaxPage
}

// Which devices a [Listing] asks for.
type Which string

// All but WhichRevoked are of devices whose keys are valid.
const (
	WhichValid     Which = ""
	WhichConnected Which = "connected"
	WhichAway      Which = "away"
	WhichRevoked   Which = "revoked"
)

// Cursor is the position of a device in the list.
type Cursor struct {
	Name string `json:"name"`
	ID   ID     `json:"id"`
}

// Listed is a page of the list.
type Listed struct {
	Devices []Device
	Next    Cursor // the After of the next page; zero if this is the last
}

// Page returns a page of the list of devices. The error is ErrBadQuery, or the database's.
func (s *Store) Page(ctx context.Context, l Listing) (page Listed, err error) {
	if l.Limit < 1 || l.Limit > MaxPage || len(l.Text) > maxText {
		return page, ErrBadQuery
	}
	whose := `revoked_at IS NULL`
	switch l.Which {
	case WhichValid:
	case WhichConnected:
		whose += ` AND id = ANY(@connected)`
	case WhichAway:
		whose += ` AND id <> ALL(@connected)`
	case WhichRevoked:
		whose = `revoked_at IS NOT NULL`
	default:
		return page, ErrBadQuery
	}
	rows, _ := s.pool.Query(ctx, `
		SELECT `+deviceColumns+` FROM devices
		WHERE `+whose+` AND strpos(lower(name), lower(@text)) > 0 AND (lower(name), id) > (lower(@name), @id)
		ORDER BY lower(name), id LIMIT @limit`, planned, pgx.NamedArgs{
		"connected": append([]ID{}, l.Connected...), "text": storableText(l.Text), "name": storableText(l.After.Name),
		"id":    l.After.ID,
		"limit": l.Limit + 1,
	})
	page.Devices, err = pgx.CollectRows(rows, s.device)
	if err != nil {
		return Listed{}, fmt.Errorf("list devices: %w", err)
	}
	if len(page.Devices) > l.Limit {
		page.Devices = page.Devices[:l.Limit]
		last := page.Devices[l.Limit-1]
		page.Next = Cursor{last.Name, last.ID}
	}
	return page, nil
}

// storableText makes a text of anybody's one that PostgreSQL takes.
func storableText(text string) string {
	return strings.ReplaceAll(strings.ToValidUTF8(text, "\ufffd"), "\x00", "\ufffd")
}

// Count returns how many devices have a valid key.
func (s *Store) Count(ctx context.Context) (n int, err error) {
	rows, _ := s.pool.Query(ctx, `SELECT count(*) FROM devices WHERE revoked_at IS NULL`)
	if n, err = pgx.CollectExactlyOneRow(rows, pgx.RowTo[int]); err != nil {
		return 0, fmt.Errorf("count devices: %w", err)
	}
	return n, nil
}
