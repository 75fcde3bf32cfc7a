package gateway

import (
	"errors"
	"io"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"sneakers23/app/devices"
	"sneakers23/web/conns"
)

// ends expects the last line and the end of the stream, after so long.
func (c *client) ends(why reason, after time.Duration) {
	c.t.Helper()
	began := time.Now()
	c.SetReadDeadline(began.Add(inBubble))
	text, err := c.lines.ReadString('\n')
	if took := time.Since(began); text != "ERROR "+string(why)+"\n" || err != nil || took != after {
		c.t.Errorf("got %q, %v after %v, want %q after %v", text, err, took, why, after)
	}
	if _, err := c.lines.ReadByte(); err != io.EOF {
		c.t.Errorf("got %v, want the end", err)
	}
}

// A device that is silent, perhaps because it is gone without a word, is closed; every line is a
// sign of life, a bad one too.
func TestSilence(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := startInBubble(t, Config{})
		c := s.verified(1)
		for range 3 {
			time.Sleep(5*time.Minute - time.Second)
			c.send("rubbish")
			c.want("ERROR " + string(errForm))
			time.Sleep(5*time.Minute - time.Second)
			c.send(c.log("alive"))
		}
		c.ends(errSilent, 5*time.Minute)
		c.Close()
		synctest.Wait()
		if n := s.Count(); n != 0 {
			t.Errorf("%d connections are open", n)
		}
	})
}

// A device that is half gone, and takes not even the last line, is forgotten all the same.
func TestHalfOpen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := startInBubble(t, Config{})
		s.verified(1) // says and reads nothing any more
		time.Sleep(5*time.Minute - time.Millisecond)
		synctest.Wait()
		if n := s.Count(); n != 1 {
			t.Errorf("%d connections before its time", n)
		}
		time.Sleep(2 * conns.CloseWait)
		synctest.Wait()
		if n, devices := s.Count(), s.Stats().Devices; n != 0 || devices != 0 {
			t.Errorf("%d connections, %d devices", n, devices)
		}
	})
}

// A line must become complete in time, however its bytes drip.
func TestSlowLoris(t *testing.T) {
	for name, length := range map[string]int{"a short line": 1, "a line that is too long": 2 * MaxLine} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := startInBubble(t, Config{})
				c := s.verified(1)
				var dripping sync.WaitGroup
				dripping.Go(func() {
					_, err := c.Write(make([]byte, length))
					for err == nil {
						time.Sleep(time.Second)
						_, err = c.Write([]byte("x"))
					}
				})
				if length > MaxLine {
					c.want("ERROR " + string(errLong))
				}
				c.ends(errSlowLine, 30*time.Second)
				c.Close()
				dripping.Wait()
			})
		})
	}
}

// The time of a line begins with its first byte, not with the line before it.
func TestLineTimeBegins(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := startInBubble(t, Config{})
		c := s.verified(1)
		log := c.log("x") + "\n"
		c.write(log[:5])
		for range 10 { // a line ends and the next begins in each packet
			time.Sleep(29 * time.Second)
			c.write(log[5:] + log[:5])
		}
		time.Sleep(29 * time.Second)
		c.write(log[5:])
		c.sync()
		time.Sleep(time.Minute)
		c.write(log[:5])
		c.ends(errSlowLine, 30*time.Second)
		c.Close()
	})
}

// A connection that is not verified in time is closed, whatever it sends.
func TestUnverifiedInTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := startInBubble(t, Config{})
		silent, dripping, trying := s.connect(), s.connect(), s.connect()
		dripping.write("v")
		time.Sleep(20 * time.Second)
		dripping.write(":")
		trying.send("v:000000000000")
		trying.want("ERROR key is unknown")
		rest := 10*time.Second - time.Millisecond // a wrong key was answered after that
		go silent.ends(errUnverified, rest)
		go dripping.ends(errUnverified, rest)
		trying.ends(errUnverified, rest)
		synctest.Wait()
		for _, c := range []*client{silent, dripping, trying} {
			c.Close()
		}
	})
}

