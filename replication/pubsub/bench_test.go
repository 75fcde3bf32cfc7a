package pubsub

import (
	"fmt"
	"testing"
)

// tally is the least a subscriber can do; one per subscription, as channels are.
type tally struct {
	n int
	_ [56]byte // a cache line each, like real ones
}

func (t *tally) Deliver(*Message) { t.n++ }

// BenchmarkBroadcast calls every subscriber's Deliver. On one core (-cpu 1) a
// million should take no more than 42 ms.
func BenchmarkBroadcast(b *testing.B) {
	for _, n := range []int{1, 100, 10_000, 1_000_000} {
		b.Run(fmt.Sprintf("subscribers=%d", n), func(b *testing.B) {
			ps := New()
			all := make([]tally, n)
			for i := range all {
				ps.Subscribe("room:1", &all[i])
			}
			b.ReportAllocs()
			for b.Loop() {
				ps.Broadcast("room:1", "shout", nil)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(n), "ns/subscriber")
		})
	}
}

// BenchmarkSubscribe joins and leaves a topic that has n subscribers already: the
// time must not grow with them.
func BenchmarkSubscribe(b *testing.B) {
	for _, n := range []int{0, 1000, 1_000_000} {
		b.Run(fmt.Sprintf("subscribers=%d", n), func(b *testing.B) {
			ps := New()
			var c counter
			for range n {
				ps.Subscribe("room:1", &c)
			}
			b.ReportAllocs()
			for b.Loop() {
				ps.Subscribe("room:1", &c).Unsubscribe()
			}
		})
	}
}
