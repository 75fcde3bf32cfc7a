package gateway

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"

	"sneakers23/app/devices"
	"sneakers23/app/waittest"
	"sneakers23/web/quota"
)

// One address holds so many connections, and gets a place back when one ends.
func TestConnectionsPerAddress(t *testing.T) {
	s := start(t, Config{Addresses: quota.New(2)})
	a := s.verified(1)
	b := s.verified(2)
	c := s.connect()
	c.want("ERROR too many connections from your address")
	c.wantEnd()
	a.sync()
	b.Close()
	waittest.Until(t, "the place of a connection that ended", func() bool { return s.Count() == 1 })
	s.verified(3)
	if n := s.Stats().TurnedAway; n != 1 {
		t.Errorf("%d were turned away", n)
	}
}

func TestMaxConnections(t *testing.T) {
	s := start(t, Config{MaxConnections: 2})
	a, b := s.verified(1), s.verified(2)
	c := s.connect()
	c.want("ERROR too many connections")
	c.wantEnd()
	a.sync()
	b.sync()
}

// One key is used by so many connections; a connection that is refused may try another key.
func TestConnectionsPerKey(t *testing.T) {
	s := start(t, Config{PerKey: 2})
	key := s.shelf.add(1)
	a, b := s.connect().verify(key), s.connect().verify(key)
	a.sync() // takes no second place
	c := s.connect()
	c.send("v:" + string(key))
	c.want("ERROR too many connections use this key")
	b.Close()
	waittest.Until(t, "the place of a connection that ended", func() bool { return s.Count() == 2 })
	c.verify(key)
}

// Presence is told of each change, in order, with the number of connections.
func TestPresence(t *testing.T) {
	var (
		mu   sync.Mutex
		told []string
	)
	s := start(t, Config{Presence: func(id devices.ID, name string, n int) {
		mu.Lock()
		defer mu.Unlock()
		told = append(told, fmt.Sprintf("%d %s %d", id, name, n))
	}})
	key := s.shelf.add(1)
	a, b := s.connect().verify(key), s.connect().verify(key)
	a.sync() // no change
	if got := s.Devices(); !slices.Equal(got, []Connected{{1, "kiosk 1", 2}}) {
		t.Errorf("devices %v", got)
	}
	a.Close()
	waittest.Until(t, "the end of a connection", func() bool { return s.Count() == 1 })
	b.Close()
	s.gone()
	s.connect().send("rubbish") // is no device
	want := []string{"1 kiosk 1 1", "1 kiosk 1 2", "1 kiosk 1 1", "1 kiosk 1 0"}
	mu.Lock()
	defer mu.Unlock()
	if !slices.Equal(told, want) {
		t.Errorf("told %q, want %q", told, want)
	}
}

// However many connections of one device come and go at once, presence is right in the end, and
// every change is by one.
func TestPresenceFromManyConnections(t *testing.T) {
	last := 0 // one call at a time: the race detector sees to it
	s := start(t, Config{PerKey: 100, Presence: func(_ devices.ID, _ string, n int) {
		if n != last+1 && n != last-1 {
			t.Errorf("%d connections after %d", n, last)
		}
		last = n
	}})
	key := s.shelf.add(1)
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 20 {
				c := &client{Conn: s.dial(), t: t}
				fmt.Fprintf(c.Conn, "v:%s\n", string(key))
				c.Conn.Read(make([]byte, 3))
				c.Close()
			}
		})
	}
	all.Wait()
	s.gone()
	s.registry.telling.Lock()
	defer s.registry.telling.Unlock()
	if last != 0 {
		t.Errorf("%d connections are left", last)
	}
}

// A panic in Presence ends nothing.
func TestPresencePanics(t *testing.T) {
	s := start(t, Config{Presence: func(devices.ID, string, int) { panic("a bug") }})
	s.verified(1).Close()
	s.gone()
	s.verified(2).sync()
}

