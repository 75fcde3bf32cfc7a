package checkout

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"io"
	"net"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
)

// fault is what happens on a line to the database when a transaction is about to write and commit.
type fault int

const (
	passes       fault = iota
	losesCommit        // the line is cut before the COMMIT reaches the database
	losesAnswer        // the database has committed, and the line is cut before its answer
	holdsAnswer        // the database has committed, and its answer never comes
	liesRollback       // the database has committed, and the line says that it rolled back
	swallowsMore       // the line falls silent before the COMMIT, and stays open
)

// cutter is a line to the database, a real socket between two others, that reads along and is cut when it matters.
type cutter struct {
	next      func() fault  // asked when a transaction is open, from many goroutines
	committed chan struct{} // buffer 1: a token says that an answer to COMMIT was kept back
	faults    [swallowsMore + 1]atomic.Int64

	listener net.Listener
	target   func() (net.Conn, error)
	mu       sync.Mutex
	open     map[net.Conn]bool // nil when the line has ended
	wg       sync.WaitGroup
}

// newCutter makes a line to the database of a pool, and a pool of connections over it. Both end with the test.
func newCutter(t testing.TB, direct *pgxpool.Pool, next func() fault) (*cutter, *pgxpool.Pool) {
	t.Helper()
	cfg := direct.Config()
	network, address := pgconn.NetworkAddress(cfg.ConnConfig.Host, cfg.ConnConfig.Port)
	dir := t.TempDir()
	listener, err := net.Listen("unix", filepath.Join(dir, ".s.PGSQL.5432"))
	if err != nil {
		t.Fatal(err)
	}
	l := &cutter{
		next: next, committed: make(chan struct{}, 1), listener: listener, open: make(map[net.Conn]bool),
		target: func() (net.Conn, error) { return net.Dial(network, address) },
	}
	l.wg.Go(l.accept)
	cfg.ConnConfig.Host, cfg.ConnConfig.Port = dir, 5432
	cfg.ConnConfig.TLSConfig, cfg.ConnConfig.Fallbacks = nil, nil
	cfg.ConnConfig.RuntimeParams["application_name"] = "cut"
	cfg.MaxConns = 4
	pool, err := pgxpool.NewWithConfig(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		listener.Close()
		l.end()
		pool.Close()
		l.wg.Wait()
	})
	return l, pool
}

func (l *cutter) accept() {
	for {
		client, err := l.listener.Accept()
		if err != nil {
			return
		}
		server, err := l.target()
		if err != nil || !l.add(client, server) {
			client.Close() // the database is away
			continue
		}
		c := &cut{line: l, client: client, server: server}
		l.wg.Go(c.carryQuestions)
		l.wg.Go(c.carryAnswers)
	}
}

func (l *cutter) add(conns ...net.Conn) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, c := range conns {
		if l.open == nil {
			c.Close()
			continue
		}
		l.open[c] = true
	}
	return l.open != nil
}

// end cuts everything.
func (l *cutter) end() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for c := range l.open {
		c.Close()
	}
	l.open = nil
}

// cut is one connection over a cutter.
type cut struct {
	line           *cutter
	client, server net.Conn
	fault          atomic.Int64
}

func (c *cut) close() {
	c.client.Close()
	c.server.Close()
	c.line.mu.Lock()
	defer c.line.mu.Unlock()
	delete(c.line.open, c.client)
	delete(c.line.open, c.server)
}

// suffer tells whether this moment is that of the connection's fault, and counts it.
func (c *cut) suffer(f fault) bool {
	if fault(c.fault.Load()) != f {
		return false
	}
	c.line.faults[f].Add(1)
	return true
}

func (c *cut) carryQuestions() {
	buf := make([]byte, 64<<10)
	for {
		n, err := c.client.Read(buf)
		if n > 0 {
			switch {
			case c.suffer(losesCommit):
				c.close()
				return
			case c.suffer(swallowsMore):
				_, _ = io.Copy(io.Discard, c.client)
				c.close()
				return
			}
			if _, err := c.server.Write(buf[:n]); err != nil {
				c.close()
				return
			}
		}
		if err != nil {
			c.close()
			return
		}
	}
}

// carryAnswers reads the messages of the database: a byte that says what it is, and a length that counts itself.
func (c *cut) carryAnswers() {
	defer c.close()
	in, out := bufio.NewReader(c.server), bufio.NewWriter(c.client)
	wrote := false // in this transaction; what only read has nothing to lose
	for {
		var head [5]byte
		if _, err := io.ReadFull(in, head[:]); err != nil {
			return
		}
		body := make([]byte, binary.BigEndian.Uint32(head[1:])-4)
		if _, err := io.ReadFull(in, body); err != nil {
			return
		}
		const readyForQuery, commandComplete, inTransaction = 'Z', 'C', 'T'
		switch {
		case head[0] == readyForQuery && body[0] == inTransaction:
			c.fault.Store(int64(c.line.next()))
		case head[0] == readyForQuery:
			wrote = false
		case head[0] == commandComplete && (bytes.HasPrefix(body, []byte("INSERT")) || bytes.HasPrefix(body, []byte("UPDATE"))):
			wrote = true
		case head[0] == commandComplete && string(body) == "COMMIT\x00" && wrote:
			if c.suffer(liesRollback) {
				body = []byte("ROLLBACK\x00")
				binary.BigEndian.PutUint32(head[1:], uint32(len(body)+4))
				break
			}
			held := c.suffer(holdsAnswer)
			if held || c.suffer(losesAnswer) {
				select {
				case c.line.committed <- struct{}{}:
				default:
				}
				if held {
					_, _ = io.Copy(io.Discard, in)
				}
				return
			}
		}
		_, _ = out.Write(append(head[:], body...)) // the flush tells
		if in.Buffered() == 0 {
			if err := out.Flush(); err != nil {
				return
			}
		}
	}
}
