package pgtest

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

// Fault is what happens on a line to the database when a transaction is about to commit.
type Fault int

// The faults of a line.
const (
	Passes       Fault = iota
	LosesCommit        // the line is cut before the COMMIT reaches the database
	LosesAnswer        // the database has committed, and the line is cut before its answer
	HoldsAnswer        // the database has committed, and its answer never comes
	LiesRollback       // the database has committed, and the line says that it rolled back
	SwallowsMore       // the line falls silent before the COMMIT, and stays open until the test ends the silence
)

// Cutter is a line to the database, a real socket between two others, that reads along and is cut
// when it matters.
type Cutter struct {
	Committed chan struct{} // buffer 1: a token says that an answer to COMMIT was kept back
	// Silence has buffer 1. A token ends one silence, if its client has given up. Closed, it ends
	// all.
	Silence chan struct{}
	Faults  [SwallowsMore + 1]atomic.Int64 // how often each came

	listener net.Listener
	target   func() (net.Conn, error)
	ended    chan struct{} // closed when the line has ended
	wg       sync.WaitGroup

	mu   sync.Mutex
	next func() Fault // asked when a COMMIT is on its way; nil: it passes
	open map[net.Conn]bool
	away bool // new connections are closed at once
}

// NewCutter makes a line to the database of a pool, and a pool of connections over it. Both end
// with the test. See [Cutter.OnCommit] for next.
func NewCutter(t testing.TB, direct *pgxpool.Pool, next func() Fault) (*Cutter, *pgxpool.Pool) {
	t.Helper()
	cfg := direct.Config()
	network, address := pgconn.NetworkAddress(cfg.ConnConfig.Host, cfg.ConnConfig.Port)
	dir := t.TempDir()
	listener, err := net.Listen("unix", filepath.Join(dir, ".s.PGSQL.5432"))
	if err != nil {
		t.Fatal(err)
	}
	l := &Cutter{
		listener: listener, target: func() (net.Conn, error) { return net.Dial(network, address) },
		Committed: make(chan struct{}, 1), Silence: make(chan struct{}, 1), ended: make(chan struct{}),
		next: next, open: make(map[net.Conn]bool),
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
		l.Cut()
		close(l.ended)
		pool.Close()
		l.wg.Wait()
	})
	return l, pool
}

// CutForGood makes a pool of connections over a line that suffers a fault at its first COMMIT, and
// lets no connection through after it. gone reports whether that has happened.
func CutForGood(t testing.TB, direct *pgxpool.Pool, f Fault) (pool *pgxpool.Pool, gone func() bool) {
	t.Helper()
	var first atomic.Bool
	l, pool := NewCutter(t, direct, nil)
	l.OnCommit(func() Fault {
		first.Store(true)
		l.set(true)
		return f
	})
	return pool, first.Load
}

// OnCommit sets what is asked when a COMMIT is on its way, from many goroutines. Nil lets each
// pass.
func (l *Cutter) OnCommit(next func() Fault) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.next = next
}

// ask returns what happens to this COMMIT.
func (l *Cutter) ask() Fault {
	l.mu.Lock()
	next := l.next
	l.mu.Unlock()
	if next == nil {
		return Passes
	}
	return next()
}

// Cut ends all connections, and lets none through until Mend is called.
func (l *Cutter) Cut() {
	l.set(true)
	l.mu.Lock()
	defer l.mu.Unlock()
	for c := range l.open {
		c.Close()
	}
}

// Mend lets connections through again.
func (l *Cutter) Mend() { l.set(false) }

func (l *Cutter) set(away bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.away = away
}

func (l *Cutter) accept() {
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

func (l *Cutter) add(conns ...net.Conn) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, c := range conns {
		if l.away {
			c.Close()
			continue
		}
		l.open[c] = true
	}
	return !l.away
}

