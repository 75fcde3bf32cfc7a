package main

import (
	"context"
	"fmt"
	"strings"
	"text/tabwriter"
	"time"

	"sneakers23/app"
)

// nodesCmd lists the cluster.
type nodesCmd struct {
	Topic string `help:"Count who follows this topic at each node, like product:1." placeholder:"TOPIC"`
}

// Help is shown by nodes --help.
func (nodesCmd) Help() string {
	return `REVISION is that of the newest row in a node's catalog; LAG tells for how long it has known that another node has a
newer one. A node that stops says goodbye; one that was killed is listed for some seconds.`
}

// Run is called by kong.
func (n *nodesCmd) Run(ctx context.Context, g *globals, term terminal) error {
	c, err := dial(g)
	if err != nil {
		return err
	}
	defer c.Close()
	nodes, err := c.Nodes(ctx, app.NodesRequest{Topic: n.Topic})
	if err != nil {
		return err
	}
	if g.JSON {
		return printJSON(term, nodes)
	}
	w := tabwriter.NewWriter(term.out, 0, 0, 2, ' ', 0)
	head := "NODE\tADDRESS\tVERSION\tUP\tSOCKETS\tREVISION\tLAG\tREADY"
	if n.Topic != "" {
		head += "\tFOLLOWERS"
	}
	fmt.Fprintln(w, head)
	sum := 0
	for _, v := range nodes {
		ready := "yes"
		if !v.Ready {
			ready = "NO"
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%v\t%d\t%d\t%v\t%s", v.Name, v.Address, v.Version, time.Duration(v.Uptime)*time.Second,
			v.Sockets, v.Revision, time.Duration(v.Lag)*time.Millisecond, ready)
		switch {
		case n.Topic == "":
		case v.Followers == nil:
			fmt.Fprint(w, "\tno answer")
		default:
			sum += *v.Followers
			fmt.Fprintf(w, "\t%d", *v.Followers)
		}
		fmt.Fprintln(w)
	}
	if n.Topic != "" {
		fmt.Fprintf(w, "all\t\t\t\t\t\t\t\t%d\n", sum)
	}
	return w.Flush()
}

// warnMissing tells that a change is done, but does not show everywhere yet.
func warnMissing(term terminal, e app.Everywhere) {
	if len(e.Missing) > 0 {
		fmt.Fprintf(term.err, "done, but not shown within 5 s by: %s; each takes it from the database when it can\n",
			strings.Join(e.Missing, ", "))
	}
}
