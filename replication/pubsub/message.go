package pubsub

import (
	"sync"
	"sync/atomic"
)

// Message is one broadcast on its way. All receivers share it, so they must not change it or its
// payload.
type Message struct {
	Topic   string
	Event   string
	Payload any

	mu      sync.Mutex // held while an encoding is made for the first time
	encoded atomic.Pointer[encoded]
}

// encoded is one entry of the list of what was already made of a message.
type encoded struct {
	by    *Encoding
	bytes []byte
	err   error
	next  *encoded
}

// Encoding is one way to turn messages into bytes. Make one per format at start,
// not per message or receiver: a message knows its encodings by their address.
type Encoding struct {
	encode func(*Message) ([]byte, error)
}

// NewEncoding returns an encoding that calls encode at most once per message,
// whatever it returns, on the goroutine that asks first.
func NewEncoding(encode func(*Message) ([]byte, error)) *Encoding {
	return &Encoding{encode: encode}
}

// Encoded returns the message in encoding e. All callers share the bytes and must
// not change them. If the encoding failed, every caller gets the same error.
func (m *Message) Encoded(e *Encoding) ([]byte, error) {
	if done := m.find(e); done != nil {
		return done.bytes, done.err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if done := m.find(e); done != nil {
		return done.bytes, done.err
	}
	done := &encoded{by: e, next: m.encoded.Load()}
	done.bytes, done.err = e.encode(m)
	m.encoded.Store(done)
	return done.bytes, done.err
}

func (m *Message) find(e *Encoding) *encoded {
	for done := m.encoded.Load(); done != nil; done = done.next {
		if done.by == e {
			return done
		}
	}
	return nil
}
