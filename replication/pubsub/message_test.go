package pubsub

import (
	"errors"
	"sync"
	"sync/atomic"
	"testing"
)

func TestEncodedOnce(t *testing.T) {
	var calls atomic.Int64
	upper := NewEncoding(func(m *Message) ([]byte, error) {
		calls.Add(1)
		return []byte(m.Event), nil
	})
	broken := NewEncoding(func(*Message) ([]byte, error) { return nil, errors.New("no") })
	m := &Message{Event: "shout"}

	var all sync.WaitGroup
	first := make(chan *byte, 16)
	for range 16 {
		all.Go(func() {
			if _, err := m.Encoded(broken); err == nil {
				t.Error("the broken encoding gave no error")
			}
			b, err := m.Encoded(upper)
			if err != nil || string(b) != "shout" {
				t.Errorf("got %q, %v", b, err)
				return
			}
			first <- &b[0]
		})
	}
	all.Wait()
	close(first)
	if n := calls.Load(); n != 1 {
		t.Errorf("encoded %d times, want once", n)
	}
	shared := <-first
	for p := range first {
		if p != shared {
			t.Fatal("receivers got different bytes")
		}
	}
}
