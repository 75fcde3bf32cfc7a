package quota

import (
	"fmt"
	"net/netip"
	"sync"
	"testing"
)

func TestNetwork(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ one, other string }{
		{"2001:db8:0:1::1", "2001:db8:0:1:ffff::2"},
		{"192.0.2.1", "::ffff:192.0.2.1"},
		{"fe80::1%eth0", "fe80::2%eth1"},
		{"nonsense", ""},
	} {
		if Parse(tt.one) != Parse(tt.other) {
			t.Errorf("%s and %s are not the same client", tt.one, tt.other)
		}
	}
	for _, tt := range []struct{ one, other string }{
		{"2001:db8:0:1::1", "2001:db8:0:2::1"},
		{"192.0.2.1", "192.0.2.2"},
		{"::ffff:192.0.2.1", "::ffff:192.0.2.2"},
		{"::", "0.0.0.0"},
		{"", "0.0.0.0"},
	} {
		if Parse(tt.one) == Parse(tt.other) {
			t.Errorf("%s and %s are the same client", tt.one, tt.other)
		}
	}
}

func TestName(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]string{
		"192.0.2.1": "192.0.2.1", "2001:db8:0:1::1": "2001:db8:0:1::/64", "::ffff:192.0.2.1": "192.0.2.1",
		"nonsense": "unknown",
	} {
		if got := Name(Parse(address)); got != want {
			t.Errorf("%s is named %s, want %s", address, got, want)
		}
	}
}

func TestPerClient(t *testing.T) {
	t.Parallel()
	q := New(2)
	a, b := Parse("192.0.2.1"), Parse("192.0.2.2")
	if got := [3]bool{q.Acquire(a), q.Acquire(a), q.Acquire(a)}; got != [3]bool{true, true, false} {
		t.Errorf("a client that may hold two: %v", got)
	}
	if !q.Acquire(b) {
		t.Error("another client is refused")
	}
	q.Release(a)
	if !q.Acquire(a) || q.Acquire(a) {
		t.Error("a client that has released one of two does not get one")
	}
	if got := q.Refused(); got != 2 {
		t.Errorf("%d were refused, want 2", got)
	}
	for _, client := range []netip.Prefix{a, a, b} {
		q.Release(client)
	}
	if len(q.held) != 0 {
		t.Errorf("clients that hold nothing are remembered: %v", q.held)
	}
}

func TestNilRefusesNothing(t *testing.T) {
	t.Parallel()
	q := New(0)
	for range 1000 {
		if !q.Acquire(Parse("192.0.2.1")) {
			t.Fatal("refused")
		}
	}
	q.Release(Parse("192.0.2.1"))
	if q.Refused() != 0 {
		t.Error("something was refused")
	}
}

// However many clients come and go at once, what is counted is exact.
func TestPerClientFromManyGoroutines(t *testing.T) {
	t.Parallel()
	q := New(3)
	var wg sync.WaitGroup
	for i := range 8 {
		client := Parse(fmt.Sprintf("192.0.2.%d", i%2))
		wg.Go(func() {
			for range 1000 {
				if q.Acquire(client) {
					q.Release(client)
				}
			}
		})
	}
	wg.Wait()
	if len(q.held) != 0 {
		t.Errorf("left over: %v", q.held)
	}
}
