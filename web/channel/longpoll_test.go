package channel

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"
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
		want = fmt.Sprintf(`{"status":200,"token":%q,"messages":[%q]}`,
			p.token, `[null,null,"room:a","shouted",{"text":"\"é\n"}]`)
		if got := <-answer; got != want {
			t.Errorf("got %s, want %s", got, want)
		}
		if d := time.Since(began); d != 3*time.Second {
			t.Errorf("it waited %v, want 3s", d)
		}
	})
}

// Messages sent between two polls wait for the second, in order.
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
		if got, want := p.understand(<-newer).Messages, `[null,null,"room:a","shouted",{}]`; len(got) != 1 ||
			got[0] != want {
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
		if frames, _ := site.polls[p.token].poll(gone, ""); frames != nil {
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
		for _, function := range []string{
			"channel.(*longPoll).poll", "channel.(*longPoll).end", "channel.(*Server).ServeHTTP",
			"channel.(*Socket).run",
		} {
			if n := goroutines(function); n != 0 {
				t.Errorf("%d goroutines in %s", n, function)
			}
		}
	})
}

// The messages that wait for a client are bounded: beyond it the session is closed, the others
// still receive. One message larger than the bound may wait alone.
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
