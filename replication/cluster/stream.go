package cluster

import (
	"fmt"
	"strconv"
	"sync"
	"sync/atomic"
)

// Stream carries messages of one kind to all other nodes: at most once, and in the order in which
// each node sent them. A message that was lost is noticed by the number of the next one, or by the
// next status, and told to OnResync.
type Stream struct {
	node    *Node
	name    string
	receive func(from Peer, data []byte)

	mu   sync.Mutex // numbers leave in their order
	sent atomic.Uint64
}

// MaxMessage is the most bytes of a message of a stream.
const MaxMessage = 1 << 20

// Stream opens a stream, of which there is one for each name. receive is called on Serve's
// goroutine with the messages of other nodes. It must not wait for long: all messages wait behind
// it. Stream is called before Serve is.
func (n *Node) Stream(name string, receive func(from Peer, data []byte)) *Stream {
	s := &Stream{node: n, name: name, receive: receive}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.streams[name] = s
	return s
}

func (n *Node) stream(name string) *Stream {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.streams[name]
}

// Send sends data to all other nodes. It waits neither for them nor for the network, and may be
// called from any goroutine. The caller must not change data afterwards. The only error is that
// data is too long; without an error the message may still be lost.
func (s *Stream) Send(data []byte) error {
	if len(data) > MaxMessage {
		return fmt.Errorf("cluster: message of %d bytes, at most %d", len(data), MaxMessage)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	number := s.sent.Load() + 1
	subject := streamSubjects + s.node.addr.Run + "." + s.name + "." + strconv.FormatUint(number, 10)
	s.node.out.put(subject, data)
	s.sent.Store(number) // after put: a status counts only messages before it, and dropped ones, which others notice
	return nil
}
