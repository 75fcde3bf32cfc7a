package cluster_test

import (
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/nats-io/nats.go"

	"sneakers23/app/waittest"
	"sneakers23/replication/cluster"
)

func start(t *testing.T) (*cluster.Node, string) {
	t.Helper()
	dir := t.TempDir()
	n, err := cluster.Start(cluster.Config{DataDir: dir, Name: "one", Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := n.Stop(t.Context()); err != nil {
			t.Logf("stop again: %v", err)
		}
	})
	return n, dir
}

func announce(t *testing.T, n *cluster.Node) {
	t.Helper()
	if err := n.Announce(); err != nil {
		t.Fatal(err)
	}
}

func TestFoundByItsDataDirectory(t *testing.T) {
	t.Parallel()
	n, dir := start(t)
	if _, err := n.Conn().Subscribe("greet", func(m *nats.Msg) { _ = m.Respond([]byte("hello")) }); err != nil {
		t.Fatal(err)
	}
	announce(t, n)
	conn, addr, err := cluster.Dial(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	m, err := conn.Request("greet", nil, waittest.Limit())
	if err != nil || string(m.Data) != "hello" || addr.Name != "one" {
		t.Errorf("got %v, %v from %s, want hello from one", m, err, addr.Name)
	}
	info, err := os.Stat(filepath.Join(dir, cluster.AddressFile))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("file of the key: %v, %v, want mode 0600", info.Mode(), err)
	}
}

func TestStrangersAreRefused(t *testing.T) {
	t.Parallel()
	n, dir := start(t)
	announce(t, n)
	addr, err := cluster.ReadAddress(dir)
	if err != nil {
		t.Fatal(err)
	}
	if conn, err := nats.Connect(addr.NATS); !errors.Is(err, nats.ErrAuthorization) {
		if conn != nil {
			conn.Close()
		}
		t.Errorf("without the key: got %v, want ErrAuthorization", err)
	}
}

func TestStopAnswersWhatCameBefore(t *testing.T) {
	t.Parallel()
	n, dir := start(t)
	came, answer := make(chan struct{}), make(chan struct{})
	_, err := n.Conn().Subscribe("slow", func(m *nats.Msg) {
		close(came)
		<-answer
		_ = m.Respond([]byte("done"))
	})
	if err != nil {
		t.Fatal(err)
	}
	announce(t, n)
	conn, _, err := cluster.Dial(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	got := make(chan error, 1)
	go func() {
		_, err := conn.Request("slow", nil, waittest.Limit())
		got <- err
	}()
	select {
	case <-came:
	case err := <-got:
		t.Fatalf("the request did not come: %v", err)
	}
	stopped := make(chan error, 1)
	go func() { stopped <- n.Stop(t.Context()) }()
	waittest.Until(t, "the stop has begun: nobody can find the node any more", func() bool {
		_, err := cluster.ReadAddress(dir)
		return errors.Is(err, cluster.ErrNoNode)
	})
	runtime.Gosched()
	close(answer)
	if err := <-got; err != nil {
		t.Errorf("the request was not answered: %v", err)
	}
	if err := <-stopped; err != nil {
		t.Error(err)
	}
	if _, _, err := cluster.Dial(dir); !errors.Is(err, cluster.ErrNoNode) {
		t.Errorf("dial a stopped node: got %v, want ErrNoNode", err)
	}
}

func TestNoNode(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if _, _, err := cluster.Dial(dir); !errors.Is(err, cluster.ErrNoNode) {
		t.Errorf("empty directory: got %v, want ErrNoNode", err)
	}
	// what a killed node leaves behind
	n, left := start(t)
	announce(t, n)
	b, err := os.ReadFile(filepath.Join(left, cluster.AddressFile))
	if err != nil {
		t.Fatal(err)
	}
	if err := n.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, cluster.AddressFile), b, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, _, err := cluster.Dial(dir); !errors.Is(err, cluster.ErrNoNode) {
		t.Errorf("file of a dead node: got %v, want ErrNoNode", err)
	}
	if err := os.WriteFile(filepath.Join(dir, cluster.AddressFile), []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, _, err := cluster.Dial(dir); err == nil || errors.Is(err, cluster.ErrNoNode) {
		t.Errorf("damaged file: got %v, want an error that says so", err)
	}
}
