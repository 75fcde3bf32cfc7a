package main

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"sneakers23/app/operator"
	"sneakers23/cmd/console"
)

// slowNode is a seller that takes its time.
type slowNode struct {
	left  int
	takes time.Duration
	calls int
	fails int // at which call; 0 for none
}

func (n *slowNode) Sell(ctx context.Context, q operator.SellRequest) (operator.Sold, error) {
	time.Sleep(n.takes)
	if n.calls++; n.calls == n.fails {
		return operator.Sold{Sold: 3}, errors.New("the disk is full")
	}
	sold := min(q.Count, n.left)
	n.left -= sold
	return operator.Sold{Sold: sold, Left: n.left}, ctx.Err()
}

// TestSellShowsProgress sells at a node that takes seconds for a tick: the bar moves before, within
// and between the ticks.
func TestSellShowsProgress(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var seen bytes.Buffer
		cmd := &sellCmd{PerTick: 500, Every: 6 * time.Second}
		node := &slowNode{left: 1200, takes: 2500 * time.Millisecond}
		sold, left, err := cmd.untilGone(t.Context(), node, 1200, &progress{
			w: console.New(&seen), bar: true, began: time.Now(),
		})
		if sold != 1200 || left != 0 || err != nil {
			t.Errorf("sold %d, left %d, %v", sold, left, err)
		}
		var words []string
		for _, drawn := range strings.Split(seen.String(), "\r\x1b[K") {
			words = append(words, strings.TrimSpace(strings.TrimLeft(drawn, "█░")))
		}
		got, want := strings.Join(words, "\n"), strings.TrimPrefix(`

0 of 1200 sold; selling 500; Ctrl-C stops
0 of 1200 sold, 0 a second; selling 500, for 1s now; Ctrl-C stops
0 of 1200 sold, 0 a second; selling 500, for 2s now; Ctrl-C stops
500 of 1200 sold, 200 a second; Ctrl-C stops
500 of 1200 sold, 143 a second; next tick in 3s; Ctrl-C stops
500 of 1200 sold, 111 a second; next tick in 2s; Ctrl-C stops
500 of 1200 sold, 91 a second; next tick in 1s; Ctrl-C stops
500 of 1200 sold, 83 a second; selling 500; Ctrl-C stops
500 of 1200 sold, 71 a second; selling 500, for 1s now; Ctrl-C stops
500 of 1200 sold, 62 a second; selling 500, for 2s now; Ctrl-C stops
1000 of 1200 sold, 118 a second; Ctrl-C stops
1000 of 1200 sold, 105 a second; next tick in 3s; Ctrl-C stops
1000 of 1200 sold, 95 a second; next tick in 2s; Ctrl-C stops
1000 of 1200 sold, 87 a second; next tick in 1s; Ctrl-C stops
1000 of 1200 sold, 83 a second; selling 500; Ctrl-C stops
1000 of 1200 sold, 77 a second; selling 500, for 1s now; Ctrl-C stops
1000 of 1200 sold, 71 a second; selling 500, for 2s now; Ctrl-C stops
1200 of 1200 sold, 83 a second; Ctrl-C stops
`, "\n")
		if got != want {
			t.Errorf("shown is\n%s\nwant\n%s", got, want)
		}
	})
}

// TestSellStops counts a tick that was begun before Ctrl-C, and what a tick has sold that failed.
func TestSellStops(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		cmd := &sellCmd{PerTick: 10, Every: time.Minute}
		for name, tt := range map[string]struct {
			stopAfter  time.Duration
			fails      int
			sold, left int
		}{
			"within a tick":  {stopAfter: time.Second, sold: 10, left: 90},
			"between two":    {stopAfter: time.Minute - time.Second, sold: 10, left: 90},
			"by a failure":   {stopAfter: time.Hour, fails: 2, sold: 13, left: 90},
			"when it begins": {sold: 0, left: 100},
		} {
			ctx, cancel := context.WithCancel(t.Context())
			if tt.stopAfter == 0 {
				cancel()
			}
			stop := time.AfterFunc(tt.stopAfter, cancel)
			var seen bytes.Buffer
			p := &progress{w: console.New(&seen), bar: true, began: time.Now()}
			sold, left, err := cmd.untilGone(ctx, &slowNode{left: 100, takes: 3 * time.Second, fails: tt.fails}, 100, p)
			if (err != nil) != (tt.fails > 0) || left != tt.left || sold != tt.sold {
				t.Errorf("%s: sold %d, left %d, %v; want %d, %d", name, sold, left, err, tt.sold, tt.left)
			}
			if within := name == "within a tick"; strings.Contains(seen.String(), "stops after that") != within {
				t.Errorf("%s: shown is %q", name, seen.String())
			}
			stop.Stop()
			cancel()
		}
	})
}
