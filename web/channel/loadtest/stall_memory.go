//go:build linux

package main

import (
	"context"
	"fmt"
	"io"
)

// measureStallMemory sends frames of its own to each of the slow ones, so that
// nothing is shared, and looks how much each costs at most before it is closed.
func measureStallMemory(ctx context.Context, to io.Writer, slow int) error {
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
