package device

import (
	"math/rand/v2"
	"time"
)

// backoff gives the pauses between attempts to connect: exponential, with full jitter.
type backoff struct {
	base, most time.Duration
	failures   int // in a row
}

// next counts a failure, and returns the pause before the next attempt: random, below the limit for
// so many failures. The jitter is full so that the devices of a node that was killed do not reach
// the next one together.
func (b *backoff) next() time.Duration {
	limit := b.base
	for range b.failures {
		if limit >= b.most/2 {
			limit = b.most
			break
		}
		limit *= 2
	}
	b.failures++
	return rand.N(limit)
}

// reset begins with the shortest pause again.
func (b *backoff) reset() { b.failures = 0 }
