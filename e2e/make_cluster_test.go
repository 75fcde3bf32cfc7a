package e2e

import (
	"bufio"
	"context"
	"io"
	"net/http"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"sneakers23/app/postgres/pgtest"
	"sneakers23/app/waittest"
)

// clusterTool is cmd/cluster at work: nodes, their database and a proxy.
type clusterTool struct {
	t     testing.TB
	a     *shop // node a, for the command line
	URL   string
	cmd   *exec.Cmd
	typed io.WriteCloser
	said  *logBuffer
	done  chan error // the end of the process
}

var shopAddress = regexp.MustCompile(`shop +(http://\S+)`)

// newClusterTool starts three nodes, and returns when they are ready.
func newClusterTool(t testing.TB) *clusterTool {
	t.Helper()
	lookAtSources()
	tool := filepath.Join(t.TempDir(), "cluster")
	if out, err := exec.Command("go", "build", "-buildvcs=false", "-o", tool,
		"../cmd/cluster").CombinedOutput(); err != nil {
		t.Fatalf("build the tool: %v\n%s", err, out)
	}
	dir := pgtest.DataDir(t)
	// buffer 1: it ends even without a receiver
	c := &clusterTool{
		t: t, a: &shop{t: t, dataDir: filepath.Join(dir, "a")}, said: new(logBuffer), done: make(chan error, 1),
	}
	c.cmd = exec.Command(tool, "--listen", "127.0.0.1:0", "--first-port", "0", "--first-cluster-port", "0",
		"--first-gateway-port", "0",
		"--data-dir", dir, "--program", program)
	c.cmd.Dir = ".." // the checkout, where a PostgreSQL from npm is
	c.cmd.Env = c.a.command().Env
	var err error
	if c.typed, err = c.cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	out, err := c.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	c.cmd.Stderr = c.said
	if err := c.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		lines := bufio.NewScanner(out)
		for lines.Scan() {
			_, _ = io.WriteString(c.said, lines.Text()+"\n")
		}
		c.done <- c.cmd.Wait()
	}()
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("the tool said:\n%s", c.said)
		}
		_ = c.cmd.Process.Signal(syscall.SIGTERM) // it may be gone
	})
	c.awaits("What you type here is obeyed", 1)
	c.URL = shopAddress.FindStringSubmatch(c.said.String())[1]
	return c
}

// awaits waits until the tool has said something so often.
func (c *clusterTool) awaits(what string, times int) {
	c.t.Helper()
	waittest.Until(c.t, what, func() bool { return strings.Count(c.said.String(), what) >= times })
}

// types types a line.
func (c *clusterTool) types(line string) {
	c.t.Helper()
	if _, err := io.WriteString(c.typed, line+"\n"); err != nil {
		c.t.Fatal(err)
	}
}

// asks asks for the first page often enough that each node has its turn, and returns whose answers
// came.
func (c *clusterTool) asks() map[string]bool {
	c.t.Helper()
	served := make(map[string]bool)
	for range 9 {
		ctx, cancel := context.WithTimeout(c.t.Context(), waittest.Limit())
		defer cancel()
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, c.URL, nil)
		if err != nil {
			c.t.Fatal(err)
		}
		res, err := http.DefaultClient.Do(r)
		if err != nil {
			c.t.Fatal(err)
		}
		res.Body.Close()
		if res.StatusCode != http.StatusOK {
			c.t.Errorf("the shop answers %d", res.StatusCode)
		}
		served[res.Header.Get("X-Served-By")] = true
	}
	return served
}

// TestMakeCluster does what an operator does who tries a cluster.
func TestMakeCluster(t *testing.T) {
	t.Parallel()
	c := newClusterTool(t)
	waittest.Until(t, "all nodes serve", func() bool { return len(c.asks()) == 3 })
	waittest.Until(t, "all nodes know each other", func() bool {
		return strings.Count(c.a.run("nodes", "--json"), `"address"`) == 3
	})
	c.types("kill b")
	c.awaits("b       | is gone: signal: killed", 1)
	if served := c.asks(); served["b"] || len(served) != 2 {
		t.Errorf("with b killed, answers came from %v", served)
	}
	c.types("start b")
	c.awaits("b       | is up", 2)
	waittest.Until(t, "b serves again", func() bool { return c.asks()["b"] })
	c.types("without a")
	waittest.Until(t, "a is left out", func() bool { return !c.asks()["a"] })
	c.types("stop c")
	c.awaits("c       | has stopped", 1)
	if served := c.asks(); !served["b"] || len(served) != 1 {
		t.Errorf("without a, and with c stopped, answers came from %v", served)
	}
	c.types("dance b")
	c.awaits("kill NAME", 2)
	c.types("quit")
	if err := <-c.done; err != nil {
		t.Errorf("the tool ended with %v", err)
	}
	c.awaits("PostgreSQL stopped", 1)
	if strings.Contains(c.said.String(), "level=ERROR") {
		t.Error("the tool or a node complains")
	}
}
