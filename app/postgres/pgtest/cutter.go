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
	next      func() Fault                   // asked when a COMMIT is on its way, from many goroutines
	Committed chan struct{}                  // buffer 1: a token says that an answer to COMMIT was kept back
	Silence   chan struct{}                  // buffer 1: a token ends one silence, if its client has given up; closed: none lasts longer
	Faults    [SwallowsMore + 1]atomic.Int64 // how often each came

	listener net.Listener
	target   func() (net.Conn, error)
	mu       sync.Mutex
	open     map[net.Conn]bool // nil when the line has ended
	ended    chan struct{}     // closed then
	wg       sync.WaitGroup
}

// NewCutter makes a line to the database of a pool, and a pool of connections over it. Both end
// with the test.
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
		next: next, listener: listener, target: func() (net.Conn, error) { return net.Dial(network, address) },
		Committed: make(chan struct{}, 1), Silence: make(chan struct{}, 1),
		open: make(map[net.Conn]bool), ended: make(chan struct{}),
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
		if l.open == nil {
			c.Close()
			continue
		}
		l.open[c] = true
	}
	return l.open != nil
}

// end cuts everything.
func (l *Cutter) end() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for c := range l.open {
		c.Close()
	}
	l.open = nil
	close(l.ended)
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

// carryQuestions reads the messages of the client. The first has no byte that says what it is. A
// statement is prepared under a name, and bound by that name each time it is to be executed.
func (c *cut) carryQuestions() {
	defer c.close()
	in, out := bufio.NewReader(c.client), bufio.NewWriterSize(c.server, 1<<16) // all that is sent at once fits
	const parse, bind = 'P', 'B'
	commit := []byte("no statement yet")
	for first := true; ; first = false {
		m, err := readMessage(in, !first)
		if err != nil {
			return
		}
		switch name, sql, _ := bytes.Cut(m.body, []byte{0}); {
		case m.kind == parse && bytes.HasPrefix(sql, []byte("COMMIT\x00")):
			commit = bytes.Clone(name)
		case m.kind == bind && bytes.HasPrefix(sql, append(commit, 0)): // behind the name of the portal
			c.fault.Store(int64(c.line.next()))
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

// write Passes the message on, and what was written before it when nothing more has come.
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
