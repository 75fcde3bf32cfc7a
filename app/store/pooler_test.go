package store

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgproto3"

	"sneakers23/app/postgres/pgtest"
)

// pooler is PgBouncer as far as these tests need it: it hands out backends for a transaction, or
// for a session.
type pooler struct {
	t         *testing.T
	database  string
	bySession bool
	inTurn    bool // the backend that was idle longest is next, else the one used last

	mu   sync.Mutex
	idle []*pgconn.HijackedConn
}

// start returns the URL of the database behind the pooler.
func (p *pooler) start() string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		p.t.Fatal(err)
	}
	var clients sync.WaitGroup
	clients.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			clients.Go(func() { p.serve(conn) })
		}
	})
	p.t.Cleanup(func() {
		l.Close()
		clients.Wait() // they end with their clients
		for _, backend := range p.idle {
			backend.Conn.Close()
		}
	})
	return "postgres://anybody@" + l.Addr().String() + "/shop?sslmode=disable"
}

func (p *pooler) acquire() *pgconn.HijackedConn {
	p.mu.Lock()
	defer p.mu.Unlock()
	if n := len(p.idle); n > 0 && p.inTurn {
		first := p.idle[0]
		p.idle = p.idle[1:]
		return first
	} else if n > 0 {
		last := p.idle[n-1]
		p.idle = p.idle[:n-1]
		return last
	}
	conn, err := pgconn.Connect(context.Background(), p.database)
	if err != nil {
		p.t.Error(err)
		return nil
	}
	backend, err := conn.Hijack()
	if err != nil {
		p.t.Error(err)
		return nil
	}
	return backend
}

func (p *pooler) put(backend *pgconn.HijackedConn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.idle = append(p.idle, backend)
}

// serve carries the messages of one client until it leaves.
func (p *pooler) serve(conn net.Conn) {
	defer conn.Close()
	client := pgproto3.NewBackend(conn, conn)
	if _, err := client.ReceiveStartupMessage(); err != nil {
		return
	}
	client.Send(&pgproto3.AuthenticationOk{})
	client.Send(&pgproto3.ParameterStatus{Name: "standard_conforming_strings", Value: "on"})
	client.Send(&pgproto3.ParameterStatus{Name: "client_encoding", Value: "UTF8"})
	client.Send(&pgproto3.BackendKeyData{SecretKey: make([]byte, 4)})
	client.Send(&pgproto3.ReadyForQuery{TxStatus: 'I'})
	if client.Flush() != nil {
		return
	}
	var backend *pgconn.HijackedConn
	defer func() {
		if backend != nil {
			p.put(backend)
		}
	}()
	for {
		message, err := client.Receive()
		if err != nil {
			return
		}
		if _, leaves := message.(*pgproto3.Terminate); leaves {
			return
		}
		if backend == nil {
			if backend = p.acquire(); backend == nil {
				return
			}
		}
		backend.Frontend.Send(message)
		if _, query := message.(*pgproto3.Query); !query {
			if _, sync := message.(*pgproto3.Sync); !sync {
				continue
			}
		}
		idle, err := answer(client, backend)
		if err != nil {
			return
		}
		if idle && !p.bySession {
			p.put(backend)
			backend = nil
		}
	}
}

// answer passes what a backend says to a client, and reports whether no transaction is open after
// that.
func answer(client *pgproto3.Backend, backend *pgconn.HijackedConn) (idle bool, err error) {
	if err := backend.Frontend.Flush(); err != nil {
		return false, err
	}
	for {
		message, err := backend.Frontend.Receive()
		if err != nil {
			return false, err
		}
		client.Send(message)
		if ready, ok := message.(*pgproto3.ReadyForQuery); ok {
			return ready.TxStatus == 'I', client.Flush()
		}
	}
}

// TestPoolerByTransaction refuses one, however it chooses its backends, and takes one that pools by
// session.
func TestPoolerByTransaction(t *testing.T) {
	t.Parallel()
	database := pgtest.URL(t)
	for name, tt := range map[string]struct {
		bySession, inTurn bool
		warm              int // backends that are there before
		refused           bool
	}{
		"by transaction, the last used first": {false, false, 0, true},
		"the same, with many idle":            {false, false, 9, true},
		"by transaction, in turn":             {false, true, 0, true},
		"the same, with two in turn":          {false, true, 2, true},
		"the same, with many in turn":         {false, true, 9, true},
		"by session":                          {true, false, 0, false},
	} {
		t.Run(name, func(t *testing.T) {
			p := &pooler{t: t, database: database, bySession: tt.bySession, inTurn: tt.inTurn}
			var warm []*pgconn.HijackedConn
			for range tt.warm {
				warm = append(warm, p.acquire())
			}
			for _, backend := range warm {
				p.put(backend)
			}
			db, err := Open(t.Context(), Config{URL: p.start()}, slog.New(slog.DiscardHandler))
			if err == nil {
				defer db.Close(context.WithoutCancel(t.Context())) //nolint:errcheck // nothing is open
			}
			if errors.Is(err, errPooled) != tt.refused || (err != nil) != tt.refused {
				t.Fatalf("got %v, refused is to be %v", err, tt.refused)
			}
			if tt.refused && !strings.Contains(err.Error(), "pool_mode = session") {
				t.Errorf("%v does not say what to do", err)
			}
		})
	}
}

// TestSessionSettings reads them, and leaves alone what the URL says.
func TestSessionSettings(t *testing.T) {
	t.Parallel()
	address := pgtest.URL(t)
	for extra, want := range map[string]string{"": "5s", "lock_timeout=7s": "7s"} {
		db, err := Open(t.Context(), Config{URL: withParam(t, address, extra)},
			slog.New(slog.DiscardHandler))
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close(context.WithoutCancel(t.Context())) //nolint:errcheck // nothing is open
		var lock, idle string
		err = db.Sales.QueryRow(t.Context(),
			`SELECT current_setting('lock_timeout'), current_setting('idle_in_transaction_session_timeout')`).Scan(
			&lock, &idle,
		)
		if err != nil || lock != want || idle != "5s" {
			t.Errorf("%q: lock_timeout %s, idle_in_transaction_session_timeout %s, %v", extra, lock, idle, err)
		}
	}
}

func withParam(t *testing.T, address, extra string) string {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	u.RawQuery += "&" + extra
	return strings.TrimSuffix(u.String(), "&")
}

// TestTwoHosts names two servers in the URL, of which the first is away.
func TestTwoHosts(t *testing.T) {
	t.Parallel()
	cfg, err := pgconn.ParseConfig(pgtest.URL(t))
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	away := l.Addr().(*net.TCPAddr).Port
	l.Close()
	address := fmt.Sprintf("host=127.0.0.1,%s port=%d,%d user=%s password=%s dbname=%s search_path=%s sslmode=disable target_session_attrs=read-write",
		cfg.Host, away, cfg.Port, cfg.User, cfg.Password, cfg.Database, cfg.RuntimeParams["search_path"])
	if cfg.Password == "" {
		address = strings.Replace(address, "password= ", "", 1)
	}
	db, err := Open(t.Context(), Config{URL: address}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close(context.WithoutCancel(t.Context())) //nolint:errcheck // nothing is open
	if err := db.Prepare(t.Context(), true); err != nil {
		t.Errorf("the schema is not made: %v", err)
	}
}
