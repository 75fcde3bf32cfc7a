//go:build linux

package main

import (
	"context"
	"fmt"
	"io"
	"slices"
	"time"
)

const (
	everybody  = "room:all"
	everyTenth = "room:tenth"
	textSize   = 70  // bytes of a frame's payload
	burstSize  = 100 // broadcasts at once
)

// floors is how many of the servers are such.
const floors = 2

// mode is one way to broadcast.
type mode struct {
	name   string
	target float64 // of floor (a)
	run    func(*pair) error
	count  int // broadcasts
}

// modes are those that are measured.
func modes(cfg config) []mode {
	toAll := func(p *pair, count int) error { return p.broadcast(everybody, count, textSize, cfg.sockets) }
	return []mode{
		{"one a second", 1.1, func(p *pair) error {
			for range cfg.seconds {
				next := time.After(cfg.pace)
				if err := toAll(p, 1); err != nil {
					return err
				}
				<-next
			}
			return nil
		}, cfg.seconds},
		{fmt.Sprintf("burst of %d", burstSize), 0.7, func(p *pair) error { return toAll(p, burstSize) }, burstSize},
	}
}

// measureBroadcast measures the CPU of a broadcast to all sockets of a server, in
// turns with the floors.
func measureBroadcast(ctx context.Context, cfg config, to io.Writer) error {
	var pairs []*pair
	for i, kind := range []string{"gorilla", "bare", "ours", "epoll"} {
		p, err := startPair(ctx, kind, 0)
		if err != nil {
			return err
		}
		defer p.stop()
		pairs = append(pairs, p)
		topic := everybody
		if i < floors {
			topic = "" // a floor knows no joins
		}
		if err := p.connect("all", cfg.sockets, topic); err != nil {
			return err
		}
	}
	if err := measureModes(cfg, pairs, to); err != nil {
		return err
	}
	return measureAllocs(cfg, pairs[floors], to)
}

// measureModes prints a row for each way to broadcast.
func measureModes(cfg config, pairs []*pair, to io.Writer) error {
	fmt.Fprintf(to, "CPU of the server per delivery of a broadcast to %d sockets, %d bytes; medians of %d turns:\n\n",
		cfg.sockets, textSize, cfg.turns)
	fmt.Fprintln(to, "| broadcasts | (a) gorilla, µs | (b) bare, µs | ours, µs | of (a) | wanted | of (b) | ours with epoll, µs | of (a) |")
	fmt.Fprintln(to, "| --- | --- | --- | --- | --- | --- | --- | --- | --- |")
	for _, m := range modes(cfg) {
		turns, err := takeTurns(cfg, pairs, m)
		if err != nil {
			return err
		}
		gorilla, bare, ours, epoll := turns[0], turns[1], turns[2], turns[3]
		fmt.Fprintf(to, "| %s | %.2f | %.2f | %.2f | **%.2f** | ≤ %.1f | %.2f | %.2f | **%.2f** |\n", m.name,
			median(gorilla), median(bare), median(ours), median(ratios(ours, gorilla)), m.target, median(ratios(ours,
				bare)),
			median(epoll), median(ratios(epoll, gorilla)))
	}
	fmt.Fprintln(to)
	return nil
}

// takeTurns returns the µs per delivery of each pair in each turn. The pairs take turns at being
// first.
func takeTurns(cfg config, pairs []*pair, m mode) ([][]float64, error) {
	turns := make([][]float64, len(pairs))
	for turn := range cfg.turns + 1 {
		for i := range pairs {
			i = (i + turn) % len(pairs)
			cpu, err := pairs[i].cpu(func() error { return m.run(pairs[i]) })
			if err != nil {
				return nil, err
			}
			if turn > 0 { // the first warms up
				turns[i] = append(turns[i], micros(cpu, m.count*cfg.sockets))
			}
		}
	}
	return turns, nil
}

func micros(d time.Duration, n int) float64 { return float64(d.Nanoseconds()) / 1000 / float64(n) }

func ratios(a, b []float64) []float64 {
	all := make([]float64, len(a))
	for i := range a {
		all[i] = a[i] / b[i]
	}
	return all
}

func median(all []float64) float64 {
	sorted := slices.Sorted(slices.Values(all))
	return (sorted[(len(sorted)-1)/2] + sorted[len(sorted)/2]) / 2
}
