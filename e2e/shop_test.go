package e2e

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"sneakers23/app/postgres/pgtest"
	"sneakers23/app/waittest"
)

// shop is a running node, and the command line beside it.
type shop struct {
	t        testing.TB
	dataDir  string
	database string // URL; empty for the node's private one
	secret   string // which other nodes may have too; empty for one that the node makes itself

	// Of a node of a cluster:
	host   *host  // where it runs
	direct string // URL of the database for the test, which is never cut off
	name   string
	seed   string // whom it joins
	args   []string

	URL      string
	password string // of the dashboard, if the node has made it
	seeded   int64  // of one that is lent: the id of the seed's last movement
	cmd      *exec.Cmd
	log      *logBuffer
	done     chan error // the end of the process
}

// freshShop starts a node on a schema of its own, and both are the test's alone.
func freshShop(t testing.TB) *shop {
	t.Helper()
	s := &shop{t: t, dataDir: t.TempDir(), database: pgtest.URL(t), secret: sharedSecret}
	s.start("--seed")
	return s
}

const (
	sharedSecret   = "the secret that nodes of a test share"
	sharedPassword = "the password of a cluster"
)

// freshShopWith is freshShop with other stock.
func freshShopWith(t testing.TB, sh shelf) *shop {
	t.Helper()
	s := freshShop(t)
	s.sql(sh.sql())
	s.look()
	return s
}

// another starts one more node on the shop's database.
func (s *shop) another() *shop {
	s.t.Helper()
	other := &shop{t: s.t, dataDir: s.t.TempDir(), database: s.database, secret: s.secret}
	other.start()
	return other
}

// newPrivateShop starts a node with a database of its own.
func newPrivateShop(t testing.TB) *shop {
	t.Helper()
	s := &shop{t: t, dataDir: pgtest.DataDir(t)}
	s.start()
	return s
}

// start runs the node until the test ends, and waits until it says where it is.
func (s *shop) start(args ...string) {
	s.t.Helper()
	s.launch(args...)
	s.t.Cleanup(s.stop)
}

// launch runs the node and waits until it says where it is. The caller must stop it.
func (s *shop) launch(args ...string) {
	s.t.Helper()
	s.await(s.begin(args...))
}

// opening is a node that starts. The start ends when the node says where it is.
type opening struct {
	began   time.Time
	started chan error // buffer 1: the result comes whether or not anybody waits

	greeting struct {
		HTTP     string `json:"http"`
		Password string `json:"admin_password"`
	}
}

// begin runs the node. The caller must stop it.
func (s *shop) begin(args ...string) *opening {
	s.t.Helper()
	o := &opening{began: time.Now(), started: make(chan error, 1)}
	s.log = new(logBuffer)
	s.cmd = s.command(slices.Concat([]string{"serve", "--json"}, s.clusterArgs(), args)...)
	if s.secret != "" {
		s.cmd.Env = append(s.cmd.Env, "SNEAKERS23_SECRET="+s.secret)
	}
	s.cmd.Stderr = s.log
	out, err := s.cmd.StdoutPipe()
	if err != nil {
		s.t.Fatal(err)
	}
	if err := s.cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	cmd, done := s.cmd, make(chan error, 1) // buffer 1: the goroutine ends even without a receiver
	s.done = done
	go func() {
		o.started <- json.NewDecoder(out).Decode(&o.greeting)
		_, _ = io.Copy(io.Discard, out)
		done <- cmd.Wait()
	}()
	return o
}

// await waits until the node says where it is.
func (s *shop) await(o *opening) {
	s.t.Helper()
	var err error
	select {
	case err = <-o.started:
	case <-time.After(waittest.Limit()):
		err = fmt.Errorf("not within %v", waittest.Limit())
	}
	if err != nil {
		_ = s.cmd.Process.Kill() // it may be gone
		s.cmd = nil
		s.t.Fatalf("the node did not start: %v\n%s", err, s.log)
	}
	s.URL, s.password = o.greeting.HTTP, o.greeting.Password
	s.t.Logf("node is open after %v", time.Since(o.began).Round(time.Millisecond))
}

