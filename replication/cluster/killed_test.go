package cluster_test

import (
	"strings"
	"testing"

	"sneakers23/app/waittest"
	"sneakers23/replication/cluster"
)

// TestNeighbourIsKilled kills a node and starts it again. The others log one failed call, and no
// warning but that the node fell silent.
func TestNeighbourIsKilled(t *testing.T) {
	t.Parallel()
	a := join(t, "a", nil, nil, nil)
	b := join(t, "b", []string{a.Routes()}, nil, nil)
	c := join(t, "c", []string{a.Routes(), b.Routes()}, nil, nil)
	waittest.Until(t, "all see each other", func() bool {
		return a.sees() == "b c" && b.sees() == "a c" && c.sees() == "a b"
	})
	address := c.Routes()
	c.Kill()
	waittest.Until(t, "the others miss it", func() bool { return a.sees() == "b" && b.sees() == "a" })
	join(t, "c", []string{a.Routes(), b.Routes()}, func(cfg *cluster.Config) { cfg.Listen = address }, nil)
	waittest.Until(t, "it is back", func() bool { return a.sees() == "b c" && b.sees() == "a c" })
	for _, m := range []member{a, b} {
		unexpected := 0
		for line := range strings.Lines(m.log.String()) {
			silence := strings.Contains(line, "a node has fallen silent")
			if strings.Contains(line, "level=ERROR") || strings.Contains(line, "level=WARN") && !silence {
				unexpected++
			}
		}
		if calls := strings.Count(m.log.String(), "a node does not answer"); unexpected > 0 || calls > 1 {
			t.Errorf("%d unexpected warnings, %d lines of failed calls", unexpected, calls)
		}
	}
}

// TestWitnessIsKilled kills a node, starts it again, and kills the node that then reports its name
// as taken. The restarted node joins the third.
func TestWitnessIsKilled(t *testing.T) {
	t.Parallel()
	members := map[string]member{}
	var seeds []string
	for _, name := range []string{"a", "b", "c"} {
		members[name] = join(t, name, seeds, nil, nil)
		seeds = append(seeds, members[name].Routes())
	}
	for name, m := range members {
		waittest.Until(t, name+" sees the others", func() bool { return len(m.Peers()) == 2 })
	}
	members["a"].Kill()
	again := newMember(t, "a", seeds, nil, nil)
	joined := make(chan error, 1)
	go func() { joined <- again.Join(t.Context()) }()
	var witness string
	waittest.Until(t, "a witness reports the name", func() bool {
		_, witness, _ = strings.Cut(again.log.String(), "witness=")
		return strings.Contains(witness, "\n")
	})
	witness = witness[:1]
	members[witness].Kill()
	if err := waittest.Receive(t, "a joins", joined); err != nil {
		t.Fatalf("%s was killed: %v", witness, err)
	}
	left := map[string]string{"b": "c", "c": "b"}[witness]
	waittest.Until(t, "they see each other", func() bool { return again.sees() == left && members[left].sees() == "a" })
}
