//go:build linux

package main

import (
	"fmt"
	"io"
)

// measureAllocs counts the objects that a broadcast makes, for all subscribers and
// for a tenth of them.
func measureAllocs(cfg config, p *pair, to io.Writer) error {
	if _, err := p.load.ask(order{Do: "join", Group: "all", Topic: everyTenth, Every: 10}); err != nil {
		return err
	}
	fmt.Fprintln(to, "Objects that the server allocates per broadcast:\n\n| subscribers | one at a time | in a burst of 100 |")
	fmt.Fprintln(to, "| --- | --- | --- |")
	for _, audience := range []struct {
		topic string
		size  int
	}{{everyTenth, (cfg.sockets + 9) / 10}, {everybody, cfg.sockets}} {
		alone, err := allocs(p, audience.topic, 1, audience.size)
		if err != nil {
			return err
		}
		inBurst, err := allocs(p, audience.topic, burstSize, audience.size)
		if err != nil {
			return err
		}
		fmt.Fprintf(to, "| %d | %.0f | %.1f |\n", audience.size, alone, inBurst)
	}
	fmt.Fprintln(to)
	return nil
}

// allocs returns how many objects a broadcast makes, in bursts of a size.
func allocs(p *pair, topic string, burst, subscribers int) (float64, error) {
	const rounds = 5
	if err := p.broadcast(topic, burst, textSize, subscribers); err != nil { // fills pools
		return 0, err
	}
	before, err := p.server.ask(order{Do: "held"})
	if err != nil {
		return 0, err
	}
	for range rounds {
		if err := p.broadcast(topic, burst, textSize, subscribers); err != nil {
			return 0, err
		}
	}
	after, err := p.server.ask(order{Do: "held"})
	return float64(after.Usage.Mallocs-before.Usage.Mallocs) / float64(rounds*burst), err
}