// stop ends the node as an operator would, and checks that it ended well.
func (s *shop) stop() {
	s.t.Helper()
	if s.cmd == nil {
		return
	}
	if err := s.end(); err != nil {
		s.t.Errorf("the node ended with %v\n%s", err, s.log)
	}
	if s.t.Failed() {
		s.t.Logf("log of the node:\n%s", s.log)
	}
}

// end asks the node to stop, and waits until it has.
func (s *shop) end() error {
	if err := s.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		return errors.Join(err, s.wait())
	}
	return s.wait()
}

// kill ends the node as bad luck would.
func (s *shop) kill() {
	s.t.Helper()
	if err := s.cmd.Process.Kill(); err != nil {
		s.t.Fatal(err)
	}
	if err := s.wait(); err == nil {
		s.t.Error("a killed node ended well")
	}
}

func (s *shop) wait() error {
	s.cmd = nil
	select {
	case err := <-s.done:
		return err
	case <-time.After(waittest.Limit()):
		return errors.New("did not end in time")
	}
}

// command is a call of the program with this shop's environment.
func (s *shop) command(args ...string) *exec.Cmd { return s.commandOf(program, args...) }

func (s *shop) commandOf(program string, args ...string) *exec.Cmd {
	lookAtSources()
	cmd := exec.Command(program, args...)
	cmd.Dir = ".." // the checkout, where a PostgreSQL from npm is
	cmd.Env = slices.DeleteFunc(os.Environ(), func(v string) bool { return strings.HasPrefix(v, "SNEAKERS23_") })
	cmd.Env = append(cmd.Env, "SNEAKERS23_DATA_DIR="+s.dataDir, "DATABASE_URL="+s.database,
		"GORACE=atexit_sleep_ms=0") // the race detector waits a second at every exit otherwise
	if s.host != nil {
		s.host.within(cmd)
	}
	return cmd
}

// run calls the command line and returns its output. The exit code must be 0. It is for the steps
// of a test, and calls the program that was built without the race detector, which starts five
// times as fast. A command under test is called by try.
func (s *shop) run(args ...string) string {
	s.t.Helper()
	out, errOut, code := s.finish(s.commandOf(quickProgram, args...))
	if code != 0 {
		s.t.Fatalf("sneakers23 %s: exit code %d: %s", strings.Join(args, " "), code, errOut)
	}
	return out
}

// try calls the command line and returns what it wrote and its exit code.
func (s *shop) try(args ...string) (out, errOut string, code int) {
	s.t.Helper()
	return s.finish(s.command(args...))
}

// finish runs a command to its end. One that hangs is killed.
func (s *shop) finish(cmd *exec.Cmd) (out, errOut string, code int) {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), waittest.Limit())
	defer cancel()
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	stop := context.AfterFunc(ctx, func() { _ = cmd.Process.Kill() })
	defer stop()
	err := cmd.Wait()
	if exit := new(exec.ExitError); err != nil && !errors.As(err, &exit) {
		s.t.Fatal(err)
	}
	return stdout.String(), stderr.String(), cmd.ProcessState.ExitCode()
}

// get asks the node for a page.
func (s *shop) get(path string) (status int, body string) {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), waittest.Limit())
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.URL+path, nil)
	if err != nil {
		s.t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		s.t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return resp.StatusCode, string(b)
}

// sql runs a statement on the shop's database, as psql would.
func (s *shop) sql(statement string, args ...any) {
	s.t.Helper()
	conn, err := pgx.Connect(s.t.Context(), cmp.Or(s.direct, s.database))
	if err != nil {
		s.t.Fatal(err)
	}
	defer conn.Close(s.t.Context())
	if _, err := conn.Exec(s.t.Context(), statement, args...); err != nil {
		s.t.Fatal(err)
	}
}

// logBuffer keeps what the node logs.
type logBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *logBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

// reset forgets what was logged before.
func (l *logBuffer) reset() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.b.Reset()
}

func (l *logBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}
