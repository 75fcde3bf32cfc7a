package inventory

import (
	"context"
	"fmt"
	"sync"
	"time"
)

// Clock tells the time of the shop, which is that of the database: drops open by it. The clock of a
// node may be another one. The zero Clock tells the node's own time. Its methods may be called from
// any goroutine.
type Clock struct {
	mu   sync.Mutex
	last reading
}

// reading is what one look at the database's clock has shown.
type reading struct {
	at     time.Time     // by the node's clock; zero for none
	ahead  time.Duration // of the database's clock, at most unsure more or less
	unsure time.Duration // the answer was under way for twice as long
}

// readingLasts is how long a reading is preferred to one that is less sure. Clocks drift by some
// milliseconds meanwhile.
const readingLasts = 30 * time.Second

// Now returns the time of the shop.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return time.Now().Add(c.last.ahead)
}

// learn takes what the database answered to a question that was sent and answered then, unless what
// is known is better. Two readings that contradict each other show that a clock was set: the later
// one counts.
func (c *Clock) learn(answer, sent, answered time.Time) {
	unsure := answered.Sub(sent) / 2
	now := reading{at: answered, ahead: answer.Sub(sent.Add(unsure)), unsure: unsure}
	c.mu.Lock()
	defer c.mu.Unlock()
	set := (now.ahead - c.last.ahead).Abs() > now.unsure+c.last.unsure
	if c.last.at.IsZero() || set || now.unsure <= c.last.unsure || answered.Sub(c.last.at) > readingLasts {
		c.last = now
	}
}

// readTime asks the database for its time.
func (s *Store) readTime(ctx context.Context, c *Clock) error {
	conn, err := s.pool.Acquire(ctx)
	if err != nil {
		return fmt.Errorf("read the time: %w", err)
	}
	defer conn.Release()
	var answer time.Time
	sent := time.Now()
	if err := conn.QueryRow(ctx, `SELECT shop_time()`).Scan(&answer); err != nil {
		return fmt.Errorf("read the time: %w", err)
	}
	c.learn(answer, sent, time.Now())
	return nil
}
