package admin

import (
	"encoding/binary"
	"net/netip"
	"testing"
	"testing/synctest"
	"time"

	"sneakers23/web/quota"
)

var stranger = quota.Parse("192.0.2.1").String()

// guess makes an attempt and checks how it is answered.
func guess(t *testing.T, a *attempts, from string, right bool, want verdict, after time.Duration) {
	t.Helper()
	if delay, v := a.judge(from, right); v != want || delay != after {
		t.Errorf("after %v: verdict %d with %v, want %d with %v", time.Now(), v, delay, want, after)
	}
}

func TestDelaysGrow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var a attempts
		for _, want := range []time.Duration{500, 1000, 2000, 4000, 8000, 8000, 8000} {
			want *= time.Millisecond
			guess(t, &a, stranger, false, wrong, want)
			guess(t, &a, quota.Parse("192.0.2.2").String(), true, welcome, 0) // others do not feel it
			time.Sleep(want)
			// nor does who knows the password, nor is the guesser forgiven for it
			guess(t, &a, stranger, true, welcome, 0)
		}
		time.Sleep(forgetAfter - 8*time.Second)
		guess(t, &a, stranger, false, wrong, firstDelay)
	})
}

// A client that does not wait for answers has no more attempts.
func TestAttemptsAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var a attempts
		for range 10 {
			guess(t, &a, stranger, false, wrong, delayOf(a.failures(stranger)))
			time.Sleep(longestDelay)
		}
		for range mostAtOnce {
			guess(t, &a, stranger, false, wrong, longestDelay)
			time.Sleep(time.Second)
		}
		for left := longestDelay - mostAtOnce*time.Second; left > 0; left -= time.Second {
			guess(t, &a, stranger, false, tooMany, left)
			guess(t, &a, stranger, true, tooMany, left) // else he would know
			guess(t, &a, quota.Parse("192.0.2.2").String(), true, welcome, 0)
			time.Sleep(time.Second)
		}
		guess(t, &a, stranger, true, welcome, 0)
		guess(t, &a, stranger, false, wrong, longestDelay)
		guess(t, &a, stranger, false, tooMany, time.Second)
	})
}

func TestOnlySoManyAreRemembered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var a attempts
		guess(t, &a, stranger, false, wrong, firstDelay)
		other := func(i int) string {
			var ip [4]byte
			binary.BigEndian.PutUint32(ip[:], 10<<24+uint32(i))
			return quota.Parse(netip.AddrFrom4(ip).String()).String()
		}
		for i := range mostSuspects - 1 {
			guess(t, &a, other(i), false, wrong, firstDelay)
		}
		guess(t, &a, stranger, false, wrong, 2*firstDelay) // he is known, and now the newest
		guess(t, &a, other(mostSuspects), false, wrong, firstDelay)
		guess(t, &a, other(0), true, welcome, 0)
		if n := len(a.suspects); n != mostSuspects || a.order.Len() != n {
			t.Errorf("%d suspects, %d in order, want %d", n, a.order.Len(), mostSuspects)
		}
		if a.failures(other(0)) != 0 || a.failures(other(1)) != 1 || a.failures(stranger) != 2 {
			t.Error("another one than the oldest was forgotten")
		}
		time.Sleep(forgetAfter)
		guess(t, &a, stranger, false, wrong, firstDelay)
		if n := len(a.suspects); n != 1 || a.order.Len() != n {
			t.Errorf("%d suspects, %d in order, want 1", n, a.order.Len())
		}
	})
}

// failures are those that are remembered of an origin.
func (a *attempts) failures(from string) int {
	if s := a.recall(from, time.Now()); s != nil {
		return s.failures
	}
	return 0
}
