package channel

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gorilla/websocket"
)

// later runs a request beside the test; its answer comes through the channel.
func later(p *poller) chan string {
	answer := make(chan string, 1)
	go func() { answer <- p.ask("GET", "", "") }()
	return answer
}

func TestPollWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		site := startInBubble(t, Config{Routes: routeTo(&fake{})})
		p := site.poller()
		began := time.Now()
		want := fmt.Sprintf(`{"status":204,"token":%q,"messages":[]}`, p.token)
		if got := p.ask("GET", "", ""); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
		if d := time.Since(began); d != 10*time.Second {
			t.Errorf("it waited %v, want 10s", d)
		}
		p.join("room:a")
		began = time.Now()
		answer := later(p)
		time.Sleep(3 * time.Second)
		site.cfg.PubSub.Broadcast("room:a", "shouted", map[string]string{"text": "\"é\n"})
		want = fmt.Sprintf(`{"status":200,"token":%q,"messages":[%q]}`, p.token, `[null,null,"room:a","shouted",{"text":"\"é\n"}]`)
		if got := <-answer; got != want {
			t.Errorf("got %s, want %s", got, want)
		}
		if d := time.Since(began); d != 3*time.Second {
			t.Errorf("it waited %v, want 3s", d)
		}
	})
}

// What is sent between two polls waits for the second, in order.
func TestMessagesWaitForThePoll(t *testing.T) {
	site := start(t, Config{Routes: routeTo(&fake{})})
	p := site.poller(t, "2.0.0")
	p.join("room:a")
	var want []string
	for i := range 20 {
		site.cfg.PubSub.Broadcast("room:a", "n", i)
		want = append(want, fmt.Sprintf(`[null,null,"room:a","n",%d]`, i))
	}
	if got := p.poll(); got.Status != 200 || strings.Join(got.Messages, " ") != strings.Join(want, " ") {
		t.Errorf("got %+v, want %q", got, want)
	}
}

func TestNewerPollGetsTheMessages(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		site := startInBubble(t, Config{Routes: routeTo(&fake{})})
		p := site.poller()
		p.join("room:a")
		older := later(p)
		time.Sleep(time.Second)
		newer := later(p)
		time.Sleep(time.Second)
		site.cfg.PubSub.Broadcast("room:a", "shouted", nil)
		if got, want := p.understand(<-newer).Messages, `[null,null,"room:a","shouted",{}]`; len(got) != 1 || got[0] != want {
			t.Errorf("the newer poll got %q", got)
		}
		site.cfg.PubSub.Broadcast("room:a", "shouted", nil)
		if got := p.understand(<-older); got.Status != 204 {
			t.Errorf("the older poll got %+v", got)
		}
		p.want(`[null,null,"room:a","shouted",{}]`)
	})
}

// A client that gives a poll up gets with the next what came meanwhile.
func TestPollGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		site := startInBubble(t, Config{Routes: routeTo(&fake{})})
		p := site.poller()
		p.join("room:a")
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := p.try(ctx, "GET", "", ""); err == nil {
			t.Error("the poll was answered")
		}
		synctest.Wait()
		site.cfg.PubSub.Broadcast("room:a", "shouted", nil)
		p.want(`[null,null,"room:a","shouted",{}]`)
	})
}

// So it does if they come at the same moment.
func TestPollOfAClientThatIsGone(t *testing.T) {
	site := start(t, Config{Routes: routeTo(&fake{})})
	p := site.poller(t, "2.0.0")
	p.publish(`[null,"1","phoenix","heartbeat",{}]`)
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	for range 10 {
		if frames, _ := site.polls[p.token].poll(gone); frames != nil {
			t.Fatalf("nobody got %q", frames)
		}
	}
	p.want(`[null,"1","phoenix","phx_reply",{"status":"ok","response":{}}]`)
}

func TestSilentSessionIsClosed(t *testing.T) {
	for name, sign := range map[string]func(*poller){
		"poll":    func(p *poller) { p.poll() },
		"publish": func(p *poller) { p.publish(`["1","2","room:a","quiet",{}]`) },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				reasons := make(chan error, 1)
				site := startInBubble(t, Config{Routes: routeTo(&fake{
					in:        echo,
					terminate: func(_ context.Context, _ *Socket, reason error) { reasons <- reason },
				})})
				p := site.poller()
				p.join("room:a")
				for range 5 {
					time.Sleep(15*time.Second - time.Millisecond)
					sign(p)
				}
				time.Sleep(15*time.Second - time.Millisecond)
				synctest.Wait()
				if n := site.Sockets(); n != 1 {
					t.Fatalf("%d sockets are open, want 1", n)
				}
				time.Sleep(time.Millisecond)
				synctest.Wait()
				if n := site.Sockets(); n != 0 {
					t.Fatalf("%d sockets are open after the silence", n)
				}
				if reason := <-reasons; reason != ErrSocketClosed {
					t.Errorf("terminated with %v", reason)
				}
				if n := site.cfg.PubSub.Count("room:a"); n != 0 {
					t.Errorf("%d are subscribed", n)
				}
				p.wantStatus("", `["1","2","room:a","quiet",{}]`, 410)
				gone := p.token
				if p.open(); p.token == gone {
					t.Error("the token of the new session is that of the old")
				}
			})
		})
	}
}

