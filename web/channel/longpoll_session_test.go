package channel

import (
	"context"
	"io"
	"log"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gorilla/websocket"
)

// A session that is closed answers all who wait at once.
func TestDisconnectedSession(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		site := startInBubble(t, Config{
			ID:         func(any) string { return "users:ann" },
			MaxMailbox: 1,
			Routes: routeTo(&fake{in: func(context.Context, *Socket, Message) (any, error) {
				<-release
				return OK, nil
			}}),
		})
		p := site.poller()
		p.join("room:a")
		p.publish(`["1","2","room:a","block",{}]`)
		synctest.Wait()
		p.publish(`["1","3","room:a","block",{}]`)
		posted := make(chan string, 2)
		for range 2 { // one waits for the mailbox, one for the other
			go func() { posted <- p.ask("POST", "", `["1","4","room:a","block",{}]`) }()
		}
		polled := later(p)
		synctest.Wait()
		began := time.Now()
		site.cfg.PubSub.Broadcast("users:ann", "something else", nil)
		site.cfg.PubSub.Broadcast("users:ann", "disconnect", nil)
		for range 2 {
			if got := <-posted; got != `{"status":410}` {
				t.Errorf("POST: %s", got)
			}
		}
		if got := p.understand(<-polled); got.Status != 410 || got.Token == p.token || got.Token == "" {
			t.Errorf("GET: %+v", got)
		}
		if d := time.Since(began); d != 0 {
			t.Errorf("it took %v", d)
		}
		close(release)
		synctest.Wait()
		if n := site.Sockets(); n != 1 { // the new one
			t.Errorf("%d sockets are open, want 1", n)
		}
		if n := site.cfg.PubSub.Count("users:ann"); n != 1 {
			t.Errorf("%d listen to the socket's id, want 1", n)
		}
	})
}

// A POST that dispatches when a session is closed ends before its channels do; a POST that waits
// for its turn is answered at once.
func TestSessionIsClosedWhilePublishing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		site := startInBubble(t, Config{Routes: routeTo(&fake{})})
		p := site.poller()
		session := site.polls[p.token]
		session.posting <- struct{}{} // we dispatch
		posted := make(chan string, 1)
		go func() { posted <- p.ask("POST", "", `[null,"1","phoenix","heartbeat",{}]`) }()
		synctest.Wait()
		began := time.Now()
		session.close(1001, "", false)
		if got := <-posted; got != `{"status":410}` || time.Since(began) != 0 {
			t.Errorf("got %s after %v", got, time.Since(began))
		}
		synctest.Wait()
		if n := site.Sockets(); n != 1 {
			t.Errorf("%d sockets while one dispatches, want 1", n)
		}
		<-session.posting
		synctest.Wait()
		if n := site.Sockets(); n != 0 {
			t.Errorf("%d sockets, want 0", n)
		}
	})
}

func TestDrainEndsSessions(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		site := startInBubble(t, Config{DrainLeast: 2, Routes: routeTo(&fake{})})
		const clients, gone = 6, `{"status":410,"token":"","messages":[]}`
		pollers := make([]*poller, clients)
		closed := make(chan time.Duration, clients)
		var began time.Time
		for i := range pollers {
			p := site.poller()
			p.join("room:a")
			pollers[i] = p
			go func() {
				if got := p.ask("GET", "", ""); got != gone {
					t.Errorf("a poll got %s", got)
				}
				closed <- time.Since(began)
			}()
		}
		synctest.Wait()
		if n := site.Sockets(); n != clients {
			t.Errorf("%d sockets are open, want %d", n, clients)
		}
		began = time.Now()
		if err := site.Drain(t.Context()); err != nil {
			t.Error(err)
		}
		for i := range clients {
			if d, want := <-closed, time.Duration(i/2)*time.Second; d != want {
				t.Errorf("session %d was closed after %v, want %v", i, d, want)
			}
		}
		pollers[0].wantStatus("", "", 410)
		if got := pollers[0].ask("GET", "", ""); got != gone {
			t.Errorf("after the drain: %s", got)
		}
		if n := site.Sockets(); n != 0 {
			t.Errorf("%d sockets are open", n)
		}
		if len(site.polls) != 0 {
			t.Errorf("%d sessions are kept", len(site.polls))
		}
	})
}

