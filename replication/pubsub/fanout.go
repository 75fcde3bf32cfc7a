package pubsub

import (
	"math/bits"
	"runtime"
	"sync"
	"sync/atomic"
)

// perHelper is how many subscribers are worth a goroutine: below that, starting
// it costs more than it brings.
const perHelper = 1024

// fanout is one broadcast on its way through the chunks of a topic.
type fanout struct {
	message *Message
	from    Subscriber
	chunks  []*chunk
	next    atomic.Int64        // the first chunk that no goroutine has taken yet
	panics  atomic.Pointer[any] // what a subscriber panicked with on a helper
}

// run delivers to all, with as many helpers as there are processors and work. If a subscriber
// panics, so does run, on its caller's goroutine, when all deliveries have ended.
func (f *fanout) run(count int) {
	var helpers sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0)-1, count/perHelper) {
		helpers.Go(f.help)
	}
	f.walkThenWait(&helpers)
	if p := f.panics.Load(); p != nil {
		panic(*p)
	}
}

func (f *fanout) walkThenWait(helpers *sync.WaitGroup) {
	defer helpers.Wait() // also when a subscriber panics here
	f.walk()
}

// help walks on a goroutine of its own, where no caller could catch a panic.
func (f *fanout) help() {
	defer func() {
		if p := recover(); p != nil {
			f.panics.Store(&p)
		}
	}()
	f.walk()
}

// walk takes chunk after chunk until none is left.
func (f *fanout) walk() {
	var places [chunkSize]Subscriber
	for {
		i := f.next.Add(1) - 1
		if i >= int64(len(f.chunks)) {
			return
		}
		for used := f.chunks[i].copyTo(&places); used != 0; used &= used - 1 {
			if s := places[bits.TrailingZeros64(used)]; f.from == nil || s != f.from {
				s.Deliver(f.message)
			}
		}
	}
}
