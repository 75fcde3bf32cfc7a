package device

import (
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// TestBackoff measures the pauses between attempts that fail: random, below a limit that doubles up
// to the largest.
func TestBackoff(t *testing.T) {
	inBubble(t, Config{BackoffBase: time.Second, BackoffMax: 10 * time.Second}, func(t *testing.T, b *bubble) {
		b.down.Store(true)
		b.run()
		time.Sleep(time.Hour)
		synctest.Wait()
		limit := time.Second
		short, long := 0, 0 // pauses in the lower and in the upper half of the largest limit
		for i := 1; i < len(b.dials); i++ {
			pause := b.dials[i].Sub(b.dials[i-1])
			if pause > limit {
				t.Errorf("pause %d is %v, want at most %v", i, pause, limit)
			}
			if limit = min(2*limit, 10*time.Second); i > 4 {
				if pause < 5*time.Second {
					short++
				} else {
					long++
				}
			}
		}
		if n := len(b.dials); n < 500 || n > 1000 { // 720 in the mean
			t.Errorf("%d attempts in an hour", n)
		}
		if short < long/2 || long < short/2 {
			t.Errorf("%d short and %d long pauses: the jitter is not full", short, long)
		}
		const want = "device: connect to gateway:6667: no route to host"
		if len(b.errs) != len(b.dials) || b.errs[0].Error() != want {
			t.Errorf("%d errors for %d attempts, the first is %v", len(b.errs), len(b.dials), b.errs[0])
		}
	})
}

// TestBackoffIsReset makes the pauses long, and short again by a connection that has worked. One
// that was accepted and closed at once changes nothing.
func TestBackoffIsReset(t *testing.T) {
	inBubble(t, Config{BackoffBase: time.Second, BackoffMax: time.Hour}, func(t *testing.T, b *bubble) {
		var pauses []time.Duration
		b.run()
		s := b.verified()
		for range 20 {
			began := time.Now()
			_ = s.conn.Close()
			s = b.verified()
			pauses = append(pauses, time.Since(began))
		}
		var last time.Duration
		for _, p := range pauses[10:] {
			last = max(last, p)
		}
		if last < time.Minute {
			t.Errorf("pauses after connections that did not work: %v, want some of minutes", pauses)
		}
		s.verify() // the heartbeat
		synctest.Wait()
		began := time.Now()
		_ = s.conn.Close()
		b.verified()
		if pause := time.Since(began); pause > time.Second {
			t.Errorf("the pause after a connection that worked is %v, want 1s at most", pause)
		}
	})
}

// TestAddressesTakeTurns tries all addresses, one after the other.
func TestAddressesTakeTurns(t *testing.T) {
	inBubble(t, Config{}, func(t *testing.T, b *bubble) {
		var tried []string
		b.cfg.Addresses = []string{"a:1", "b:1", "c:1"}
		dial := b.cfg.Dial
		b.cfg.Dial = func(ctx context.Context, address string) (net.Conn, error) {
			tried = append(tried, address[:1])
			return dial(ctx, address)
		}
		b.down.Store(true)
		b.run()
		time.Sleep(time.Minute)
		synctest.Wait()
		if got := strings.Join(tried, ""); len(got) < 6 || !strings.Contains("abcabcabc", got[:6]) {
			t.Errorf("tried %s, want them in turn", got)
		}
	})
}

// TestRefusals end Run where waiting does not help, and only there.
func TestRefusals(t *testing.T) {
	for reason, want := range map[string]error{
		"key is unknown":                    ErrUnknownKey,
		"unknown key":                       ErrUnknownKey,
		"key was revoked":                   ErrRevoked,
		"keys can't be verified, try again": nil,
		"Key is REVOKED\r":                  ErrRevoked,
		"too many connections":              nil,
		"":                                  nil,
		strings.Repeat("ä", 5000):           nil,
	} {
		t.Run(reason[:min(len(reason), 20)], func(t *testing.T) {
			inBubble(t, Config{}, func(t *testing.T, b *bubble) {
				b.run()
				s := b.accept()
				s.line()
				s.send("ERROR " + reason + "\n")
				if want != nil {
					b.stop = nil
					err := <-b.ended
					e, ok := errors.AsType[*ServerError](err)
					if !errors.Is(err, want) || !ok || e.Reason != strings.TrimSuffix(reason, "\r") {
						t.Errorf("Run returned %v, want %v", err, want)
					}
					return
				}
				b.verified() // another attempt
				e, ok := errors.AsType[*ServerError](b.errs[0])
				if !ok || len(e.Reason) > longestReason+len("…") ||
					!strings.HasPrefix(reason, strings.TrimSuffix(e.Reason, "…")) {
					t.Errorf("OnError was given %v", b.errs)
				}
			})
		})
	}
}

// TestRevokedWhileConnected ends Run at the next attempt.
func TestRevokedWhileConnected(t *testing.T) {
	inBubble(t, Config{}, func(t *testing.T, b *bubble) {
		b.run()
		s := b.verified()
		s.send("ERROR the key was revoked\n")
		_ = s.conn.Close()
		s = b.accept()
		s.line()
		s.send("ERROR the key was revoked\n")
		b.stop = nil
		if err := <-b.ended; !errors.Is(err, ErrRevoked) {
			t.Errorf("Run returned %v", err)
		}
		if len(b.errs) != 2 { // the line, and the end of the connection
			t.Errorf("OnError was given %v", b.errs)
		}
	})
}

// TestRefusedLine reports an ERROR on a verified connection, which goes on; what was refused is not
// sent again.
func TestRefusedLine(t *testing.T) {
	inBubble(t, Config{}, func(t *testing.T, b *bubble) {
		b.run()
		s := b.verified()
		b.log("1")
		s.messages()
		s.send("ERROR unknown key of an array\n") // these words refuse no key here
		s.verify()
		synctest.Wait()
		e, ok := errors.AsType[*ServerError](b.errs[0])
		if !ok || e.Reason != "unknown key of an array" || e.Unwrap() != nil {
			t.Errorf("OnError was given %v", b.errs)
		}
		_ = s.conn.Close()
		s = b.verified()
		b.log("2")
		if got := s.messages(); got != "2" {
			t.Errorf("got %s, want 2", got)
		}
	})
}

// TestLineToBeSentAgain reconnects when the server asks for a line again, and sends what is
// unanswered.
func TestLineToBeSentAgain(t *testing.T) {
	inBubble(t, Config{}, func(t *testing.T, b *bubble) {
		b.run()
		s := b.verified()
		b.log("1")
		s.messages()
		s.send("ERROR this line was not stored, send it again\n")
		if got := b.verified().messages(); got != "1" {
			t.Errorf("sent again: %s, want 1", got)
		}
		synctest.Wait()
		if e, ok := errors.AsType[*ServerError](b.errs[0]); len(b.errs) != 1 || !ok || !e.resend() {
			t.Errorf("OnError was given %v", b.errs)
		}
	})
}

// TestServerThatCanNotVerifyNow asks again after a while, on the same connection, and takes no such
// answer for an OK.
func TestServerThatCanNotVerifyNow(t *testing.T) {
	inBubble(t, Config{Heartbeat: 20 * time.Second}, func(t *testing.T, b *bubble) {
		b.run()
		s := b.verified()
		b.log("1")
		s.messages()
		done := make(chan error, 1)
		go func() { done <- b.Flush(t.Context()) }()
		for i := range 5 {
			began := time.Now()
			if got := s.line(); got != "v:"+testKey {
				t.Fatalf("got %q", decoded(got))
			}
			if took := time.Since(began); i > 0 && took != 5*time.Second {
				t.Errorf("asked again after %v", took)
			}
			s.send("ERROR keys can't be verified at the moment, try again\n")
		}
		synctest.Wait()
		if got := b.Stats(); got.Confirmed != 0 || got.Connections != 1 || len(done) != 0 {
			t.Errorf("without an answer: %+v, %d", got, len(done))
		}
		s.verify()
		if err := <-done; err != nil || b.Stats().Confirmed != 1 {
			t.Errorf("after the answer: %v, %+v", err, b.Stats())
		}
	})
}

// TestRubbishFromTheServer is ignored, whatever it is.
func TestRubbishFromTheServer(t *testing.T) {
	inBubble(t, Config{OnChange: func(context.Context, []Variable) error {
		panic("there is no valid change")
	}}, func(t *testing.T, b *bubble) {
		b.run()
		s := b.accept()
		s.line()
		const key = "v:" + testKey + ":"
		for _, line := range []string{
			"", "\r", "HELLO", "ok", "OKAY", "ERRORS", "\x00\xff\xfe", "v:", "v:ffffffffffff:W10=",
			key, key + "!!!!", key + "e30=", key + "bnVsbA==", key + "W10=",
			strings.Repeat("x", maxLine+1), strings.Repeat("OK", maxLine),
		} {
			s.send(line + "\n")
		}
		s.send("OK\r\n")
		s.send("OK\nOK\n") // without a question
		b.log("1")
		if got := s.messages(); got != "1" {
			t.Errorf("got %s", got)
		}
		synctest.Wait()
		if b.Stats().Connections != 1 || len(b.errs) != 0 {
			t.Errorf("%+v, %v", b.Stats(), b.errs)
		}
	})
}

// TestRunTwice refuses a second Run beside the first, and takes one after it.
func TestRunTwice(t *testing.T) {
	inBubble(t, Config{}, func(t *testing.T, b *bubble) {
		b.run()
		b.verified()
		if err := b.Run(t.Context()); !errors.Is(err, ErrRunning) {
			t.Errorf("beside another: %v", err)
		}
		b.end()
		b.log("while stopped")
		b.run()
		s := b.verified()
		if got := s.messages(); got != "while stopped" {
			t.Errorf("got %s", got)
		}
		b.end()
		if _, err := s.r.ReadByte(); !errors.Is(err, io.EOF) {
			t.Errorf("the connection is open after Run: %v", err)
		}
		if b.Stats().Connected {
			t.Error("connected after Run")
		}
	})
}

// TestRunWaitsForOnChange ends the context of OnChange and waits for its return.
func TestRunWaitsForOnChange(t *testing.T) {
	var called, returned bool
	inBubble(t, Config{OnChange: func(ctx context.Context, _ []Variable) error {
		called = true
		<-ctx.Done()
		time.Sleep(time.Minute)
		returned = true
		return nil
	}}, func(t *testing.T, b *bubble) {
		b.run()
		s := b.verified()
		s.want(Integer("n", 1))
		_ = s.conn.Close() // which is no reason for OnChange to end
		b.verified()
		synctest.Wait()
		if !called || returned {
			t.Errorf("called %v, returned %v", called, returned)
		}
		b.end()
		if !returned {
			t.Error("Run returned before OnChange")
		}
	})
}
