package admin

import (
	"container/list"
	"sync"
	"time"
)

const (
	firstDelay   = 500 * time.Millisecond // after the first wrong password; it doubles with each
	longestDelay = 8 * time.Second
	forgetAfter  = 10 * time.Minute // without a wrong one
	mostAtOnce   = 4                // wrong passwords of one origin that are being delayed
	mostSuspects = 10_000           // origins that are remembered: 3 MB
)

// attempts remembers where wrong passwords came from: an address, or a device that is known. The
// zero value is ready.
//
// Each wrong password takes one of a few places of its origin until its delay is over, even if the
// client disconnects: giving up early gains nothing. While all places are taken no password is
// judged, the right one included: otherwise guessing without a pause would find it. When too many
// origins are known, the one that has been quiet for longest is forgotten.
type attempts struct {
	mu       sync.Mutex
	suspects map[string]*list.Element
	order    list.List // of *suspect; in front, who failed last
}

// suspect is an origin of wrong passwords.
type suspect struct {
	from     string
	failures int
	last     time.Time
	places   [mostAtOnce]time.Time // until when each is taken
}

// verdict is how an attempt is answered.
type verdict int

const (
	welcome verdict = iota
	wrong
	tooMany
)

// judge tells how to answer an attempt whose password was right or not: a wrong one after the
// delay; when there were too many, that is how long it takes until the next may come.
func (a *attempts) judge(from string, right bool) (delay time.Duration, v verdict) {
	a.mu.Lock()
	defer a.mu.Unlock()
	now := time.Now()
	s := a.recall(from, now)
	if s == nil {
		if right {
			return 0, welcome
		}
		s = a.note(from, now)
	}
	place := s.nextPlace()
	switch busy := place.Sub(now); {
	case busy > 0:
		return busy, tooMany
	case right:
		return 0, welcome
	}
	delay = delayOf(s.failures)
	s.failures++
	s.last, *place = now, now.Add(delay)
	a.order.MoveToFront(a.suspects[from])
	return delay, wrong
}

// delayOf is the delay of a wrong password after so many others.
func delayOf(failures int) time.Duration {
	delay := firstDelay
	for range failures {
		if delay *= 2; delay >= longestDelay {
			return longestDelay
		}
	}
	return delay
}

// recall forgets whose last failure is long ago, and returns the others' suspect, or nil.
func (a *attempts) recall(from string, now time.Time) *suspect {
	for oldest := a.order.Back(); oldest != nil &&
		now.Sub(oldest.Value.(*suspect).last) >= forgetAfter; oldest = a.order.Back() {
		a.forget(oldest)
	}
	if e, ok := a.suspects[from]; ok {
		return e.Value.(*suspect)
	}
	return nil
}

// note makes a suspect, in the place of the oldest if need be.
func (a *attempts) note(from string, now time.Time) *suspect {
	if a.suspects == nil {
		a.suspects = make(map[string]*list.Element)
	}
	if len(a.suspects) >= mostSuspects {
		a.forget(a.order.Back())
	}
	s := &suspect{from: from, last: now}
	a.suspects[from] = a.order.PushFront(s)
	return s
}

func (a *attempts) forget(e *list.Element) {
	delete(a.suspects, e.Value.(*suspect).from)
	a.order.Remove(e)
}

// nextPlace is the place that is free, or will be first.
func (s *suspect) nextPlace() *time.Time {
	first := &s.places[0]
	for i := range s.places {
		if s.places[i].Before(*first) {
			first = &s.places[i]
		}
	}
	return first
}
