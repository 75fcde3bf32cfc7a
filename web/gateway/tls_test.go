package gateway

import (
	"crypto/tls"
	"net"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"sneakers23/app/devices"
)

// serverTLS is the configuration of a server with a certificate for tests.
func serverTLS() *tls.Config {
	site := httptest.NewUnstartedServer(nil)
	site.StartTLS() // makes one
	site.Close()
	return site.TLS
}

func overTLS(conn net.Conn) net.Conn { return tls.Client(conn, &tls.Config{InsecureSkipVerify: true}) }

// All is the same over TLS.
func TestTLS(t *testing.T) {
	s := start(t, Config{TLS: serverTLS()})
	plain := s.dial
	s.dial = func() net.Conn { return overTLS(plain()) }
	c := s.verified(1)
	c.send(c.log(strings.Repeat("x", 40_000), "second"), "rubbish")
	c.want("ERROR " + string(errForm))
	c.send("l:" + strings.Repeat("x", 2*MaxLine))
	c.want("ERROR " + string(errLong))
	c.sync()
	if got := s.shelf.messages(1); len(got) != 2 {
		t.Errorf("%d records are logged", len(got))
	}
	s.Push(1, []devices.Variable{variable("x", "boolean", "true")})
	c.wantVariables()
	s.Close(1)
	c.want("ERROR key was revoked")
	c.wantEnd()
	c.Close()
	s.gone()
}

// A device that speaks plain TCP to a listener with TLS is no device.
func TestPlainToTLS(t *testing.T) {
	s := start(t, Config{TLS: serverTLS()})
	c := s.connect()
	c.send("v:" + string(s.shelf.add(1)))
	c.receive() // whatever TLS says
	c.Close()
	s.gone()
}

// A handshake must be over in time, and a drain ends it.
func TestHandshakeInTime(t *testing.T) {
	config := serverTLS()
	for name, drain := range map[string]bool{"timeout": false, "drain": true} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := startInBubble(t, Config{TLS: config})
				c := s.connect() // says nothing
				time.Sleep(30*time.Second - time.Millisecond)
				synctest.Wait()
				if n := s.Count(); n != 1 {
					t.Errorf("%d connections before its time", n)
				}
				if drain {
					s.Drain(t.Context())
				}
				time.Sleep(2 * time.Millisecond)
				synctest.Wait()
				if n := s.Count(); n != 0 {
					t.Errorf("%d connections are open", n)
				}
				c.Close()
			})
		})
	}
}

// Over TLS, too, a device that reads nothing ends in time, at a drain as well.
func TestDrainOfStuckTLS(t *testing.T) {
	config := serverTLS()
	synctest.Test(t, func(t *testing.T) {
		s := startInBubble(t, Config{TLS: config})
		plain := s.dial
		s.dial = func() net.Conn { return overTLS(plain()) }
		s.verified(1) // reads nothing any more
		began := time.Now()
		s.Drain(t.Context())
		if took := time.Since(began); took > 10*time.Second {
			t.Errorf("it took %v", took)
		}
	})
}
