package pubsub

import (
	"fmt"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// orderly fails the test when messages of one sender arrive out of order.
type orderly struct {
	t    *testing.T
	mu   sync.Mutex
	last map[string]int
	n    int
}

func (o *orderly) Deliver(m *Message) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if n := m.Payload.(int); n != o.last[m.Event]+1 {
		o.t.Errorf("sender %s: got %d after %d", m.Event, n, o.last[m.Event])
	}
	o.last[m.Event] = m.Payload.(int)
	o.n++
}

// Enough subscribers that helpers take part, several senders, and others that come
// and go meanwhile.
func TestOrderPerSender(t *testing.T) {
	const subscribers, senders, messages = 3 * perHelper, 3, 20
	ps := New()
	all := make([]*orderly, subscribers)
	for i := range all {
		all[i] = &orderly{t: t, last: make(map[string]int)}
		ps.Subscribe("room:1", all[i])
	}
	stop := make(chan struct{})
	var others, sending sync.WaitGroup
	for range 2 {
		others.Go(func() {
			var c counter
			for {
				select {
				case <-stop:
					return
				default:
					ps.Subscribe("room:1", &c).Unsubscribe()
				}
			}
		})
	}
	for i := range senders {
		sending.Go(func() {
			for n := range messages {
				ps.Broadcast("room:1", fmt.Sprint(i), n+1)
			}
		})
	}
	sending.Wait()
	close(stop)
	others.Wait()
	for i, o := range all {
		if o.n != senders*messages {
			t.Fatalf("subscriber %d got %d messages, want %d", i, o.n, senders*messages)
		}
	}
	if n := ps.Count("room:1"); n != subscribers {
		t.Errorf("Count = %d, want %d", n, subscribers)
	}
}

// Broadcast returns when the last helper has delivered, not before.
func TestBroadcastWaitsForItsHelpers(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(2))
	synctest.Test(t, func(t *testing.T) {
		ps := New()
		var caller atomic.Value
		entered, release := make(chan struct{}), make(chan struct{})
		var once sync.Once
		both := deliver(func(*Message) {
			if caller.Load() == goroutine() {
				<-entered
				return
			}
			once.Do(func() { close(entered) })
			<-release
		})
		for range 4 * perHelper {
			ps.Subscribe("room:1", both)
		}
		var returned atomic.Bool
		go func() {
			caller.Store(goroutine())
			ps.Broadcast("room:1", "shout", nil)
			returned.Store(true)
		}()
		synctest.Wait()
		if returned.Load() {
			t.Error("Broadcast has returned while a helper delivers")
		}
		close(release)
		synctest.Wait()
		if !returned.Load() {
			t.Error("Broadcast has not returned")
		}
	})
}

// A panic in Deliver comes out of Broadcast, on a helper as on the caller, and not before all
// deliveries have ended.
func TestPanicInDeliver(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(2))
	for _, onHelper := range []bool{false, true} {
		t.Run(fmt.Sprintf("helper=%v", onHelper), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ps := New()
				caller := goroutine()
				entered := make(chan struct{})
				var panicking, ending sync.Once
				var others atomic.Bool
				all := deliver(func(*Message) {
					if (goroutine() != caller) == onHelper {
						panicking.Do(func() { close(entered); panic("on purpose") })
						return
					}
					<-entered
					ending.Do(func() {
						time.Sleep(time.Second)
						others.Store(true)
					})
				})
				for range 4 * perHelper {
					ps.Subscribe("room:1", all)
				}
				defer func() {
					if p := recover(); p != "on purpose" {
						t.Errorf("Broadcast panicked with %v", p)
					}
					if !others.Load() {
						t.Error("somebody delivers still")
					}
				}()
				ps.Broadcast("room:1", "shout", nil)
			})
		})
	}
}

// goroutine names the running goroutine.
func goroutine() string {
	var stack [64]byte
	return strings.Fields(string(stack[:runtime.Stack(stack[:], false)]))[1]
}

// A broadcast that begins after Unsubscribe returned never delivers, whatever else
// goes on in the topic.
func TestNoDeliveryAfterUnsubscribe(t *testing.T) {
	ps := New()
	stop := make(chan struct{})
	var senders, members sync.WaitGroup
	senders.Go(func() {
		for {
			select {
			case <-stop:
				return
			default:
				ps.Broadcast("room:1", "noise", 0)
			}
		}
	})
	for range 4 {
		members.Go(func() {
			for range 500 {
				var late atomic.Bool
				mine := new(int) // the others broadcast too
				sub := ps.Subscribe("room:1", deliver(func(m *Message) {
					if m.Payload == any(mine) {
						late.Store(true)
					}
				}))
				sub.Unsubscribe()
				ps.Broadcast("room:1", "late", mine)
				if late.Load() {
					t.Error("delivered a broadcast that began after Unsubscribe")
				}
			}
		})
	}
	members.Wait()
	close(stop)
	senders.Wait()
}
