package proxy

import (
	"errors"
	"io"
	"net/http"
	"sync"
	"sync/atomic"
)

// keptBody is the body of a request that may be sent more than once. It is passed on as it comes,
// and what has come is kept up to a limit; a body that exceeds it is sent once.
type keptBody struct {
	source  io.Reader // nil: there is no body
	limit   int
	spilled atomic.Bool // more has come than is kept
	failed  atomic.Bool // the source broke

	current *bodyReader // of the attempt that is under way; touched by RoundTrip's goroutine alone

	mu   sync.Mutex // held while reading from source
	kept []byte
	read int   // bytes that have come
	err  error // of source, its end too
}

var (
	errReplaced = errors.New("proxy: the request goes to another node by now")
	errSpilled  = errors.New("proxy: the body is too large to be sent again")
)

func keep(source io.ReadCloser, limit int) *keptBody {
	if source == nil || source == http.NoBody {
		return &keptBody{}
	}
	return &keptBody{source: source, limit: limit} // it is closed by who gave it
}

// again tells whether the body can be sent once more. It never waits.
func (b *keptBody) again() bool { return !b.spilled.Load() && !b.failed.Load() }

func (b *keptBody) broken() bool { return b.failed.Load() }

// reader reads the body from its beginning, and is the only one that does from now on.
func (b *keptBody) reader() io.ReadCloser {
	if b.source == nil {
		return nil
	}
	if b.current != nil {
		_ = b.current.Close()
	}
	b.current = &bodyReader{body: b}
	return b.current
}

// bodyReader is the body for one attempt.
type bodyReader struct {
	body   *keptBody
	at     int
	closed atomic.Bool
}

// Read is called by the transport, which may still wait in here when the request goes to another
// node already. The bytes that it then gets are kept for that node.
func (r *bodyReader) Read(p []byte) (int, error) {
	b := r.body
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case r.closed.Load():
		return 0, errReplaced
	case b.spilled.Load() && r.at < b.read:
		return 0, errSpilled
	case r.at < b.read:
		n := copy(p, b.kept[r.at:])
		r.at += n
		return n, nil
	case b.err != nil:
		return 0, b.err
	}
	n, err := b.source.Read(p)
	b.read += n
	r.at += n
	if b.read > b.limit {
		b.spilled.Store(true)
		b.kept = nil
	} else {
		b.kept = append(b.kept, p[:n]...)
	}
	if b.err = err; err != nil && err != io.EOF {
		b.failed.Store(true)
	}
	return n, err
}

// Close is called by the transport when it has no more use for the body.
func (r *bodyReader) Close() error {
	r.closed.Store(true)
	return nil
}
