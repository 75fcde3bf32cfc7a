package main

import (
	"context"
	"strings"
	"time"

	"sneakers23/app/operator"
)

// nodesCmd lists the cluster.
type nodesCmd struct {
	Topic string `help:"Count who follows this topic at each node, like product:1." placeholder:"TOPIC"`
}

// Help is shown by nodes --help.
func (nodesCmd) Help() string {
	return `REVISION is that of the newest row in a node's catalog; LAG tells for how long it has known that another
node has a newer one. A node that stops says goodbye; one that was killed is listed for some seconds.`
}

// Run is called by kong.
func (n *nodesCmd) Run(ctx context.Context, g *globals, term terminal) error {
	c, err := dial(g)
	if err != nil {
		return err
	}
	defer c.Close()
	nodes, err := c.Nodes(ctx, operator.NodesRequest{Topic: n.Topic})
	if err != nil {
		return err
	}
	if g.JSON {
		return term.out.JSON(nodes)
	}
	table := term.out.Table()
	head := []any{"NODE", "ADDRESS", "VERSION", "UP", "SOCKETS", "REVISION", "LAG", "READY"}
	if n.Topic != "" {
		head = append(head, "FOLLOWERS")
	}
	table.Row(head...)
	sum := 0
	for _, v := range nodes {
		ready := "yes"
		if !v.Ready {
			ready = "NO"
		}
		row := []any{
			v.Name, v.Address, v.Version, time.Duration(v.Uptime) * time.Second, v.Sockets, v.Revision,
			time.Duration(v.Lag) * time.Millisecond, ready,
		}
		switch {
		case n.Topic == "":
		case v.Followers == nil:
			row = append(row, "no answer")
		default:
			sum += *v.Followers
			row = append(row, *v.Followers)
		}
		table.Row(row...)
	}
	if n.Topic != "" {
		table.Row("all", "", "", "", "", "", "", "", sum)
	}
	table.Print()
	return nil
}

// warnMissing tells that a change is done, but does not show everywhere yet. JSON has it among the
// rest.
func warnMissing(term terminal, g *globals, e operator.Everywhere) {
	if len(e.Missing) > 0 && !g.JSON {
		term.err.Printf("done, but not shown within 5 s by: %s; each takes it from the database when it can\n",
			strings.Join(e.Missing, ", "))
	}
}
