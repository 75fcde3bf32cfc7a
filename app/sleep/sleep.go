// Package sleep lets a goroutine wait for a time that can be cut short. It imports none of our
// packages, and any of them may import it.
package sleep

import (
	"context"
	"time"
)

// For returns nil when d is over, or the cause of ctx as soon as that has ended, also if it had
// before. A d of zero or less is over at once.
func For(ctx context.Context, d time.Duration) error {
	if ctx.Err() != nil || d <= 0 {
		return context.Cause(ctx)
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
