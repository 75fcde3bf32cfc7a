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
	calm, err := startPair(ctx, "ours", sendBuffer)
	if err != nil {
		return err
	}
	defer calm.stop()
	stalled, err := startPair(ctx, "ours", sendBuffer)
	if err != nil {
		return err
	}
	defer stalled.stop()
	m := stallMeasurement{calm: calm, stalled: stalled, slow: cfg.sockets / 10}
	m.quick = cfg.sockets - m.slow
	for _, p := range []*pair{calm, stalled} {
		if err := p.connect("quick", m.quick, everybody); err != nil {
			return err
		}
	}
	if err := m.takeTurn(); err != nil { // warms up
		return err
	}
	m.with, m.without = nil, nil
	for range cfg.turns {
		if err := m.takeTurn(); err != nil {
			return err
		}
	}
	m.print(to)
	return measureStallMemory(ctx, to, m.slow)
}

// stallMeasurement is what two servers in turns have shown.
type stallMeasurement struct {
	calm, stalled *pair
	slow, quick   int
	with, without []float64 // µs per delivery to the quick ones, beside slow ones and alone
	worst         int       // of the slow ones in a turn, how many were not closed
	gone          int       // slow ones of all turns
	codes         map[int]int
}

func (m *stallMeasurement) takeTurn() error {
	if err := stall(m.stalled, m.slow, everybody); err != nil {
		return err
	}
	with, err := m.traffic(m.stalled)
	if err != nil {
		return err
	}
	r, err := m.stalled.server.ask(order{Do: "subscribed", Topic: everybody})
	if err != nil {
		return err
	}
	m.worst = max(m.worst, r.Count-m.quick)
	m.gone += m.slow
	if m.codes, err = hangUpSlow(m.stalled, m.gone); err != nil {
		return err
	}
	without, err := m.traffic(m.calm)
	m.with, m.without = append(m.with, with), append(m.without, without)
	return err
}

// traffic returns the CPU of the server for each delivery to a quick one.
func (m *stallMeasurement) traffic(p *pair) (float64, error) {
	cpu, err := p.cpu(func() error {
		for sent := 0; sent < stallTraffic; sent += stallBurst {
			if err := p.broadcast(everybody, stallBurst, stallText, m.quick); err != nil {
				return err
			}
		}
		return nil
	})
	return micros(cpu, stallTraffic*m.quick), err
}

func (m *stallMeasurement) print(to io.Writer) {
	fmt.Fprintf(to, "%d of %d clients stop reading, %d times; broadcasts of %d bytes, SO_SNDBUF and SO_RCVBUF %d KiB before doubling:\n\n",
		m.slow, m.slow+m.quick, m.gone/m.slow, stallText, sendBuffer>>10)
	fmt.Fprintln(to, "| what | measured | wanted |\n| --- | --- | --- |")
	fmt.Fprintf(to, "| not yet closed after %d broadcasts, which their buffers and queues cannot hold | %d | 0 |\n",
		stallTraffic, m.worst)
	fmt.Fprintf(to, "| close codes | %s | only %d |\n", listCodes(m.codes), tooSlow)
	fmt.Fprintf(to, "| CPU per delivery to the others | %.2f µs, %.2f µs if nobody stalls: **%.2f** | ≤ 1.2 |\n",
		median(m.with), median(m.without), median(ratios(m.with, m.without)))
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

// hangUpSlow reads what was sent to the slow ones, until the server has closed them,
// and returns the codes of all that were closed so far.
func hangUpSlow(p *pair, gone int) (codes map[int]int, err error) {
	if _, err = p.load.ask(order{Do: "resume", Group: "slow"}); err != nil {
		return nil, err
	}
	closed, err := p.load.ask(order{Do: "gone", Count: gone})
	if err != nil {
		return nil, err
	}
	if _, err = p.load.ask(order{Do: "forget", Group: "slow"}); err != nil {
		return nil, err
	}
	r, err := p.load.ask(order{Do: "delivered"})
	p.delivered = r.Count // they have got some, too
	return closed.Codes, err
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
