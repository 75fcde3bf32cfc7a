package device

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"time"
)

// session is one connection: a writer on Run's goroutine and a reader beside it. The fields after
// conn and address are guarded by the client's mu.
//
// Every v:KEY is a question. OK answers it, and proves that the server has read all lines before it
// on this connection, since TCP keeps their order. One question is open at a time: so no answer can
// be taken for that of another.
type session struct {
	*Client
	conn    net.Conn
	address string

	answers  int       // how many questions were answered; the first makes the connection verified
	open     bool      // a question is open
	asked    time.Time // when the last question was written
	nextAsk  time.Time // when the next one is to be written at the latest
	notAsk   time.Time // none is written before
	wrote    int64     // bytes of all lines
	question mark      // what stands before the last question
	answered int64     // question.wrote of the last that was answered
	reported bool      // the last line of a kind other than v was an i
}

// mark is a place in what a session has written.
type mark struct {
	wrote   int64  // bytes
	records int    // of the client's spool.sent
	version uint64 // of the client's report
}

const (
	// window bounds what may be on its way without an answer. It is small enough for a slow line:
	// 256 KiB within the 45 s of AnswerWithin are 6 KB/s.
	window = 256 << 10

	// lineSize is how large the array of a line becomes, unless one record alone is larger.
	lineSize = 48 << 10
)

// run uses the connection until it ends, closes it, and returns why.
func (s *session) run(running context.Context) error {
	ctx, cancel := context.WithCancelCause(running)
	closed := make(chan struct{})
	context.AfterFunc(ctx, func() {
		defer close(closed)
		_ = s.conn.Close() // wakes reader and writer; why it ended is told by the cause
	})
	done := make(chan struct{})
	go func() {
		defer close(done)
		cancel(s.read(running)) // OnChange outlives the connection; the reader ends with it
	}()
	cancel(s.write(ctx))
	<-done
	<-closed
	s.mu.Lock()
	defer s.mu.Unlock()
	s.spool.requeue()
	s.report.requeue()
	s.stats.Connected = false
	return context.Cause(ctx)
}

// lasted reports whether the connection has worked: the server has accepted the key, and answered
// another question after that. Acceptance alone is not enough for the shortest pause: a server that
// accepts a key and then closes would be called at full speed by all devices.
func (s *session) lasted() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.answers > 1
}

