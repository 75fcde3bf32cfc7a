package device

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// TestHeartbeat asks for a sign of life after every pause, and reconnects when none comes.
func TestHeartbeat(t *testing.T) {
	inBubble(t, Config{Heartbeat: 20 * time.Second, AnswerWithin: 5 * time.Second}, func(t *testing.T, b *bubble) {
		b.run()
		s := b.verified()
		for range 10 {
			began := time.Now()
			s.verify()
			if pause := time.Since(began); pause < 15*time.Second || pause > 20*time.Second {
				t.Errorf("asked after %v, want 15s to 20s", pause)
			}
		}
		if got := s.line(); got != "v:"+testKey {
			t.Fatalf("got %q", got)
		}
		asked := time.Now()
		if _, err := s.r.ReadByte(); !errors.Is(err, io.EOF) { // the question is not answered
			t.Errorf("got %v, want the end of the connection", err)
		}
		if took := time.Since(asked); took != 5*time.Second {
			t.Errorf("the client gave up after %v, want 5s", took)
		}
		b.verified()
		if len(b.errs) != 1 || !errors.Is(b.errs[0], ErrNoAnswer) {
			t.Errorf("OnError was given %v, want ErrNoAnswer", b.errs)
		}
	})
}

// TestKeyFirst sends nothing but the key before the server has accepted it.
func TestKeyFirst(t *testing.T) {
	inBubble(t, Config{}, func(t *testing.T, b *bubble) {
		b.log("1")
		b.set(Integer("n", 1))
		b.run()
		s := b.accept()
		if got := s.line(); got != "v:"+testKey {
			t.Fatalf("got %q", got)
		}
		if err := s.conn.SetReadDeadline(time.Now().Add(time.Second)); err != nil {
			t.Fatal(err)
		}
		if line, err := s.r.ReadString('\n'); !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("got %q, %v before the key was accepted", decoded(line), err)
		}
		if err := s.conn.SetReadDeadline(time.Time{}); err != nil {
			t.Fatal(err)
		}
		s.send("OK\n")
		if values, messages := s.values(), s.messages(); values != "n=1" || messages != "1" {
			t.Errorf("got %s, %s", values, messages)
		}
	})
}

// TestServerThatNeverAnswers gives up the handshake, and Run still ends at once.
func TestServerThatNeverAnswers(t *testing.T) {
	inBubble(t, Config{AnswerWithin: 5 * time.Second}, func(t *testing.T, b *bubble) {
		b.run()
		first := b.accept()
		_, _ = io.ReadAll(first.conn)
		began := time.Now()
		b.accept() // the key stays unread: the client hangs in its write
		synctest.Wait()
		b.end()
		if took := time.Since(began); took > b.cfg.BackoffBase {
			t.Errorf("Run ended after %v", took)
		}
	})
}

// TestAnswersConfirm keeps records until a question behind them is answered, and sends them again
// after a reconnect.
func TestAnswersConfirm(t *testing.T) {
	inBubble(t, Config{}, func(t *testing.T, b *bubble) {
		b.log("1")
		b.run()
		s := b.verified()
		if got := s.messages(); got != "1" {
			t.Errorf("got %s", got)
		}
		s.verify() // the heartbeat
		synctest.Wait()
		if got := b.Stats(); got.Confirmed != 1 || got.Waiting != 0 || !got.Connected {
			t.Errorf("after the answer: %+v", got)
		}
		b.log("2", "3")
		for got := ""; got != "2,3"; { // in one line or two
			got = strings.TrimPrefix(got+","+s.messages(), ",")
		}
		if got := s.line(); got != "v:"+testKey {
			t.Fatalf("got %q", got)
		}
		_ = s.conn.Close() // without an answer
		s = b.verified()
		if got := s.messages(); got != "2,3" {
			t.Errorf("sent again: %s, want 2,3", got)
		}
		s.verify()
		_ = s.conn.Close()
		s = b.verified()
		b.log("4")
		if got := s.messages(); got != "4" {
			t.Errorf("after all was answered: %s, want 4", got)
		}
	})
}

