package rehearsal

import (
	"math"
	"sync/atomic"
	"time"
)

// histogram counts durations in buckets, each 2 % wider than the one before. Its methods may be
// called from any goroutine.
type histogram struct {
	buckets [buckets]atomic.Int64
	max     atomic.Int64
}

const (
	buckets  = 1024
	growth   = 1.02
	shortest = 10 * time.Microsecond // what is shorter counts as that; the last bucket ends after more than an hour
)

func (h *histogram) add(d time.Duration) {
	i := 0
	if d > shortest {
		i = min(buckets-1, int(math.Ceil(math.Log(float64(d)/float64(shortest))/math.Log(growth))))
	}
	h.buckets[i].Add(1)
	for {
		most := h.max.Load()
		if int64(d) <= most || h.max.CompareAndSwap(most, int64(d)) {
			return
		}
	}
}

// Latency sums up durations, in milliseconds. Percentiles are right to 2 %, the longest is exact.
type Latency struct {
	Count int64   `json:"count"`
	P50   float64 `json:"p50_ms"`
	P90   float64 `json:"p90_ms"`
	P99   float64 `json:"p99_ms"`
	Max   float64 `json:"max_ms"`
}

func (h *histogram) latency() Latency {
	var counts [buckets]int64
	l := Latency{Max: milliseconds(time.Duration(h.max.Load()))}
	for i := range counts {
		counts[i] = h.buckets[i].Load()
		l.Count += counts[i]
	}
	percentile := func(share float64) float64 {
		rank, seen := int64(math.Ceil(share*float64(l.Count))), int64(0)
		for i, n := range counts {
			if seen += n; n > 0 && seen >= rank {
				return min(l.Max, milliseconds(time.Duration(float64(shortest)*math.Pow(growth, float64(i)))))
			}
		}
		return 0
	}
	l.P50, l.P90, l.P99 = percentile(0.50), percentile(0.90), percentile(0.99)
	return l
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
