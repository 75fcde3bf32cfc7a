//go:build linux

package main

import (
	"context"
	"fmt"
	"io"
	"maps"
	"slices"
)

// A tenth of the sockets stop reading. The kernel's buffers are small, else they
// would hide it for megabytes.
const (
	stallText   = 1000     // bytes of a frame's payload
	stallBurst  = 10       // broadcasts at a time; the next follow when those who read have them
	sendBuffer  = 8 << 10  // SO_SNDBUF, which the kernel doubles
	receiveSize = 8 << 10  // SO_RCVBUF, too
	queueLimit  = 64 << 10 // the server's MaxQueue
	tooSlow     = 1013     // the close code for a full queue
)

// stallTraffic is how many broadcasts must fill up a socket that does not read: the
// kernel's buffers, the queue, and the frame being written.
const stallTraffic = (2*sendBuffer+2*receiveSize+queueLimit)/stallText + 2

// measureStall compares a server a tenth of whose clients stop reading with one that
// has those others only.
func measureStall(ctx context.Context, cfg config, to io.Writer) error {
	var pairs [2]*pair
	for i := range pairs {
		p, err := startPair(ctx, "ours", sendBuffer)
		if err != nil {
			return err
		}
		defer p.stop()
		pairs[i] = p
	}
	stalled := pairs[1]
	slow := cfg.sockets / 10
	quick := cfg.sockets - slow
	for _, p := range pairs {
		if err := p.connect("quick", quick, everybody); err != nil {
			return err
		}
	}
	var with, without []float64
	var delivered [2]int
	codes, worst := map[int]int{}, 0
	for turn := range cfg.turns + 1 {
		if err := stall(stalled, slow, everybody); err != nil {
			return err
		}
		run := func(i int) (float64, error) {
			cpu, err := pairs[i].cpu(func() error {
				for sent := 0; sent < stallTraffic; sent += stallBurst {
					delivered[i] += stallBurst * quick
					if _, err := pairs[i].server.ask(order{Do: "broadcast", Topic: everybody, Count: stallBurst, Size: stallText}); err != nil {
						return err
					}
					if _, err := pairs[i].load.ask(order{Do: "delivered", Count: delivered[i]}); err != nil {
						return err
					}
				}
				return nil
			})
			return micros(cpu, stallTraffic*quick), err
		}
		b, err := run(1)
		if err != nil {
			return err
		}
		r, err := stalled.server.ask(order{Do: "subscribed", Topic: everybody})
		if err != nil {
			return err
		}
		worst = max(worst, r.Count-quick)
		got, err := hangUpSlow(stalled, slow*(turn+1))
		if err != nil {
			return err
		}
		codes = got.Codes
		delivered[1] = got.Count // those who were slow have got some, too
		a, err := run(0)
		if err != nil {
			return err
		}
		if turn > 0 { // the first warms up
			with, without = append(with, b), append(without, a)
		}
	}
	fmt.Fprintf(to, "%d of %d clients stop reading, %d times; broadcasts of %d bytes, SO_SNDBUF and SO_RCVBUF %d KiB before doubling:\n\n",
		slow, cfg.sockets, cfg.turns+1, stallText, sendBuffer>>10)
	fmt.Fprintln(to, "| what | measured | wanted |\n| --- | --- | --- |")
	fmt.Fprintf(to, "| not yet closed after %d broadcasts, which their buffers and queues cannot hold | %d | 0 |\n", stallTraffic, worst)
	fmt.Fprintf(to, "| close codes | %s | only %d |\n", listCodes(codes), tooSlow)
	fmt.Fprintf(to, "| CPU per delivery to the others | %.2f µs, %.2f µs if nobody stalls: **%.2f** | ≤ 1.2 |\n",
		median(with), median(without), median(ratios(with, without)))
	return measureStallMemory(ctx, cfg, to, slow)
}

// stall opens sockets that join the topic and stop reading.
func stall(p *pair, n int, topic string) error {
	if _, err := p.load.ask(order{
		Do: "connect", Addr: p.addr, Group: "slow", Count: n, Topic: topic, Join: true, Buffer: receiveSize,
	}); err != nil {
		return err
	}
	_, err := p.load.ask(order{Do: "stop", Group: "slow"})
	return err
}

// hangUpSlow reads what was sent to the slow ones, until the server has closed them.
func hangUpSlow(p *pair, gone int) (r report, err error) {
	if _, err = p.load.ask(order{Do: "resume", Group: "slow"}); err != nil {
		return r, err
	}
	if r, err = p.load.ask(order{Do: "gone", Count: gone}); err != nil {
		return r, err
	}
	codes := r.Codes
	if _, err = p.load.ask(order{Do: "forget", Group: "slow"}); err != nil {
		return r, err
	}
	r, err = p.load.ask(order{Do: "delivered"})
	r.Codes = codes
	return r, err
}

func listCodes(codes map[int]int) (list string) {
	for _, code := range slices.Sorted(maps.Keys(codes)) {
		if list != "" {
			list += ", "
		}
		list += fmt.Sprintf("%d × %d", codes[code], code)
	}
	return list
}

// measureStallMemory sends frames of its own to each of the slow ones, so that
// nothing is shared, and looks how much each costs at most before it is closed.
func measureStallMemory(ctx context.Context, cfg config, to io.Writer, slow int) error {
	p, err := startPair(ctx, "ours", sendBuffer)
	if err != nil {
		return err
	}
	defer p.stop()
	const topic = "push:slow"
	if err := stall(p, slow, topic); err != nil {
		return err
	}
	before, err := p.server.ask(order{Do: "collect"})
	if err != nil {
		return err
	}
	most, heldMost := 0, 0
	for range stallTraffic {
		if _, err := p.server.ask(order{Do: "push", Topic: topic, Size: stallText}); err != nil {
			return err
		}
		r, err := p.server.ask(order{Do: "collect"})
		if err != nil {
			return err
		}
		held := r.Usage.Heap + r.Usage.Stacks - before.Usage.Heap - before.Usage.Stacks
		most, heldMost = max(most, r.Usage.RSS-before.Usage.RSS), max(heldMost, held)
	}
	fmt.Fprintf(to, "| most that each costs, frames of its own | objects and stacks **%.1f KiB**, RSS %.1f KiB | ≤ 64 KiB and the current frame |\n\n",
		float64(heldMost)/1024/float64(slow), float64(most)/1024/float64(slow))
	return nil
}
