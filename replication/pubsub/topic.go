package pubsub

import (
	"math/bits"
	"sync"
)

// chunkSize is how many subscribers share a lock and are copied together: one bit
// each in a word.
const chunkSize = 64

// topic holds the subscribers of one topic, guarded by its shard's lock.
type topic struct {
	name   string
	shard  *shard
	count  int
	chunks []*chunk // only ever appended to: a broadcast walks an older header of it
	roomy  []*chunk // those of them that have a free place
}

// chunk holds up to 64 subscribers. A writer holds the shard's lock and mu, a copier only mu.
type chunk struct {
	mu     sync.Mutex
	used   uint64       // which places are taken
	places []Subscriber // grows up to chunkSize: most topics have one subscriber
}

// add finds a free place, in constant time.
func (t *topic) add(s Subscriber) (*chunk, int) {
	if len(t.roomy) == 0 {
		c := &chunk{}
		t.chunks = append(t.chunks, c)
		t.roomy = append(t.roomy, c)
	}
	last := len(t.roomy) - 1
	c := t.roomy[last]
	place := c.put(s)
	if c.full() {
		t.roomy[last] = nil
		t.roomy = t.roomy[:last]
	}
	t.count++
	return c, place
}

// remove frees a place, in constant time.
func (t *topic) remove(c *chunk, place int) {
	if c.full() {
		t.roomy = append(t.roomy, c)
	}
	c.release(place)
	t.count--
}

func (c *chunk) full() bool { return c.used == 1<<chunkSize-1 }

func (c *chunk) put(s Subscriber) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	place := bits.TrailingZeros64(^c.used)
	if place == len(c.places) {
		c.places = append(c.places, s)
	} else {
		c.places[place] = s
	}
	c.used |= 1 << place
	return place
}

func (c *chunk) release(place int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.places[place] = nil
	c.used &^= 1 << place
}

// copyTo copies the chunk's places and says which of them are taken.
func (c *chunk) copyTo(places *[chunkSize]Subscriber) (used uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	copy(places[:], c.places)
	return c.used
}
