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

// measureBroadcast measures the CPU of a broadcast to all sockets of a server, in
// turns with the floors.
func measureBroadcast(ctx context.Context, cfg config, to io.Writer) error {
	kinds := []string{"gorilla", "bare", "ours", "epoll"}
	pairs := make([]*pair, len(kinds))
	for i, kind := range kinds {
		p, err := startPair(ctx, kind, 0)
		if err != nil {
			return err
		}
		defer p.stop()
		pairs[i] = p
		topic := everybody
		if i < floors {
			topic = "" // a floor knows no joins
		}
		if err := p.connect("all", cfg.sockets, topic); err != nil {
			return err
		}
	}
	delivered := make(map[*pair]int)
	burst := func(p *pair, n int) error {
		delivered[p] += n * cfg.sockets
		if _, err := p.server.ask(order{Do: "broadcast", Topic: everybody, Count: n, Size: textSize}); err != nil {
			return err
		}
		_, err := p.load.ask(order{Do: "delivered", Count: delivered[p]})
		return err
	}
	modes := []mode{
		{"one a second", 1.1, func(p *pair) error {
			for range cfg.seconds {
				next := time.After(cfg.pace)
				if err := burst(p, 1); err != nil {
					return err
				}
				<-next
			}
			return nil
		}, cfg.seconds},
		{fmt.Sprintf("burst of %d", burstSize), 0.7, func(p *pair) error { return burst(p, burstSize) }, burstSize},
	}
	fmt.Fprintf(to, "CPU of the server per delivery of a broadcast to %d sockets, %d bytes; medians of %d turns:\n\n",
		cfg.sockets, textSize, cfg.turns)
	fmt.Fprintln(to, "| broadcasts | (a) gorilla, µs | (b) bare, µs | ours, µs | of (a) | wanted | of (b) | ours with epoll, µs | of (a) |")
	fmt.Fprintln(to, "| --- | --- | --- | --- | --- | --- | --- | --- | --- |")
	for _, m := range modes {
		turns, err := takeTurns(cfg, pairs, m)
		if err != nil {
			return err
		}
		gorilla, bare, ours, epoll := turns[0], turns[1], turns[2], turns[3]
		fmt.Fprintf(to, "| %s | %.2f | %.2f | %.2f | **%.2f** | ≤ %.1f | %.2f | %.2f | **%.2f** |\n", m.name,
			median(gorilla), median(bare), median(ours), median(ratios(ours, gorilla)), m.target, median(ratios(ours, bare)),
			median(epoll), median(ratios(epoll, gorilla)))
	}
	fmt.Fprintln(to)
	return measureAllocs(cfg, pairs[floors], to, delivered[pairs[floors]])
}

// takeTurns returns the µs per delivery of each pair in each turn. Nobody is always
// the first.
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

// measureAllocs counts the objects that a broadcast makes, for all subscribers and
// for a tenth of them.
func measureAllocs(cfg config, p *pair, to io.Writer, delivered int) error {
	if _, err := p.load.ask(order{Do: "join", Group: "all", Topic: everyTenth, Every: 10}); err != nil {
		return err
	}
	fmt.Fprintln(to, "Objects that the server allocates per broadcast:\n\n| subscribers | one at a time | in a burst of 100 |")
	fmt.Fprintln(to, "| --- | --- | --- |")
	for _, topic := range []string{everyTenth, everybody} {
		subscribers := cfg.sockets
		if topic == everyTenth {
			subscribers = (cfg.sockets + 9) / 10
		}
		var objects [2]float64
		for i, burst := range []int{1, burstSize} {
			const rounds = 5
			var before, after report
			var err error
			for round := range rounds + 1 {
				if round == 1 { // the first fills pools
					if before, err = p.server.ask(order{Do: "held"}); err != nil {
						return err
					}
				}
				if _, err := p.server.ask(order{Do: "broadcast", Topic: topic, Count: burst, Size: textSize}); err != nil {
					return err
				}
				delivered += burst * subscribers
				if _, err := p.load.ask(order{Do: "delivered", Count: delivered}); err != nil {
					return err
				}
			}
			if after, err = p.server.ask(order{Do: "held"}); err != nil {
				return err
			}
			objects[i] = float64(after.Usage.Mallocs-before.Usage.Mallocs) / float64(rounds*burst)
		}
		fmt.Fprintf(to, "| %d | %.0f | %.1f |\n", subscribers, objects[0], objects[1])
	}
	fmt.Fprintln(to)
	return nil
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