// TestAnswerConfirmsOnlyWhatStoodBefore logs while a question is open.
func TestAnswerConfirmsOnlyWhatStoodBefore(t *testing.T) {
	inBubble(t, Config{}, func(t *testing.T, b *bubble) {
		b.run()
		s := b.verified()
		b.log("before")
		if got := s.messages(); got != "before" {
			t.Errorf("got %s", got)
		}
		if got := s.line(); got != "v:"+testKey {
			t.Fatalf("got %q", got)
		}
		b.log("after")
		if got := s.messages(); got != "after" {
			t.Errorf("got %s", got)
		}
		s.send("OK\n")
		synctest.Wait()
		_ = s.conn.Close()
		if got := b.verified().messages(); got != "after" {
			t.Errorf("sent again: %s, want what stood behind the question", got)
		}
	})
}

// TestQuestionsBehindLines asks soon after a line, but not more often than four times within a
// heartbeat.
func TestQuestionsBehindLines(t *testing.T) {
	inBubble(t, Config{Heartbeat: 20 * time.Second}, func(t *testing.T, b *bubble) {
		b.run()
		s := b.verified()
		asked, questions := time.Now(), 0
		for last := time.Now(); questions < 10; {
			if time.Since(last) >= time.Second {
				b.log("x")
				last = time.Now()
			}
			if err := s.conn.SetReadDeadline(last.Add(time.Second)); err != nil {
				t.Fatal(err)
			}
			if line, err := s.r.ReadString('\n'); err != nil || line[0] != 'v' {
				continue
			}
			s.send("OK\n")
			questions++
			if pause := time.Since(asked); pause != 5*time.Second {
				t.Errorf("asked after %v, want 5s", pause)
			}
			asked = time.Now()
		}
	})
}

// TestFlush asks at once, and returns when the answer is there.
func TestFlush(t *testing.T) {
	inBubble(t, Config{}, func(t *testing.T, b *bubble) {
		if err := b.Flush(t.Context()); err != nil {
			t.Errorf("with nothing to do: %v", err)
		}
		b.log("1")
		b.set(Integer("n", 1))
		done := make(chan error, 1)
		go func() { done <- b.Flush(t.Context()) }()
		b.run()
		s := b.verified()
		if values, messages := s.values(), s.messages(); values != "n=1" || messages != "1" {
			t.Errorf("got %s, %s", values, messages)
		}
		began := time.Now()
		if got := s.line(); got != "v:"+testKey {
			t.Fatalf("got %q", got)
		}
		synctest.Wait()
		select {
		case err := <-done:
			t.Errorf("returned before the answer: %v", err)
		default:
		}
		s.send("OK\n")
		if err := <-done; err != nil || time.Since(began) != 0 {
			t.Errorf("%v, after %v", err, time.Since(began))
		}
	})
}

