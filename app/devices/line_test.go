package devices_test

import (
	"bufio"
	"encoding/binary"
	"io"
	"net"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
)

// line is a way to the database, a real socket between two others, that a test cuts.
type line struct {
	listener net.Listener
	target   func() (net.Conn, error)
	wg       sync.WaitGroup

	mu     sync.Mutex
	open   map[net.Conn]bool
	away   bool                        // new connections are closed at once
	commit func() (before, after bool) // asked at each COMMIT whether to cut before the database gets it, or before its answer; nil: no
}

// newLine makes a line to the database of a pool, and a pool of connections over it.
func newLine(t testing.TB, direct *pgxpool.Pool) (*line, *pgxpool.Pool) {
	t.Helper()
	cfg := direct.Config()
	network, address := pgconn.NetworkAddress(cfg.ConnConfig.Host, cfg.ConnConfig.Port)
	dir := t.TempDir()
	listener, err := net.Listen("unix", filepath.Join(dir, ".s.PGSQL.5432"))
	if err != nil {
		t.Fatal(err)
	}
	l := &line{listener: listener, open: make(map[net.Conn]bool), target: func() (net.Conn, error) { return net.Dial(network, address) }}
	l.wg.Go(l.accept)
	cfg.ConnConfig.Host, cfg.ConnConfig.Port = dir, 5432
	cfg.ConnConfig.TLSConfig, cfg.ConnConfig.Fallbacks = nil, nil
	pool, err := pgxpool.NewWithConfig(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		l.cut()
		pool.Close()
		listener.Close()
		l.wg.Wait()
	})
	return l, pool
}

// cut ends all connections, and lets none through until mend is called.
func (l *line) cut()  { l.set(true) }
func (l *line) mend() { l.set(false) }

func (l *line) set(away bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.away = away; away {
		for c := range l.open {
			c.Close()
		}
	}
}

// onCommit sets what happens at each COMMIT.
func (l *line) onCommit(f func() (before, after bool)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.commit = f
}

func (l *line) accept() {
	for {
		client, err := l.listener.Accept()
		if err != nil {
			return
		}
		server, err := l.target()
		if err != nil {
			client.Close()
			continue
		}
		l.mu.Lock()
		l.open[client], l.open[server] = true, true
		if l.away {
			client.Close()
			server.Close()
		}
		l.mu.Unlock()
		swallow := make(chan struct{}) // closed: the answers are no longer passed on
		l.wg.Go(func() { l.questions(client, server, swallow) })
		l.wg.Go(func() { l.answers(client, server, swallow) })
	}
}

func (l *line) close(conns ...net.Conn) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, c := range conns {
		c.Close()
		delete(l.open, c)
	}
}

// questions passes the client's messages on. COMMIT comes as a simple query.
func (l *line) questions(client, server net.Conn, swallow chan struct{}) {
	defer l.close(client, server)
	in := bufio.NewReader(client)
	for first := true; ; first = false {
		kind := byte(0)
		head := make([]byte, 0, 5)
		if !first {
			var err error
			if kind, err = in.ReadByte(); err != nil {
				return
			}
			head = append(head, kind)
		}
		var length [4]byte
		if _, err := io.ReadFull(in, length[:]); err != nil {
			return
		}
		body := make([]byte, binary.BigEndian.Uint32(length[:])-4)
		if _, err := io.ReadFull(in, body); err != nil {
			return
		}
		if kind == 'Q' && strings.EqualFold(strings.TrimRight(string(body), "\x00"), "commit") {
			l.mu.Lock()
			ask := l.commit
			l.mu.Unlock()
			if ask != nil {
				before, after := ask()
				if before {
					return
				}
				if after {
					close(swallow)
				}
			}
		}
		if _, err := server.Write(append(append(head, length[:]...), body...)); err != nil {
			return
		}
	}
}

// answers passes the database's messages on, until the one that must not arrive has been sent.
func (l *line) answers(client, server net.Conn, swallow chan struct{}) {
	defer l.close(client, server)
	buf := make([]byte, 1<<16)
	for {
		n, err := server.Read(buf)
		select {
		case <-swallow:
			return // what was read is the answer to COMMIT: the client has sent nothing else
		default:
		}
		if n > 0 {
			if _, err := client.Write(buf[:n]); err != nil {
				return
			}
		}
		if err != nil {
			return
		}
	}
}