// cut is one connection over a cutter.
type cut struct {
	line           *Cutter
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
func (c *cut) suffer(f Fault) bool {
	if Fault(c.fault.Load()) != f {
		return false
	}
	c.line.Faults[f].Add(1)
	return true
}

// carryQuestions reads the messages of the client. The first has no byte that says what it is.
// COMMIT comes as a query, or as a statement that is prepared under a name, and bound by that name
// each time it is to be executed. A transaction that only reads
// is left alone.
func (c *cut) carryQuestions() {
	defer c.close()
	in, out := bufio.NewReader(c.client), bufio.NewWriterSize(c.server, 1<<16) // all that is sent at once fits
	const query, parse, bind = 'Q', 'P', 'B'
	commit, reads := []byte("no statement yet"), false
	for first := true; ; first = false {
		m, err := readMessage(in, !first)
		if err != nil {
			return
		}
		switch name, sql, _ := bytes.Cut(m.body, []byte{0}); {
		case m.kind == parse && bytes.HasPrefix(sql, []byte("COMMIT\x00")):
			commit = bytes.Clone(name)
		case m.kind == query && bytes.HasPrefix(name, []byte("begin")): // a query has no name
			reads = bytes.Contains(name, []byte("read only"))
		case m.kind == query && !reads && string(name) == "commit",
			m.kind == bind && bytes.HasPrefix(sql, append(commit, 0)): // behind the name of the portal
			c.fault.Store(int64(c.line.ask()))
			if c.suffer(LosesCommit) {
				_ = out.Flush()
				return
			}
			if c.suffer(SwallowsMore) {
				_ = out.Flush()
				c.staySilent(in)
				return
			}
		}
		if m.write(out, in) != nil {
			return
		}
	}
}

// staySilent returns when the client has given the connection up and the test ends the silence. The
// transaction stays open until then, and keeps its rows: in the middle of a batch no timeout of the
// database ends it.
func (c *cut) staySilent(in *bufio.Reader) {
	const terminate = 'X'
	for m := (message{}); m.kind != terminate; {
		var err error
		if m, err = readMessage(in, true); err != nil {
			return
		}
	}
	select {
	case <-c.line.Silence:
	case <-c.line.ended:
	}
}

// carryAnswers reads the messages of the database.
func (c *cut) carryAnswers() {
	defer c.close()
	in, out := bufio.NewReader(c.server), bufio.NewWriter(c.client)
	const commandComplete = 'C'
	for {
		m, err := readMessage(in, true)
		if err != nil {
			return
		}
		if m.kind == commandComplete && string(m.body) == "COMMIT\x00" {
			held := c.suffer(HoldsAnswer)
			switch {
			case held || c.suffer(LosesAnswer):
				select {
				case c.line.Committed <- struct{}{}:
				default:
				}
				if held {
					_ = out.Flush() // all before it has been answered
					_, _ = io.Copy(io.Discard, in)
				}
				return
			case c.suffer(LiesRollback):
				m.body = []byte("ROLLBACK\x00")
			}
		}
		if m.write(out, in) != nil {
			return
		}
	}
}

// message of the protocol: a byte that says what it is, a length that counts itself, and the rest.
type message struct {
	kind byte // zero: the message has no such byte
	body []byte
}

func readMessage(in *bufio.Reader, hasKind bool) (m message, err error) {
	if hasKind {
		if m.kind, err = in.ReadByte(); err != nil {
			return m, err
		}
	}
	var length [4]byte
	if _, err := io.ReadFull(in, length[:]); err != nil {
		return m, err
	}
	m.body = make([]byte, binary.BigEndian.Uint32(length[:])-4)
	_, err = io.ReadFull(in, m.body)
	return m, err
}

// write passes the message on, and what was written before it when nothing more has come.
func (m message) write(out *bufio.Writer, in *bufio.Reader) error {
	if err := m.put(out); err != nil || in.Buffered() > 0 {
		return err
	}
	return out.Flush()
}

func (m message) put(out *bufio.Writer) error {
	if m.kind != 0 {
		_ = out.WriteByte(m.kind) // the last write tells
	}
	_, _ = out.Write(binary.BigEndian.AppendUint32(nil, uint32(len(m.body)+4)))
	_, err := out.Write(m.body)
	return err
}
