package cluster_test

import (
	"context"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"

	"sneakers23/app/waittest"
	"sneakers23/replication/cluster"
)

// startNATS runs a NATS outside the nodes at the port, or at any that is free.
func startNATS(t *testing.T, port int) *server.Server {
	t.Helper()
	s, err := server.NewServer(&server.Options{Host: "127.0.0.1", Port: port, NoSigs: true, NoLog: true})
	if err != nil {
		t.Fatal(err)
	}
	s.Start()
	t.Cleanup(func() {
		s.Shutdown()
		s.WaitForShutdown()
	})
	if !s.ReadyForConnections(waittest.Limit()) {
		t.Fatal("NATS did not start")
	}
	return s
}

// TestOutsideNATS connects two nodes by a server of which they know the URL only. It is away at
// first; then it carries what they say, but no answer that is too long for it.
func TestOutsideNATS(t *testing.T) {
	t.Parallel()
	outside := startNATS(t, server.RANDOM_PORT)
	url, port := outside.ClientURL(), outside.Addr().(*net.TCPAddr).Port
	outside.Shutdown()
	outside.WaitForShutdown()
	alone := func(c *cluster.Config) { c.Listen, c.NATS = "", url }
	var box inbox
	a := join(t, "a", nil, alone, func(n *cluster.Node) {
		n.Stream("words", box.receive)
		n.Handle("long", func(context.Context, []byte) ([]byte, error) { return make([]byte, 2<<20), nil })
	})
	var words *cluster.Stream
	b := join(t, "b", nil, alone, func(n *cluster.Node) { words = n.Stream("words", box.receive) })
	if !strings.Contains(a.log.String(), "does not answer") {
		t.Error("it was not said that NATS is away")
	}
	startNATS(t, port)
	waittest.Until(t, "they see each other", func() bool { return a.sees() == "b" && b.sees() == "a" })
	if err := words.Send([]byte("hello")); err != nil {
		t.Fatal(err)
	}
	waittest.Until(t, "a hears b", func() bool { return slices.Equal(box.of("b"), []string{"hello"}) })
	if !strings.Contains(a.log.String(), "max_payload") {
		t.Error("it was not said that this NATS carries short messages only")
	}
	if _, err := b.Ask(t.Context(), "a", "long", nil); err == nil || !strings.Contains(err.Error(), "payload") {
		t.Errorf("an answer that is too long: %v", err)
	}
}

// TestCommandsFromElsewhere lets in an operator with the secret, and a publisher who may do one
// thing.
func TestCommandsFromElsewhere(t *testing.T) {
	t.Parallel()
	a := join(t, "a.with.dots", nil, func(c *cluster.Config) { c.Publishers = "the word of publishers" }, nil)
	if _, err := a.Conn().Subscribe(a.Address().Commands("greet"), func(m *nats.Msg) {
		_ = m.Respond([]byte("hello"))
	}); err != nil {
		t.Fatal(err)
	}
	if err := a.Announce(); err != nil {
		t.Fatal(err)
	}
	at := strings.TrimPrefix(a.Address().NATS, "nats://")
	conn, addr, err := cluster.DialAt(at, clusterSecret)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if m, err := conn.Request(addr.Commands("greet"), nil, waittest.Limit()); err != nil || string(m.Data) != "hello" ||
		addr.Name != "a.with.dots" {
		t.Errorf("got %v, %v of %q", m, err, addr.Name)
	}
	if err := conn.Publish(cluster.PublishSubject, nil); err != nil {
		t.Error(err)
	}
	if err := conn.Flush(); err != nil || conn.LastError() == nil {
		t.Errorf("an operator published what is not his: %v, %v", err, conn.LastError())
	}
	if _, _, err := cluster.DialAt(at, "guessed"); err == nil || !strings.Contains(err.Error(), "refuses") {
		t.Errorf("a guessed secret: %v", err)
	}
	publisher, err := nats.Connect(a.Address().NATS, nats.UserInfo("publisher", "the word of publishers"),
		nats.CustomInboxPrefix("_PUBLISHER"), nats.ErrorHandler(func(*nats.Conn, *nats.Subscription, error) {}))
	if err != nil {
		t.Fatal(err)
	}
	defer publisher.Close()
	if m, err := publisher.Request(addr.Commands("greet"), nil, time.Second); err == nil {
		t.Errorf("a publisher gave a command and got %s", m.Data)
	}
}