// write writes lines until the connection or ctx ends.
func (s *session) write(ctx context.Context) error {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		line, again, err := s.next(time.Now())
		if err != nil {
			return err
		}
		if line != nil {
			if err := s.conn.SetWriteDeadline(time.Now().Add(s.cfg.AnswerWithin)); err != nil {
				return fmt.Errorf("device: write to %s: %w", s.address, err)
			}
			if _, err := s.conn.Write(line); err != nil {
				return fmt.Errorf("device: write to %s: %w", s.address, err)
			}
			continue
		}
		timer.Reset(time.Until(again))
		select {
		case <-s.wake:
		case <-timer.C:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// next returns the line that is to be written now, or nil and when to look again at the latest. It
// returns ErrNoAnswer if the open question has waited for too long.
func (s *session) next(now time.Time) (line []byte, again time.Time, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	onWay := s.wrote - s.answered
	again = s.nextAsk
	switch soon := s.asked.Add(s.cfg.Heartbeat / 4); {
	case s.open:
		again = s.asked.Add(s.cfg.AnswerWithin)
		if !now.Before(again) {
			return nil, again, ErrNoAnswer
		}
	case onWay > 0 && soon.Before(again): // lines that are not answered for would be sent again after a reconnect
		again = soon
	}
	if !s.open && again.Before(s.notAsk) {
		again = s.notAsk
	}
	mayAsk := !s.open && !now.Before(s.notAsk)
	switch {
	case mayAsk && (s.answers == 0 || !now.Before(again) || s.due()):
		return s.ask(now), again, nil
	case s.answers == 0 || onWay >= window:
		return nil, again, nil // an answer will wake the writer
	}
	line = s.compose(now)
	if line == nil && mayAsk && len(s.flushes) > 0 && onWay > 0 {
		line = s.ask(now)
	}
	return line, again, nil
}

// due reports whether so much is on its way that the server should answer for it. The caller holds
// mu.
func (s *session) due() bool {
	return s.wrote-s.answered >= window/2 || s.spool.crowded()
}

// ask returns a question. The caller holds mu.
func (s *session) ask(now time.Time) []byte {
	line := []byte("v:" + s.cfg.Key + "\n")
	s.wrote += int64(len(line))
	s.question = mark{wrote: s.wrote, records: len(s.spool.sent), version: s.report.written()}
	s.open, s.asked = true, now
	s.nextAsk = now.Add(s.cfg.Heartbeat - rand.N(s.cfg.Heartbeat/4+1)) // so that devices do not ask in step
	return line
}

// compose returns a line of variables or records, or nil if none waits. The caller holds mu.
func (s *session) compose(now time.Time) (line []byte) {
	kind := byte('i')
	var texts [][]byte
	if !s.reported { // so that neither kind keeps the other from being sent
		texts = s.report.takePending(lineSize)
	}
	if texts == nil {
		kind, texts = 'l', s.spool.takeWaiting(lineSize, now)
	}
	if texts == nil {
		kind, texts = 'i', s.report.takePending(lineSize)
	}
	if texts == nil {
		return nil
	}
	s.reported = kind == 'i'
	line = appendLine(nil, kind, s.cfg.Key, texts)
	s.wrote += int64(len(line))
	s.stats.Lines++
	return line
}

// read handles the server's lines until the connection ends. It returns why, never nil.
func (s *session) read(ctx context.Context) error {
	lines := newLineReader(s.conn)
	for {
		line, err := lines.next()
		if err != nil && !errors.Is(err, errTooLong) {
			if errors.Is(err, io.EOF) {
				return fmt.Errorf("device: the server closed the connection: %w", err)
			}
			return fmt.Errorf("device: read from %s: %w", s.address, err)
		}
		var m message
		if err == nil {
			m, err = parse(line, s.cfg.Key)
		}
		if err != nil {
			s.cfg.Log.Warn("a line of the server was ignored", "address", s.address, "err", err)
			continue
		}
		if err := s.handle(ctx, m); err != nil {
			return err
		}
	}
}

// handle acts on a line of the server. An error ends the connection.
func (s *session) handle(ctx context.Context, m message) error {
	switch {
	case m.ok:
		s.answer()
		return nil
	case m.err:
		if !s.verified() { // so the line answers the key
			return refusal(m.reason)
		}
		return s.refused(serverError(m.reason))
	}
	for _, err := range m.skipped {
		s.cfg.Log.Warn("a changed variable was ignored", "address", s.address, "err", err)
	}
	s.receive(ctx, m.changed)
	return nil
}

// refused handles an ERROR on a verified connection. If the line is to be sent again, it ends the
// connection, since nothing tells which line was meant: the next one begins with all that are
// unanswered. Run gives that error to OnError.
func (s *session) refused(err *ServerError) error {
	if err.resend() {
		return err
	}
	s.cfg.Log.Error("the server refused a line", "address", s.address, "err", err)
	s.cfg.OnError(err)
	if err.retry() {
		s.mu.Lock()
		s.open, s.notAsk = false, time.Now().Add(s.cfg.Heartbeat/4)
		s.mu.Unlock()
		s.look()
	}
	return nil
}

func (s *session) verified() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.answers > 0
}

// answer closes the open question: what stands before it has arrived.
func (s *session) answer() {
	if first, ok := s.close(); !ok {
		s.cfg.Log.Warn("an OK without a question was ignored", "address", s.address)
	} else if first {
		s.cfg.Log.Info("connected", "address", s.address)
	}
	s.look()
}

// close does so, and reports whether it was the first question, and whether one was open at all.
func (s *session) close() (first, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.open {
		return false, false
	}
	s.open = false
	s.answered = s.question.wrote
	s.spool.confirm(s.question.records)
	s.report.confirm(s.question.version)
	s.endFlushes(nil)
	if s.answers++; s.answers > 1 {
		return false, true
	}
	s.stats.Connected = true
	s.stats.Connections++
	return true, true
}
