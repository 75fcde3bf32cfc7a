package checkout

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"strings"
)

// OrderNumber is what people call an order by: 40 bits in Crockford's base32, like K7QF-2M9D. It is
// made of the order's id by a hash, opens nothing, and does not lead back to the id, so it may be
// read out and logged. Two orders may share one: among 100,000 orders that happens once in about
// 200 shops.
type OrderNumber string

const (
	numberLetters = "0123456789ABCDEFGHJKMNPQRSTVWXYZ" // without I, L, O and U, which are misread
	numberPurpose = "sneakers23 order number "
	numberBytes   = 5 // of the hash
	numberLength  = numberBytes * 8 / 5
)

// Number returns the order's number.
func (id OrderID) Number() OrderNumber {
	hash := sha256.Sum256([]byte(numberPurpose + string(id)))
	return numberOf(hash[:numberBytes])
}

func numberOf(raw []byte) OrderNumber {
	bits := binary.BigEndian.Uint64(append(make([]byte, 8-numberBytes), raw...))
	var letters [numberLength]byte
	for i := range letters {
		letters[numberLength-1-i] = numberLetters[bits>>(5*i)&31]
	}
	return OrderNumber(letters[:numberLength/2]) + "-" + OrderNumber(letters[numberLength/2:])
}

// misread are letters that people write for others.
var misread = strings.NewReplacer("-", "", " ", "", "O", "0", "I", "1", "L", "1")

// ParseOrderNumber reads a number as people write it: in any case, with or without the dash, O for
// 0, I and L for 1. It is not ok if the text can be no number.
func ParseOrderNumber(text string) (n OrderNumber, ok bool) {
	letters := misread.Replace(strings.ToUpper(text))
	if len(letters) != numberLength || strings.Trim(letters, numberLetters) != "" {
		return "", false
	}
	return OrderNumber(letters[:numberLength/2] + "-" + letters[numberLength/2:]), true
}

// raw returns the bytes of the hash that the number shows.
func (n OrderNumber) raw() []byte {
	var bits uint64
	for _, letter := range strings.ReplaceAll(string(n), "-", "") {
		bits = bits<<5 | uint64(strings.IndexRune(numberLetters, letter))
	}
	return binary.BigEndian.AppendUint64(nil, bits)[8-numberBytes:]
}

// NumberedAmong is among how many of the newest orders Numbered looks. The database hashes them
// all, about 2 µs each.
const NumberedAmong = 100_000

// Numbered returns the orders with that number among the newest [NumberedAmong], the newest first:
// one, as a rule. The error is ErrNoOrder if there is none, or the database's.
func (s *Orders) Numbered(ctx context.Context, n OrderNumber) ([]OrderID, error) {
	return s.numbered(ctx, n, NumberedAmong)
}

func (s *Orders) numbered(ctx context.Context, n OrderNumber, among int) ([]OrderID, error) {
	rows, err := s.pool.Query(ctx, `SELECT id FROM (SELECT id, created_at FROM orders
		ORDER BY created_at DESC, id DESC LIMIT $3) newest
		WHERE substr(sha256(convert_to(
			$1 || rtrim(translate(encode(uuid_send(id), 'base64'), '+/', '-_'), '='), 'UTF8')), 1, $4) = $2
		ORDER BY created_at DESC, id DESC LIMIT 10`, planned, numberPurpose, n.raw(), among, numberBytes)
	if err != nil {
		return nil, fmt.Errorf("look up an order's number: %w", err)
	}
	defer rows.Close()
	var ids []OrderID
	for rows.Next() {
		var key [16]byte
		if err := rows.Scan(&key); err != nil {
			return nil, fmt.Errorf("look up an order's number: %w", err)
		}
		ids = append(ids, orderKey(key).id())
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("look up an order's number: %w", err)
	}
	if len(ids) == 0 {
		return nil, ErrNoOrder
	}
	return ids, nil
}
