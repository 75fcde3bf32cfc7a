//go:build linux

package main

import (
	"context"
	"fmt"
	"io"
	"time"

	"sneakers23/replication/pubsub"
)

// tally is a subscriber that counts.
type tally struct {
	n int
	_ [56]byte // a cache line each, like real ones
}

// Deliver counts.
func (t *tally) Deliver(*pubsub.Message) { t.n++ }

// walk returns how long a broadcast to n subscribers takes, the median of some.
func walk(n int) time.Duration {
	ps := pubsub.New()
	all := make([]tally, n)
	for i := range all {
		ps.Subscribe(everybody, &all[i])
	}
	var took []float64
	for range 9 {
		start := time.Now()
		ps.Broadcast(everybody, "noise", nil)
		took = append(took, float64(time.Since(start)))
	}
	return time.Duration(median(took))
}

// measureWalk measures a broadcast without sockets, on one core.
func measureWalk(ctx context.Context, cfg config, to io.Writer) error {
	c, err := startChild(ctx, "walk", "GOMAXPROCS=1")
	if err != nil {
		return err
	}
	defer c.stop()
	r, err := c.ask(order{Do: "walk", Count: cfg.walk})
	if err != nil {
		return err
	}
	perMillion := r.Took.Seconds() * 1000 * 1e6 / float64(cfg.walk)
	fmt.Fprintf(to, "Calling each of %d subscribers on one core: **%.1f ms** a million (wanted: ≤ 42 ms).\n",
		cfg.walk, perMillion)
	return nil
}
