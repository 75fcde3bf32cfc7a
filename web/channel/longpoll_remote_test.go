package channel

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// twoSites are two nodes that ask each other.
func twoSites(t *testing.T, cfg Config) (a, b *site) {
	t.Helper()
	nodes := make(map[string]*site)
	cfg.AskNode = func(ctx context.Context, node string, question []byte) ([]byte, error) {
		if nodes[node] == nil {
			return nil, errors.New("no such node")
		}
		return nodes[node].AnswerNode(ctx, question)
	}
	for _, name := range []string{"a", "b.with.dots"} {
		cfg.Node = name
		nodes[name] = start(t, cfg)
	}
	return nodes["a"], nodes["b.with.dots"]
}

// through is the same client at another node.
func (p *poller) through(s *site) *poller {
	q := s.stranger(p.t, "?vsn=2.0.0")
	q.token = p.token
	return q
}

// TestAnyNodeServesASession opens a session at one node, publishes and polls through the other.
func TestAnyNodeServesASession(t *testing.T) {
	a, b := twoSites(t, Config{Routes: routeTo(&fake{})})
	p := b.poller(t, "2.0.0")
	far := p.through(a)
	far.join("room:1")
	b.cfg.PubSub.Broadcast("room:1", "shouted", nil)
	far.want(`[null,null,"room:1","shouted",{}]`)
	far.publishAll(`[null,"1","phoenix","heartbeat",{}]`, `[null,"2","phoenix","heartbeat",{}]`)
	p.want(`[null,"1","phoenix","phx_reply",{"status":"ok","response":{}}]`, `[null,"2","phoenix","phx_reply",{"status":"ok","response":{}}]`)
	far.wantStatus("application/json", "garbage", 400)
	far.wantStatus("application/x-ndjson", strings.Repeat("[]\n", 101), 400)
	if a.Sockets() != 0 || b.Sockets() != 1 {
		t.Errorf("%d and %d sockets are open, want none and one", a.Sockets(), b.Sockets())
	}
}

// TestSessionGoneElsewhere asks for sessions that are not there: a poll opens another one here, a POST hears that it is gone.
func TestSessionGoneElsewhere(t *testing.T) {
	a, b := twoSites(t, Config{Routes: routeTo(&fake{})})
	p := b.poller(t, "2.0.0")
	b.Close()
	for name, token := range map[string]string{
		"closed":       p.token,
		"forged":       "phxlp.b.with.dots.ABCDEFGHIJKLMNOPQRSTUVWXYZ",
		"unknown node": "phxlp.c.ABCDEFGHIJKLMNOPQRSTUVWXYZ",
		"odd name":     "phxlp.*.>.ABCDEFGHIJKLMNOPQRSTUVWXYZ",
		"no name":      "phxlp.ABCDEFGHIJKLMNOPQRSTUVWXYZ",
		"our own":      "phxlp.a.ABCDEFGHIJKLMNOPQRSTUVWXYZ",
	} {
		q := a.stranger(t, "?vsn=2.0.0")
		q.token = token
		q.wantStatus("application/json", `[null,"1","phoenix","heartbeat",{}]`, 410)
		if q.open(); !strings.HasPrefix(q.token, "phxlp.a.") || q.token == token {
			t.Errorf("%s: got the token %s, want a new one of this node", name, q.token)
		}
	}
}

// TestNodeAnswersGarbage is asked by a node that can't be trusted, and asks one.
func TestNodeAnswersGarbage(t *testing.T) {
	site := start(t, Config{Node: "a", Routes: routeTo(&fake{}), AskNode: func(context.Context, string, []byte) ([]byte, error) {
		return []byte("<html>"), nil
	}})
	q := site.stranger(t, "?vsn=2.0.0")
	q.token = "phxlp.b.ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	q.wantStatus("application/json", `[null,"1","phoenix","heartbeat",{}]`, 410)
	q.open()
	for _, question := range []string{"", "garbage", `{"token":1}`, `{"token":"x","body":"not base64!"}`} {
		if _, err := site.AnswerNode(t.Context(), []byte(question)); !errors.Is(err, ErrQuestion) {
			t.Errorf("%q: got %v, want ErrQuestion", question, err)
		}
	}
	if answer, err := site.AnswerNode(t.Context(), []byte(`{"token":"phxlp.a.X","poll":"1"}`)); err != nil || answer != nil {
		t.Errorf("a session that is not here: %s, %v", answer, err)
	}
}

