package app_test

import (
	"context"
	"net"
	"net/url"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"sneakers23/app"
	"sneakers23/app/operator"
	"sneakers23/app/waittest"
)

// line is a way to the database whose connections can fall silent: they stay open, and nothing
// comes through any more.
type line struct {
	URL       string
	cut       context.CancelFunc // ends all connections, the silent ones too, and those that are made later
	swallowed chan struct{}      // buffer 1: a token says that a silent line swallowed bytes
	mu        sync.Mutex
	good      chan struct{} // closed when the connections that there are fall silent
}

// newLine makes a line to the server of a URL that names a directory with a socket.
func newLine(t *testing.T, databaseURL string) *line {
	t.Helper()
	u, err := url.Parse(databaseURL)
	if err != nil {
		t.Fatal(err)
	}
	q := u.Query()
	if !filepath.IsAbs(q.Get("host")) {
		t.Fatalf("this test wants a database behind a Unix socket, not %s", u.Redacted())
	}
	const socket = ".s.PGSQL.5432"
	target := filepath.Join(q.Get("host"), socket)
	dir := t.TempDir()
	listener, err := net.Listen("unix", filepath.Join(dir, socket))
	if err != nil {
		t.Fatal(err)
	}
	q.Set("host", dir)
	q.Del("port")
	u.RawQuery = q.Encode()
	ctx, cancel := context.WithCancel(context.Background())
	l := &line{
		URL: strings.ReplaceAll(u.String(), "+", "%20"), cut: cancel, good: make(chan struct{}),
		swallowed: make(chan struct{}, 1),
	}
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			server, err := net.Dial("unix", target)
			if err != nil {
				t.Error(err)
				return
			}
			context.AfterFunc(ctx, func() { client.Close(); server.Close() })
			l.mu.Lock()
			good := l.good
			l.mu.Unlock()
			wg.Go(func() { l.carry(ctx, good, server, client) })
			wg.Go(func() { l.carry(ctx, good, client, server) })
		}
	})
	t.Cleanup(func() {
		cancel()
		listener.Close()
		wg.Wait()
	})
	return l
}

// carry passes bytes on while the line is good; after that it only waits for the end.
func (l *line) carry(ctx context.Context, good <-chan struct{}, to, from net.Conn) {
	defer to.Close()
	var buf [4096]byte
	for {
		n, err := from.Read(buf[:])
		select {
		case <-good:
			select {
			case l.swallowed <- struct{}{}:
			default:
			}
			<-ctx.Done()
			return
		default:
		}
		if _, werr := to.Write(buf[:n]); werr != nil || err != nil {
			return
		}
	}
}

// fallSilent is the end of all connections that there are, without their knowing. New ones are
// good.
func (l *line) fallSilent() {
	l.mu.Lock()
	defer l.mu.Unlock()
	close(l.good)
	l.good = make(chan struct{})
}

// holdProduct locks the row of a product until the test ends. The result reports whether a
// statement waits for it.
func holdProduct(t *testing.T, databaseURL string) (blocked func() bool) {
	t.Helper()
	connect := func() *pgx.Conn {
		conn, err := pgx.Connect(t.Context(), databaseURL)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { conn.Close(context.WithoutCancel(t.Context())) })
		return conn
	}
	holder, watcher := connect(), connect()
	if _, err := holder.Exec(t.Context(), `BEGIN; SELECT FROM products WHERE sku = 'SHU6000' FOR UPDATE`); err != nil {
		t.Fatal(err)
	}
	const waiting = ` FROM pg_stat_activity WHERE $1 = ANY(pg_blocking_pids(pid))`
	count := func(query string) (n int) {
		if err := watcher.QueryRow(context.WithoutCancel(t.Context()), query+waiting,
			holder.PgConn().PID()).Scan(&n); err != nil {
			t.Error(err)
		}
		return n
	}
	t.Cleanup(func() { // else it goes on when the row is free, while the schema is being dropped
		waittest.Until(t, "nothing waits for the row", func() bool {
			return count(`SELECT count(*) FILTER (WHERE pg_terminate_backend(pid))`) == 0
		})
	})
	return func() bool { return count(`SELECT count(*)`) > 0 }
}

func TestStopIsBoundedWhenTheDatabaseIsSilent(t *testing.T) {
	t.Parallel()
	cfg := config(t)
	direct := cfg.DatabaseURL
	l := newLine(t, direct)
	cfg.DatabaseURL, cfg.StopWithin = l.URL, time.Second
	n, err := app.Start(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	client, err := operator.Dial(cfg.DataDir)
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	blocked := holdProduct(t, direct)
	asked := make(chan error, 1) // buffer 1: the answer comes when the node has stopped
	go func() {
		_, err := client.Release(t.Context(), operator.ReleaseRequest{Product: "SHU6000"})
		asked <- err
	}()
	waittest.Until(t, "the release waits for the row", blocked)
	l.fallSilent()
	began := time.Now()
	err = n.Stop(context.WithoutCancel(t.Context()))
	t.Logf("stopped after %v: %v", time.Since(began), err)
	// without a bound all of it ends at last
	if want := "not stopped within 1s"; err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("stopped with %v, want %q", err, want)
	}
	if err := <-asked; err == nil {
		t.Error("a release over a silent line was confirmed")
	}
}

func TestScheduledReleaseSurvivesASilentConnection(t *testing.T) {
	t.Parallel()
	cfg := config(t)
	l := newLine(t, cfg.DatabaseURL)
	cfg.DatabaseURL = l.URL
	n, err := app.Start(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		l.cut() // it need not wait for what is silent
		if err := n.Stop(context.WithoutCancel(t.Context())); err != nil {
			t.Error(err)
		}
	}()
	client, err := operator.Dial(cfg.DataDir)
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	f := follow(t, n.URL(), "product:1")
	defer f.close()
	at := scheduleSoon(t, client)
	l.fallSilent()
	waittest.Done(t, "somebody asks the database", l.swallowed)
	f.wait(t, `"event":"released"`)
	t.Logf("released %v after its time", time.Since(at))
}

// scheduleSoon schedules a release two or three seconds ahead, or farther if the command takes
// longer than that to arrive.
func scheduleSoon(t *testing.T, client *operator.Client) time.Time {
	t.Helper()
	for ahead := 2 * time.Second; ; ahead *= 2 {
		at := time.Now().Add(ahead + time.Second).Truncate(time.Second)
		_, err := client.Release(t.Context(), operator.ReleaseRequest{Product: "1", At: &at})
		if err == nil {
			return at
		}
		if ahead > waittest.Limit() || time.Now().Before(at) {
			t.Fatal(err)
		}
	}
}
