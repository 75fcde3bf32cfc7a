package gateway

import (
	"context"
	"runtime"
	"sync"
	"time"
)

// The sizes of the buffers for lines.
const (
	smallLine  = 4 << 10
	mediumLine = 64 << 10
	largeLine  = MaxLine + len("\r")
)

// How many lines of a size there may be at a time, of all connections. A small one needs no place.
// Of the large places the connections of one device may take a part only, so that no key alone
// holds all of them with lines that it never ends.
const (
	mediumPlaces   = 512
	largePlaces    = 64
	largePerDevice = 8
)

// memory bounds what the lines of all connections hold. A line that outgrows its buffer waits for a
// place of the next size; while it waits, its connection is not read, and its device is slowed by
// TCP. A line keeps its place until it is handled, so the places also bound what is decoded of
// lines and waits for the Store. A line waits for a place of its device first, then for one of all.
// One that has both waits for no other, so no two lines wait for each other.
type memory struct {
	medium, large chan struct{} // buffer: the places; a token is one that is taken
	parsing       chan struct{} // buffer: a place for each processor; JSON may decode to many times its size
}

func newMemory() *memory {
	return &memory{
		medium:  make(chan struct{}, mediumPlaces),
		large:   make(chan struct{}, largePlaces),
		parsing: make(chan struct{}, runtime.GOMAXPROCS(0)),
	}
}

// Unused buffers; the garbage collector empties the pools.
var (
	smallLines  = sync.Pool{New: func() any { return new([smallLine]byte) }}
	mediumLines = sync.Pool{New: func() any { return new([mediumLine]byte) }}
	largeLines  = sync.Pool{New: func() any { return new([largeLine]byte) }}
)

// places returns those of a size, nil if it needs none.
func (m *memory) places(size int) chan struct{} {
	switch {
	case size <= smallLine:
		return nil
	case size <= mediumLine:
		return m.medium
	}
	return m.large
}

// buffer returns an empty buffer for so many bytes. Its place must be there.
func buffer(size int) []byte {
	switch {
	case size <= smallLine:
		return smallLines.Get().(*[smallLine]byte)[:0]
	case size <= mediumLine:
		return mediumLines.Get().(*[mediumLine]byte)[:0]
	}
	return largeLines.Get().(*[largeLine]byte)[:0]
}

// free takes a buffer back, and its place.
func (m *memory) free(b []byte) {
	switch size := cap(b); size {
	case smallLine:
		smallLines.Put((*[smallLine]byte)(b[:size]))
	case mediumLine:
		mediumLines.Put((*[mediumLine]byte)(b[:size]))
		<-m.medium
	case largeLine:
		largeLines.Put((*[largeLine]byte)(b[:size]))
		<-m.large
	}
}

// acquire takes a place, and waits for one. The error is the cause of ctx.
func acquire(ctx context.Context, places chan<- struct{}) error {
	select {
	case places <- struct{}{}:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// lend implements lender.
func (c *conn) lend(kept []byte, size int) ([]byte, error) {
	m := c.server.memory
	places := m.places(size)
	if places == m.large {
		if err := c.waitFor(c.device.large); err != nil {
			return nil, err
		}
	}
	if places != nil {
		if err := c.waitFor(places); err != nil {
			if places == m.large {
				<-c.device.large
			}
			return nil, err
		}
	}
	larger := append(buffer(size), kept...)
	m.free(kept)
	return larger, nil
}

// waitFor takes a place as soon as there is one.
func (c *conn) waitFor(places chan<- struct{}) error {
	select {
	case places <- struct{}{}:
		return nil
	default:
	}
	ctx, done, err := c.begin()
	if err != nil {
		return err
	}
	defer done()
	if err := acquire(ctx, places); err != nil {
		return errEnded
	}
	c.lines.began = time.Now() // the device had no part in the wait
	return nil
}

// takeBack implements lender.
func (c *conn) takeBack(kept []byte) {
	large := cap(kept) == largeLine
	c.server.memory.free(kept)
	if large {
		<-c.device.large
	}
}
