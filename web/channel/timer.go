package channel

import (
	"context"
	"time"
)

// Timer hands a value to HandleInfo of its channel, once or again and again. It ends
// with the channel, and costs no goroutine while it waits.
type Timer struct {
	s     *Socket
	value any
	every time.Duration // 0: once

	// Guarded by the channel's lock.
	timer *time.Timer
	due   time.Time
	sent  bool // its value is in the mailbox
	done  bool
}

// After hands the value to HandleInfo when the time has passed, unless the channel
// has ended or the timer was stopped. It may be called from any goroutine, Join
// included; there is always room for the value.
func (s *Socket) After(d time.Duration, value any) *Timer { return s.startTimer(d, 0, value) }

// Every hands the value to HandleInfo again and again. A channel that is behind gets
// it once for all the times it missed. Every panics if d is not positive.
func (s *Socket) Every(d time.Duration, value any) *Timer {
	if d <= 0 {
		panic("channel: Every wants a positive duration")
	}
	return s.startTimer(d, d, value)
}

func (s *Socket) startTimer(d, every time.Duration, value any) *Timer {
	t := &Timer{s: s, value: value, every: every}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.state == closed {
		t.done = true
		return t
	}
	t.due = time.Now().Add(d)
	t.timer = time.AfterFunc(d, t.fire)
	s.belongings().timers[t] = struct{}{}
	return t
}

// Stop ends the timer. When a callback of the channel calls it, the value does not
// arrive any more; otherwise it may be on its way. Stopping again does nothing.
func (t *Timer) Stop() {
	t.s.mu.Lock()
	defer t.s.mu.Unlock()
	if !t.done {
		t.stop()
		delete(t.s.own.timers, t)
	}
}

// stop is called with the channel's lock.
func (t *Timer) stop() {
	t.done = true
	t.timer.Stop()
}

// fire puts the value into the mailbox, if it is not there still.
func (t *Timer) fire() {
	t.s.mu.Lock()
	defer t.s.mu.Unlock()
	if t.done {
		return
	}
	if t.every > 0 {
		t.due = t.due.Add(t.every)
		if wait := time.Until(t.due); wait <= 0 { // the whole process was asleep
			t.due = time.Now().Add(t.every)
		}
		t.timer.Reset(time.Until(t.due))
	}
	if !t.sent {
		t.sent = true
		t.s.mail = append(t.s.mail, tick{t})
		t.s.ensureRunning()
	}
}

// arrived takes the value out of the mailbox, and reports whether it is still wanted.
func (t *Timer) arrived() bool {
	t.s.mu.Lock()
	defer t.s.mu.Unlock()
	t.sent = false
	if t.done {
		return false
	}
	if t.every == 0 {
		t.done = true
		delete(t.s.own.timers, t)
	}
	return true
}

// tick is a timer's value in the mailbox.
type tick struct{ *Timer }

func (k tick) open(ctx context.Context, s *Socket) {
	if k.arrived() {
		s.handleInfo(ctx, k.value)
	}
}
