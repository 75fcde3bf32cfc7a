package channeltest

import (
	"slices"
	"sync"
	"time"
)

// inbox keeps what arrives until it is taken.
type inbox[T any] struct {
	mu    sync.Mutex
	items []T
	ended error         // why nothing more arrives
	news  chan struct{} // closed and replaced when anything changes
}

func newInbox[T any]() *inbox[T] { return &inbox[T]{news: make(chan struct{})} }

func (b *inbox[T]) put(item T) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.items = append(b.items, item)
	b.notify()
}

func (b *inbox[T]) end(err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.ended = err
	b.notify()
}

// notify is called with mu.
func (b *inbox[T]) notify() {
	close(b.news)
	b.news = make(chan struct{})
}

// receive waits for the first that fits, and takes it out.
func (b *inbox[T]) receive(fits func(T) bool) (item T, err error) {
	timeout := time.NewTimer(patience())
	defer timeout.Stop()
	for {
		b.mu.Lock()
		i := slices.IndexFunc(b.items, fits)
		if i >= 0 {
			item = b.items[i]
			b.items = slices.Delete(b.items, i, i+1)
		}
		ended, news := b.ended, b.news
		b.mu.Unlock()
		if i >= 0 || ended != nil {
			if i >= 0 {
				ended = nil
			}
			return item, ended
		}
		select {
		case <-news:
		case <-timeout.C:
			return item, errNothing
		}
	}
}

// find returns the first that fits and is there now.
func (b *inbox[T]) find(fits func(T) bool) (item T, ok bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if i := slices.IndexFunc(b.items, fits); i >= 0 {
		return b.items[i], true
	}
	return item, false
}
