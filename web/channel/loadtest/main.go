//go:build linux

// Command loadtest measures what sockets of web/channel cost, beside two floors: (a)
// gorilla/websocket with one prepared frame written in a loop, (b) the same frame
// written by the bare net.Conn. It prints tables in Markdown.
//
//	go run ./web/channel/loadtest -sockets 10000
//
// # How it measures
//
// Every server is a process of its own, and so is the load on it: a generator that
// opens the sockets, reads them through one epoll and counts the frames that arrive.
// All of them are this program, started again; they take orders as lines of JSON on
// their standard input and end when it does. So CPU is that of the server alone, by
// getrusage, user and system; the kernel's work of bringing a frame over the loopback
// is in it, since it is done on the sender's time.
//
// Servers that are compared run at the same time with all their sockets, and take turns; a ratio is
// the median of the ratios of the turns. These ratios are worth more than the absolute figures,
// which depend on the machine and on what else runs on it.
package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"time"
)

// mostSockets leaves a process that may open 20,000 files some for itself.
const mostSockets = 19_000

// config says how much to measure.
type config struct {
	sockets int
	turns   int           // of servers that are compared
	seconds int           // broadcasts of a turn at one a second
	pace    time.Duration // that second
	walk    int           // subscribers without a socket
	only    string        // one measurement, all if empty
}

func main() {
	if role, ok := childRole(os.Args); ok {
		os.Exit(obey(role))
	}
	cfg := config{}
	flag.IntVar(&cfg.sockets, "sockets", 10_000, "sockets of each server")
	flag.IntVar(&cfg.turns, "turns", 5, "turns of servers that are compared; ratios are medians of them")
	flag.IntVar(&cfg.seconds, "seconds", 5, "broadcasts of a turn at one a second")
	flag.DurationVar(&cfg.pace, "pace", time.Second, "how long that second takes")
	flag.IntVar(&cfg.walk, "walk", 1_000_000, "subscribers without a socket")
	flag.StringVar(&cfg.only, "only", "", "measure only this: broadcast, idle, stall or walk")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, cfg, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "loadtest:", err)
		os.Exit(1)
	}
}

// run measures and prints.
func run(ctx context.Context, cfg config, to io.Writer) error {
	if cfg.sockets < 10 || cfg.sockets > mostSockets {
		return fmt.Errorf("-sockets must be from 10 to %d", mostSockets)
	}
	cfg.turns, cfg.seconds = max(cfg.turns, 1), max(cfg.seconds, 1)
	known := false
	for _, m := range []struct {
		name    string
		measure func(context.Context, config, io.Writer) error
	}{
		{"broadcast", measureBroadcast},
		{"idle", measureIdle},
		{"stall", measureStall},
		{"walk", measureWalk},
	} {
		if cmp.Or(cfg.only, m.name) != m.name {
			continue
		}
		known = true
		if err := m.measure(ctx, cfg, to); err != nil {
			return fmt.Errorf("%s: %w", m.name, err)
		}
	}
	if !known {
		return errors.New("-only names no measurement")
	}
	return nil
}