// TestFlushOfVariables waits for them alone, too.
func TestFlushOfVariables(t *testing.T) {
	inBubble(t, Config{}, func(t *testing.T, b *bubble) {
		b.run()
		s := b.verified()
		b.set(Integer("n", 1))
		done := make(chan error, 1)
		go func() { done <- b.Flush(t.Context()) }()
		if got := s.values(); got != "n=1" {
			t.Errorf("got %s", got)
		}
		synctest.Wait()
		select {
		case err := <-done:
			t.Errorf("returned before the answer: %v", err)
		default:
		}
		s.verify()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

func TestFlushInVain(t *testing.T) {
	inBubble(t, Config{}, func(t *testing.T, b *bubble) {
		b.down.Store(true)
		b.log("1")
		b.run()
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if err := b.Flush(ctx); !errors.Is(err, context.DeadlineExceeded) || len(b.flushes) != 0 {
			t.Errorf("at the end of its context: %v, %d wait", err, len(b.flushes))
		}
		done := make(chan error, 1)
		go func() { done <- b.Flush(t.Context()) }()
		synctest.Wait()
		b.end()
		if err := <-done; !errors.Is(err, ErrStopped) || !errors.Is(err, errTestEnd) {
			t.Errorf("at the end of Run: %v", err)
		}
		if err := b.Flush(t.Context()); !errors.Is(err, ErrStopped) {
			t.Errorf("after Run: %v", err)
		}
	})
}

// TestWindow bounds what is on its way to a server that reads but does not answer, and goes on
// after an answer.
func TestWindow(t *testing.T) {
	inBubble(t, Config{}, func(t *testing.T, b *bubble) {
		for range 1000 {
			b.log(strings.Repeat("x", 1000)) // 1.4 MB of base64 in all
		}
		b.run()
		s := b.verified()
		read := func() (size, questions int) {
			for {
				if err := s.conn.SetReadDeadline(time.Now().Add(time.Second)); err != nil {
					t.Fatal(err)
				}
				line, err := s.r.ReadString('\n')
				size += len(line)
				if err != nil {
					return size, questions
				}
				if line == "v:"+testKey+"\n" {
					questions++
				}
			}
		}
		const most = window + 2*lineSize
		if size, questions := read(); size < window/2 || size > most || questions != 1 {
			t.Errorf("%d bytes and %d questions without an answer, want at most %d and 1", size, questions, most)
		}
		for total := 0; total < 1000*1000; {
			s.send("OK\n")
			size, _ := read()
			if total += size; size == 0 || size > most {
				t.Fatalf("%d bytes after an answer", size)
			}
			t.Logf("%d bytes after an answer", size)
		}
	})
}

// TestServerThatDoesNotRead keeps Log and Set quick, and ends in a new connection.
func TestServerThatDoesNotRead(t *testing.T) {
	inBubble(t, Config{AnswerWithin: 5 * time.Second, SpoolRecords: 100}, func(t *testing.T, b *bubble) {
		b.run()
		b.verified()
		began := time.Now()
		for i := range 1000 {
			b.log("x")
			b.set(Integer("n", int64(i)))
		}
		if took := time.Since(began); took != 0 {
			t.Errorf("Log and Set took %v", took)
		}
		s := b.verified()
		if took := time.Since(began); took < 5*time.Second || took > 5*time.Second+b.cfg.BackoffBase*2 {
			t.Errorf("the client reconnected after %v", took)
		}
		if got := s.values(); got != "n=999" {
			t.Errorf("reported %s, want the last value", got)
		}
	})
}

// TestSetDoesNotStarveLog sets a variable before each line that the client writes.
func TestSetDoesNotStarveLog(t *testing.T) {
	inBubble(t, Config{}, func(t *testing.T, b *bubble) {
		b.run()
		s := b.verified()
		b.set(Integer("n", 0))
		b.log("1")
		for i := range 10 {
			synctest.Wait()
			b.set(Integer("n", int64(i)))
			line := s.line()
			switch line[0] {
			case 'l':
				return
			case 'v':
				s.send("OK\n")
			}
		}
		t.Error("no record among ten lines")
	})
}

// TestLineSizes splits what waits into lines, and takes a large record alone.
func TestLineSizes(t *testing.T) {
	inBubble(t, Config{}, func(t *testing.T, b *bubble) {
		large := strings.Repeat("<", MaxMessage)
		b.log("1", large, "2")
		for i := range MaxVariables {
			b.set(String(fmt.Sprint("v", i), strings.Repeat("y", MaxString)))
		}
		b.run()
		s := b.verified()
		var records, reports []string
		for variables := 0; variables < MaxVariables || len(records) < 3; {
			line := s.line()
			if len(line) > maxLine {
				t.Fatalf("a line of %d bytes", len(line))
			}
			switch line[0] {
			case 'v':
				s.send("OK\n")
			case 'l':
				records = append(records, decoded(line))
			case 'i':
				reports = append(reports, line)
				variables += strings.Count(decoded(line), `"type":"string"`)
			}
		}
		if len(reports) < 10 {
			t.Errorf("the variables came in %d lines", len(reports))
		}
		for i, want := range []string{`"1"`, large, `"2"`} {
			if !strings.Contains(records[i], want) || strings.Count(records[i], `"message"`) != 1 {
				t.Errorf("line %d of records is %.80s…", i, records[i])
			}
		}
	})
}
