//go:build linux

package main

import (
	"context"
	"fmt"
	"io"
	"time"
)

// heartbeats is how many rounds of them stand for an hour or so.
const heartbeats = 10

// measureIdle measures what connecting and joining costs, and what is kept for a
// socket that joined three topics: two that all join, and one of its own.
func measureIdle(ctx context.Context, cfg config, to io.Writer) error {
	alone, err := connectFloor(ctx, cfg)
	if err != nil {
		return err
	}
	for _, f := range []form{{"ours", "a goroutine waits", 10 << 10}, {"epoll", "epoll waits", 4 << 10}} {
		if err := f.measure(ctx, cfg, alone, to); err != nil {
			return err
		}
	}
	return nil
}

// form is how our sockets wait.
type form struct {
	kind   string
	name   string
	memory int // bytes a socket may take
}

func (f form) measure(ctx context.Context, cfg config, alone time.Duration, to io.Writer) error {
	p, err := startPair(ctx, f.kind, 0)
	if err != nil {
		return err
	}
	defer p.stop()
	before, err := p.server.ask(order{Do: "collect"})
	if err != nil {
		return err
	}
	var cpu [4]time.Duration
	for i, do := range idleLife(p, cfg) {
		if cpu[i], err = p.cpu(do); err != nil {
			return err
		}
	}
	each := func(i int) float64 { return micros(cpu[i], cfg.sockets) }
	fmt.Fprintf(to, "CPU of the server per socket, of %d, when %s:\n\n| what | µs | wanted |\n| --- | --- | --- |\n",
		cfg.sockets, f.name)
	fmt.Fprintf(to, "| connect, with the first join | **%.1f** | ≤ 100 |\n", each(0))
	fmt.Fprintf(to, "| floor (a), connect alone | %.1f | |\n", micros(alone, cfg.sockets))
	fmt.Fprintf(to, "| second join, of a topic that all join | **%.1f** | ≤ 30 |\n", each(1))
	fmt.Fprintf(to, "| third join, of a topic of its own | **%.1f** | ≤ 30 |\n", each(2))
	fmt.Fprintf(to, "| heartbeat | %.1f | |\n\n", each(3)/heartbeats)

	dirty, err := p.server.ask(order{Do: "held"})
	if err != nil {
		return err
	}
	clean, err := p.server.ask(order{Do: "collect"})
	if err != nil {
		return err
	}
	fmt.Fprintf(to, "Memory per idle socket with three topics, after %d rounds of heartbeats, growth over the empty server:\n\n", heartbeats)
	fmt.Fprintln(to, "| what | bytes | wanted |\n| --- | --- | --- |")
	row := func(what string, of report, field func(usage) int, wanted string) {
		fmt.Fprintf(to, "| %s | %d | %s |\n", what, (field(of.Usage)-field(before.Usage))/cfg.sockets, wanted)
	}
	row("**RSS after GC and FreeOSMemory**", clean, func(u usage) int { return u.RSS }, fmt.Sprintf("≤ %d", f.memory))
	row("of it stacks", clean, func(u usage) int { return u.Stacks }, "")
	row("of it objects", clean, func(u usage) int { return u.Heap }, "")
	row("of it gaps between objects", clean, func(u usage) int { return u.Spans - u.Heap }, "")
	row("of it the rest: descriptors, tables of the runtime", clean,
		func(u usage) int { return u.RSS - u.Stacks - u.Spans }, "")
	row("RSS without that call", dirty, func(u usage) int { return u.RSS }, "")
	fmt.Fprintln(to)
	return f.measurePlaces(ctx, cfg, to)
}

// connectFloor returns what floor (a) uses to take the same connections, which join
// nothing.
func connectFloor(ctx context.Context, cfg config) (time.Duration, error) {
	p, err := startPair(ctx, "gorilla", 0)
	if err != nil {
		return 0, err
	}
	defer p.stop()
	return p.cpu(func() error { return p.connect("all", cfg.sockets, "") })
}

// idleLife is what the sockets do before they are idle.
func idleLife(p *pair, cfg config) []func() error {
	join := func(topic string) func() error {
		return func() error {
			_, err := p.load.ask(order{Do: "join", Group: "all", Topic: topic})
			return err
		}
	}
	return []func() error{
		func() error { return p.connect("all", cfg.sockets, everybody) },
		join("room:second"),
		join("room:own:"),
		func() error {
			for range heartbeats {
				if _, err := p.load.ask(order{Do: "heartbeat", Group: "all"}); err != nil {
					return err
				}
			}
			return nil
		},
	}
}

// measurePlaces says what the objects of an idle socket are, in a server of its own,
// since watching every allocation is slow.
func (f form) measurePlaces(ctx context.Context, cfg config, to io.Writer) error {
	p, err := startPair(ctx, f.kind, 0, profileAll)
	if err != nil {
		return err
	}
	defer p.stop()
	sockets := min(cfg.sockets, 2000)
	cfg.sockets = sockets
	for _, do := range idleLife(p, cfg) {
		if err := do(); err != nil {
			return err
		}
	}
	r, err := p.server.ask(order{Do: "places"})
	if err != nil {
		return err
	}
	fmt.Fprintln(to, "Objects of an idle socket, by the function that made them:\n\n| function | bytes |\n| --- | --- |")
	for _, place := range r.Places {
		if each := place.Bytes / sockets; each > 0 {
			fmt.Fprintf(to, "| `%s` | %d |\n", place.Func, each)
		}
	}
	fmt.Fprintln(to)
	return nil
}