// TestRemotePollCalledOff has a client that leaves while its poll waits at another node: what comes then waits for its next
// poll, through whichever node.
func TestRemotePollCalledOff(t *testing.T) {
	a, b := twoSites(t, Config{Routes: routeTo(&fake{})})
	p := b.poller(t, "2.0.0")
	p.join("room:1")
	far := p.through(a)
	ctx, leave := context.WithCancel(t.Context())
	polled := make(chan error, 1)
	go func() {
		_, err := far.try(ctx, "GET", "", "")
		polled <- err
	}()
	session := b.polls[p.token]
	await := func(what string, waits bool) {
		t.Helper()
		tick := time.NewTicker(time.Millisecond)
		defer tick.Stop()
		for began := time.Now(); ; <-tick.C {
			session.mu.Lock()
			n := len(session.remotes)
			session.mu.Unlock()
			if (n > 0) == waits {
				return
			}
			if time.Since(began) > 30*time.Second {
				t.Fatalf("%s: %d polls wait", what, n)
			}
		}
	}
	await("the poll has come", true)
	leave()
	if err := <-polled; err == nil {
		t.Error("a client that left was answered")
	}
	await("the poll is called off", false)
	b.cfg.PubSub.Broadcast("room:1", "shouted", nil)
	far.want(`[null,null,"room:1","shouted",{}]`)
}

// TestAnswerToNobodyIsPutBack has a client that leaves when the answer to its poll is on its way from the other node.
func TestAnswerToNobodyIsPutBack(t *testing.T) {
	var owner *site
	ctx, leave := context.WithCancel(t.Context())
	ask := func(ctx context.Context, _ string, q []byte) ([]byte, error) {
		answer, err := owner.AnswerNode(context.WithoutCancel(ctx), q)
		leave() // before it arrives
		return answer, err
	}
	owner = start(t, Config{Node: "a", Routes: routeTo(&fake{})})
	other := start(t, Config{Node: "b", Routes: routeTo(&fake{}), AskNode: ask})
	p := owner.poller(t, "2.0.0")
	p.publishAll(`[null,"1","phoenix","heartbeat",{}]`, `[null,"2","phoenix","heartbeat",{}]`)
	if answer := other.pollElsewhere(ctx, "a", p.token); !strings.Contains(string(answer), "phx_reply") {
		t.Fatalf("polled %s", answer)
	}
	p.publish(`[null,"3","phoenix","heartbeat",{}]`)
	p.want(`[null,"1","phoenix","phx_reply",{"status":"ok","response":{}}]`, `[null,"2","phoenix","phx_reply",{"status":"ok","response":{}}]`,
		`[null,"3","phoenix","phx_reply",{"status":"ok","response":{}}]`)
}

// TestNewerPollThroughAnotherNode polls at both nodes at once: the newer poll gets the messages.
func TestNewerPollThroughAnotherNode(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var owner *bubble
		ask := func(ctx context.Context, _ string, q []byte) ([]byte, error) { return owner.AnswerNode(ctx, q) }
		owner = startInBubble(t, Config{Node: "a", Routes: routeTo(&fake{})})
		other := startInBubble(t, Config{Node: "b", Routes: routeTo(&fake{}), AskNode: ask})
		p := owner.poller()
		p.join("room:1")
		older := later(p)
		synctest.Wait()
		far := other.poller()
		far.token = p.token
		newer := later(far)
		synctest.Wait()
		owner.cfg.PubSub.Broadcast("room:1", "shouted", nil)
		if text := <-newer; !strings.Contains(text, "shouted") {
			t.Errorf("the newer poll got %s", text)
		}
		if text := <-older; !strings.Contains(text, `"status":204`) {
			t.Errorf("the older poll got %s", text)
		}
	})
}

// TestRoundRobin lets every request of a client go to the other node than the one before.
func TestRoundRobin(t *testing.T) {
	a, b := twoSites(t, Config{Routes: routeTo(&fake{})})
	var n atomic.Int64
	balancer := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		[]*Server{a.Server, b.Server}[n.Add(1)%2].ServeHTTP(w, r)
	}))
	defer balancer.Close()
	p := &poller{t: t, http: balancer.Client(), url: balancer.URL + "/socket/longpoll?vsn=2.0.0", header: http.Header{}}
	p.open()
	p.join("room:1")
	for range 20 {
		p.wantNothing()
	}
	if a.Sockets()+b.Sockets() != 1 {
		t.Errorf("%d sockets are open, want one", a.Sockets()+b.Sockets())
	}
}

// FuzzQuestion asks what no node asks.
func FuzzQuestion(f *testing.F) {
	f.Add([]byte(`{"token":"phxlp.a.X","poll":"1"}`))
	f.Add([]byte(`{"token":"phxlp.a.X","poll":"1","off":true}`))
	f.Add([]byte(`{"token":"phxlp.a.X","publish":true,"body":"W10=","lines":true}`))
	server, err := New(Config{Node: "a", Routes: routeTo(&fake{})})
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(server.Close)
	f.Fuzz(func(t *testing.T, question []byte) {
		if answer, err := server.AnswerNode(t.Context(), question); answer != nil || err != nil && !errors.Is(err, ErrQuestion) {
			t.Errorf("got %s, %v", answer, err)
		}
	})
}