// A timer that fires when a request has come meanwhile, or has just gone, is too late.
func TestTimerComesLate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		site := startInBubble(t, Config{Routes: routeTo(&fake{})})
		session := site.polls[site.poller().token]
		session.enter()
		time.Sleep(time.Minute)
		session.fallSilent()
		session.leave()
		session.fallSilent()
		synctest.Wait()
		if n := site.Sockets(); n != 1 {
			t.Errorf("%d sockets are open, want 1", n)
		}
	})
}

// Between two requests a session is a queue and a timer.
func TestIdleSessionHasNoGoroutine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		site := startInBubble(t, Config{Routes: routeTo(&fake{})})
		p := site.poller()
		p.join("room:a")
		p.http.CloseIdleConnections()
		for _, function := range []string{"(*longPoll).poll", "(*longPoll).end", "(*Server).ServeHTTP", "(*Socket).run"} {
			if n := goroutines(function); n != 0 {
				t.Errorf("%d goroutines in %s", n, function)
			}
		}
	})
}

// A channel whose mailbox is full makes a POST wait, for so long as a poll does.
func TestPublishIsNotTakenInTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		site := startInBubble(t, Config{MaxMailbox: 2, Routes: routeTo(&fake{
			in: func(context.Context, *Socket, Message) (any, error) {
				<-release
				return OK, nil
			},
		})})
		p := site.poller()
		p.join("room:a")
		event := func(ref int) string { return fmt.Sprintf(`["1","%d","room:a","block",{}]`, ref) }
		p.publishAll(event(1), event(2))
		synctest.Wait()
		p.publish(event(3)) // one is handled, two wait
		began := time.Now()
		second := make(chan string, 1)
		go func() { second <- p.ask("POST", "", event(5)) }()
		p.wantStatus("application/x-ndjson", event(4), 408)
		if d := time.Since(began); d != 10*time.Second {
			t.Errorf("408 after %v, want 10s", d)
		}
		if got := <-second; got != `{"status":408}` {
			t.Errorf("another POST at the same time: %s", got)
		}
		go func() { second <- p.ask("POST", "application/x-ndjson", event(6)+"\n"+event(7)+"\n"+event(8)+"\n") }()
		time.Sleep(time.Second)
		close(release)
		if got := <-second; got != `{"status":200}` {
			t.Errorf("a POST that had to wait: %s", got)
		}
		for _, ref := range []int{1, 2, 3, 6, 7, 8} {
			p.want(fmt.Sprintf(`["1","%d","room:a","phx_reply",{"status":"ok","response":{}}]`, ref))
		}
	})
}

// That time is for all messages of a POST, not for each of them.
func TestPublishOfManyIsNotTakenInTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		site := startInBubble(t, Config{MaxMailbox: 1, Routes: routeTo(&fake{
			in: func(context.Context, *Socket, Message) (any, error) {
				time.Sleep(6 * time.Second)
				return nil, nil
			},
		})})
		p := site.poller()
		p.join("room:a")
		began := time.Now()
		lines := strings.Repeat(`["1","2","room:a","slow",{}]`+"\n", 5) // one is handled, one waits, then one fits in 6 s
		p.wantStatus("application/x-ndjson", lines, 408)
		if d := time.Since(began); d != 10*time.Second {
			t.Errorf("408 after %v, want 10s", d)
		}
	})
}

// A session that is closed gives what waits to the poll that does, unless it is
// closed because that is too much.
func TestClosedSessionMayDropWhatWaits(t *testing.T) {
	site := start(t, Config{Routes: routeTo(&fake{})})
	for _, drop := range []bool{false, true} {
		session := site.polls[site.poller(t, "2.0.0").token]
		session.enqueue(pongFrame(nil))
		session.close(1001, "", drop)
		frames, gone := session.poll(t.Context())
		if (len(frames) == 0) != drop || gone != drop {
			t.Errorf("drop %v: a poll got %d frames, gone %v", drop, len(frames), gone)
		}
	}
}

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

// Who dispatches when a session is closed comes to an end before its channels do; who
// waits for that does not wait.
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

// What an ID that panics leaves behind is an answer that never came.
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
		if n := site.Sockets(); n != 1 {
			t.Errorf("%d sessions are open, want 1", n)
		}
	})
}

// What a client lets wait is bounded: then its session is closed, the others hear
// on. One message larger than the bound may wait alone.
func TestSessionThatDoesNotPoll(t *testing.T) {
	site := start(t, Config{MaxQueue: 1000, Routes: routeTo(&fake{})})
	slow, quick := site.poller(t, "2.0.0"), site.poller(t, "2.0.0")
	slow.join("room:a")
	quick.join("room:a")
	noise := func(n int) string {
		text, _ := json.Marshal(strings.Repeat("x", n))
		site.cfg.PubSub.Broadcast("room:a", "noise", json.RawMessage(text))
		return `[null,null,"room:a","noise",` + string(text) + `]`
	}
	large := noise(5000)
	slow.want(large)
	quick.want(large)
	for range 20 {
		quick.want(noise(100))
	}
	slow.wantStatus("", `[null,"1","phoenix","heartbeat",{}]`, 410)
	quick.wantNothing()
	if a := slow.poll(); a.Status != 410 || a.Token == slow.token {
		t.Errorf("the slow client polls %+v", a)
	}
}

// The deadline that an http.Server has for all answers does not cut a poll.
func TestPollOutlivesTheWriteTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		site := startInBubble(t, Config{Routes: routeTo(&fake{})})
		site.web.WriteTimeout = time.Second
		if got := site.poller().poll(); got.Status != 204 {
			t.Errorf("got %+v", got)
		}
	})
}
