package e2e

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"sync/atomic"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// holder is a line between a node and its database. Once it is told to hold, it keeps back the
// answer to the next COMMIT of a sale, and all that would come behind it: the database has
// committed, and the node does not know. A sale is a transaction that has changed rows and added
// some; the node's journal adds, and its other services change.
type holder struct {
	proxy
	DSN  string
	hold atomic.Bool
	held chan struct{} // closed when an answer is kept back
}

// newHolder makes a line to the database at url. It ends with the test.
func newHolder(t testing.TB, url string) *holder {
	t.Helper()
	cfg, err := pgx.ParseConfig(url)
	if err != nil {
		t.Fatal(err)
	}
	h := &holder{held: make(chan struct{})}
	h.network, h.target = pgconn.NetworkAddress(cfg.Host, cfg.Port)
	h.answers = h.read
	h.DSN = fmt.Sprintf("postgres://%s:%s@%s/%s?sslmode=disable&search_path=%s",
		cfg.User, cfg.Password, h.start(t), cfg.Database, cfg.RuntimeParams["search_path"])
	return h
}

// read reads the messages of the database: a byte that says what it is, and a length that counts
// itself.
func (h *holder) read(to io.Writer, from io.Reader) {
	in, out := bufio.NewReader(from), bufio.NewWriter(to)
	changed, added := false, false // in this transaction
	for {
		var head [5]byte
		if _, err := io.ReadFull(in, head[:]); err != nil {
			return
		}
		body := make([]byte, binary.BigEndian.Uint32(head[1:])-4)
		if _, err := io.ReadFull(in, body); err != nil {
			return
		}
		const readyForQuery, commandComplete, idle = 'Z', 'C', 'I'
		switch {
		case head[0] == readyForQuery && body[0] == idle:
			changed, added = false, false
		case head[0] == commandComplete && bytes.HasPrefix(body, []byte("UPDATE ")):
			changed = true
		case head[0] == commandComplete && bytes.HasPrefix(body, []byte("INSERT ")):
			added = true
		case head[0] == commandComplete && string(body) == "COMMIT\x00" && changed && added &&
			h.hold.CompareAndSwap(true, false):
			close(h.held)
			_, _ = io.Copy(io.Discard, in)
			return
		}
		_, _ = out.Write(append(head[:], body...)) // the flush tells
		if in.Buffered() == 0 {
			if err := out.Flush(); err != nil {
				return
			}
		}
	}
}
