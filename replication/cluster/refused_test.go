package cluster_test

import (
	"errors"
	"log/slog"
	"strings"
	"testing"

	"sneakers23/app/waittest"
	"sneakers23/replication/cluster"
)

// TestRefused keeps out who does not go with those that are here. Both sides say why.
func TestRefused(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		name string
		set  func(*cluster.Config)
		want error
		says string // in the log of the node that is here
	}{
		"cluster secret": {"b", func(c *cluster.Config) { c.Secret = "guessed" }, cluster.ErrRefused, "cluster-secret"},
		"secret": {
			"b", func(c *cluster.Config) { c.Identity.Secrets = []string{"x"} }, cluster.ErrSecret, "--secret",
		},
		"schema": {
			"b", func(c *cluster.Config) { c.Identity.Schema, c.Identity.Oldest = 9, 4 }, cluster.ErrSchema,
			"share a database",
		},
		"name": {"a", nil, cluster.ErrNameTaken, "same name"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var came inbox
			a := join(t, "a", nil, nil, func(n *cluster.Node) { n.Stream("words", came.receive) })
			var words *cluster.Stream
			b := newMember(t, tt.name, []string{a.Routes()}, tt.set, func(n *cluster.Node) {
				words = n.Stream("words", came.receive)
			})
			if err := b.Join(t.Context()); !errors.Is(err, tt.want) {
				t.Errorf("got %v, want %v", err, tt.want)
			}
			waittest.Until(t, "the other side says so", func() bool {
				return strings.Contains(a.log.String(), "refused a node") && strings.Contains(a.log.String(), tt.says)
			})
			if err := words.Send([]byte("in secret")); err != nil {
				t.Fatal(err)
			}
			c := join(t, "c", []string{a.Routes()}, nil, nil) // takes longer than the word
			waittest.Until(t, "a sees the one that goes with it", func() bool { return a.sees() != "" })
			if a.sees() != "c" || len(came.of(tt.name)) != 0 {
				t.Errorf("a sees %s and heard %q", a.sees(), came.of(tt.name))
			}
			c.stop()
		})
	}
}

// TestPortTaken says at once why a node can't start.
func TestPortTaken(t *testing.T) {
	t.Parallel()
	a := join(t, "a", nil, nil, nil)
	_, err := cluster.Start(cluster.Config{
		DataDir: t.TempDir(), Name: "b", Listen: a.Routes(), Secret: clusterSecret, Log: slog.New(slog.DiscardHandler),
	})
	if err == nil || !strings.Contains(err.Error(), "--cluster-listen") {
		t.Errorf("got %v", err)
	}
}