// A client that sends a wrong key is reported.
func TestWrongKeyIsReported(t *testing.T) {
	var wrong []netip.Prefix // by the goroutine of one connection
	s := start(t, Config{WrongKey: func(client netip.Prefix) { wrong = append(wrong, client) }})
	c := s.connect()
	for range unverifiedBad {
		c.send("v:000000000000")
		c.want("ERROR key is unknown")
	}
	c.wantEnd()
	c.Close()
	s.gone()
	if len(wrong) != unverifiedBad || quota.Name(wrong[0]) != "127.0.0.1" {
		t.Errorf("reported %v", wrong)
	}
}

// Long lines of many devices wait for places; none is lost, and short lines do not wait.
func TestPlacesForLines(t *testing.T) {
	s := start(t, Config{})
	s.memory.large = make(chan struct{}, 2)
	gate := make(chan struct{})
	s.shelf.set(func() { s.shelf.logGate = gate })
	const clients = 6
	var all []*client
	var sending sync.WaitGroup
	for i := range clients {
		c := s.verified(i)
		all = append(all, c)
		long := c.log(strings.Repeat("x", 40_000), strings.Repeat("y", 40_000))
		sending.Go(func() { c.send(long) })
	}
	for range cap(s.memory.large) {
		waittest.Receive(t, "a line that waits for the store", s.shelf.waiting)
	}
	short := s.verified(100)
	short.sync()
	if got := len(s.memory.medium); got > clients || len(s.memory.large) != cap(s.memory.large) {
		t.Errorf("%d and %d places are taken", got, len(s.memory.large))
	}
	select {
	case <-s.shelf.waiting:
		t.Error("more long lines are handled than there are places")
	default:
	}
	s.shelf.set(func() { s.shelf.logGate = nil })
	close(gate)
	sending.Wait()
	for i, c := range all {
		c.sync()
		if n := len(s.shelf.messages(devices.ID(i))); n != 2 {
			t.Errorf("device %d has logged %d records", i, n)
		}
	}
	if len(s.memory.medium)+len(s.memory.large)+len(s.memory.parsing) != 0 {
		t.Error("places are not given back")
	}
}

// A device whose lines never end takes a part of the places for large lines only.
func TestLargePlacesOfOneDevice(t *testing.T) {
	s := start(t, Config{})
	s.memory.large = make(chan struct{}, largePerDevice+1)
	half := strings.Repeat("x", 100_000)
	var sending sync.WaitGroup
	var all []*client
	for range largePerDevice + 3 {
		c := s.verified(1)
		all = append(all, c)
		sending.Go(func() { fmt.Fprint(c, "l:"+half) }) // it may end with the connection
	}
	waittest.Until(t, "one device has all the large places that it may have", func() bool {
		return len(s.memory.large) == largePerDevice
	})
	other := s.verified(2)
	other.send(other.log(half[:50_000], half[:50_000]))
	other.sync()
	if n := len(s.shelf.messages(2)); n != 2 {
		t.Errorf("the other device has logged %d records, want 2", n)
	}
	for _, c := range all {
		c.Close()
	}
	sending.Wait()
	waittest.Until(t, "the places are given back", func() bool { return len(s.memory.large) == 0 })
}

// A connection that ends with half a line gives its place back.
func TestPlaceOfBrokenLine(t *testing.T) {
	s := start(t, Config{})
	for _, half := range []int{3000, 30_000, 300_000} {
		c := s.verified(half)
		c.write(strings.Repeat("x", half))
		c.Close()
	}
	s.gone()
	if len(s.memory.medium)+len(s.memory.large) != 0 {
		t.Error("places are not given back")
	}
}

// A connection that waits for a place is closed like any other.
func TestEndWhileWaitingForPlace(t *testing.T) {
	s := start(t, Config{})
	s.memory.medium = make(chan struct{}) // no place, ever
	c := s.verified(1)
	c.write(strings.Repeat("x", 10_000))
	s.Close(1)
	c.want("ERROR key was revoked")
	c.wantEnd()
	c.Close()
	s.gone()
}

func TestConfig(t *testing.T) {
	if _, err := New(Config{}); err == nil {
		t.Error("a Config without a Store is accepted")
	}
	if _, err := New(Config{Store: newShelf(), Silence: -1}); err == nil || !strings.Contains(err.Error(), "Silence") {
		t.Errorf("a negative duration: %v", err)
	}
}