// A wrong key is answered late, and so is one that can't be verified.
func TestWrongKeyWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := startInBubble(t, Config{WrongKeyWait: 500 * time.Millisecond})
		c := s.connect()
		for _, tt := range []struct {
			fail error
			want reason
		}{{nil, errUnknownKey}, {errors.New("away"), errNotNow}} {
			s.shelf.set(func() { s.shelf.fail = tt.fail })
			began := time.Now()
			c.send("v:000000000000")
			c.want("ERROR " + string(tt.want))
			if took := time.Since(began); took != 500*time.Millisecond {
				t.Errorf("%v after %v", tt.want, took)
			}
		}
		c.Close()
	})
}

// A device that does not read is closed: when it does not take a line in time, or when its queue is
// full. The others are sent everything at once.
func TestDeviceNeverReads(t *testing.T) {
	for name, pushes := range map[string]int{"one line": 1, "many lines": 100} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := startInBubble(t, Config{MaxQueue: 1000})
				key := s.shelf.add(1)
				s.connect().verify(key) // never reads again
				quick := s.connect().verify(key)
				began := time.Now()
				for range pushes {
					s.Push(1, []devices.Variable{variable("x", "boolean", "true")})
					quick.wantVariables()
				}
				if took := time.Since(began); took != 0 {
					t.Errorf("another device waited for %v", took)
				}
				within := 10 * time.Second // the write timeout
				if pushes > 10 {
					time.Sleep(conns.BurstWait)
					for range 100 {
						s.Push(1, []devices.Variable{variable("x", "boolean", "true")})
						quick.wantVariables()
					}
					within = 2 * conns.CloseWait
				}
				time.Sleep(within + time.Millisecond)
				synctest.Wait()
				if n := s.Count(); n != 1 {
					t.Errorf("%d connections are open after %v, want that of the device that reads", n, within)
				}
				if n := s.Stats().TooSlow; n != int64(pushes/100) {
					t.Errorf("%d were too slow", n)
				}
				quick.sync()
				quick.Close()
			})
		})
	}
}

// A device that sends bad lines and takes no answer is closed as well.
func TestNoAnswerTaken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := startInBubble(t, Config{MaxQueue: 1000, WriteTimeout: time.Hour})
		c := s.verified(1)
		var sending sync.WaitGroup
		sending.Go(func() {
			for {
				if _, err := io.WriteString(c.Conn, "rubbish\n"); err != nil {
					return
				}
				time.Sleep(10 * time.Millisecond)
			}
		})
		time.Sleep(time.Second + 2*conns.CloseWait)
		synctest.Wait()
		if n := s.Count(); n != 0 {
			t.Errorf("%d connections are open", n)
		}
		c.Close()
		sending.Wait()
	})
}

// While the store is slow, the connection is not read: the device is slowed, and no other.
func TestBackpressure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := startInBubble(t, Config{})
		gate := make(chan struct{})
		slow := s.verified(1)
		s.shelf.set(func() { s.shelf.logGate = gate })
		slow.send(slow.log("one"))
		<-s.shelf.waiting
		sent := make(chan struct{})
		go func() {
			slow.send(slow.log("two"))
			close(sent)
		}()
		time.Sleep(time.Hour) // longer than a device may be silent
		select {
		case <-sent:
			t.Error("the connection is read while the store does not take its line")
		default:
		}
		began := time.Now()
		quick := s.verified(2)
		quick.sync()
		if took := time.Since(began); took != 0 {
			t.Errorf("another device waited for %v", took)
		}
		s.shelf.set(func() { s.shelf.logGate = nil })
		close(gate)
		<-sent
		slow.sync()
		if got := s.shelf.messages(1); len(got) != 2 {
			t.Errorf("logged %q", got)
		}
		slow.Close()
		quick.Close()
	})
}

// While the store fails, variables are reported again and again, for a while.
func TestReportAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := startInBubble(t, Config{})
		c := s.verified(1)
		s.shelf.set(func() { s.shelf.fail = errors.New("away") })
		report := c.line('i', `[{"name":"x","type":"boolean","value":true}]`)
		c.send(report)
		time.Sleep(20 * time.Second)
		s.shelf.set(func() { s.shelf.fail = nil })
		c.sync()
		if v := s.shelf.variable(1, "x"); string(v.Value) != "true" {
			t.Errorf("x is %s", v.Value)
		}
		s.shelf.set(func() { s.shelf.fail = errors.New("away") })
		began := time.Now()
		c.send(report)
		c.want("ERROR " + string(errNotStored))
		if took := time.Since(began); took != reportTimeout {
			t.Errorf("after %v, want %v", took, reportTimeout)
		}
		c.Close()
	})
}