// A session that opened before Drain began, and comes after it, is refused.
func TestDrainWhileASessionOpens(t *testing.T) {
	var server *Server
	site := start(t, Config{
		Connect: func(ConnectInfo) (any, error) { return nil, server.Drain(context.Background()) },
		Routes:  routeTo(&fake{}),
	})
	server = site.Server
	if got := site.stranger(t, "?vsn=2.0.0").ask("GET", "", ""); got != `{"status":403}` {
		t.Errorf("got %s", got)
	}
}

// A session costs its client no connection, so the server bounds how many there are.
func TestSessionsAreBounded(t *testing.T) {
	connected := 0
	site := start(t, Config{
		MaxPolls: 2, PollSilence: time.Minute, Routes: routeTo(&fake{}),
		Connect: func(ConnectInfo) (any, error) { connected++; return nil, nil },
	})
	site.poller(t, "2.0.0")
	site.poller(t, "2.0.0")
	late := site.stranger(t, "?vsn=2.0.0")
	if got := late.understand(late.ask("GET", "", "")); got.Status != 403 || got.Token != "" {
		t.Errorf("a session beyond MaxPolls: got %+v, want 403", got)
	}
	if connected != 2 { // it may cost more than a session
		t.Errorf("Connect was asked %d times, want 2", connected)
	}
	if got := site.Sockets(); got != 2 {
		t.Errorf("%d sockets, want 2", got)
	}
}

// Connect may be slow, so that there was room when it was asked.
func TestSessionsThatConnectTogetherAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		site := startInBubble(t, Config{MaxPolls: 2, PollSilence: time.Minute, Routes: routeTo(&fake{}),
			Connect: func(ConnectInfo) (any, error) { time.Sleep(time.Second); return nil, nil },
		})
		p := site.poller()
		p.token = ""
		answers := []chan string{later(p), later(p), later(p)}
		opened := 0
		for _, answer := range answers {
			switch a := p.understand(<-answer); a.Status {
			case 410:
				opened++
			case 403:
			default:
				t.Errorf("got %+v", a)
			}
		}
		if n := site.Sockets(); opened != 1 || n != 2 {
			t.Errorf("%d of three opened a session, %d are open; want 1 and 2", opened, n)
		}
	})
}

// An ID callback that panics leaves behind nothing but a request without an answer.
func TestIDPanics(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		boom := false
		site := startInBubble(t, Config{Routes: routeTo(&fake{}), ID: func(any) string {
			if boom {
				panic("on purpose")
			}
			return ""
		}})
		site.web.ErrorLog = log.New(io.Discard, "", 0)
		p := site.poller()
		boom, p.token = true, ""
		for range 5 {
			if text, err := p.try(t.Context(), "GET", "", ""); err == nil {
				t.Errorf("got %s", text)
			}
		}
		dialer := websocket.Dialer{NetDial: site.pipes.dial}
		if _, _, err := dialer.Dial("ws://bubble/socket/websocket", nil); err == nil {
			t.Error("a socket was opened")
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		if n := site.Sockets(); n != 0 {
			t.Errorf("%d sockets are left", n)
		}
	})
}

// Of two polls that wait when their session ends one opens another.
func TestTwoPollsOpenOneSession(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		site := startInBubble(t, Config{ID: func(any) string { return "users:ann" }, Routes: routeTo(&fake{})})
		p := site.poller()
		older := later(p)
		synctest.Wait()
		newer := later(p)
		synctest.Wait()
		site.cfg.PubSub.Broadcast("users:ann", "disconnect", nil)
		if a := p.understand(<-newer); a.Status != 410 || a.Token == p.token || a.Token == "" {
			t.Errorf("the newer got %+v", a)
		}
		if a := p.understand(<-older); a.Status != 204 {
			t.Errorf("the older got %+v", a)
		}
		synctest.Wait() // the old one ends beside the answers
		if n := site.Sockets(); n != 1 {
			t.Errorf("%d sessions are open, want 1", n)
		}
	})
}
