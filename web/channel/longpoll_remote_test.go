package channel

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gorilla/websocket"
)

// twoSites are two nodes that ask each other.
func twoSites(t *testing.T, cfg Config) (a, b *site) {
	t.Helper()
	nodes := make(map[string]*site)
	cfg.AskNode = func(ctx context.Context, node string, question []byte) ([]byte, error) {
		if nodes[node] == nil {
			return nil, errors.New("no such node")
		}
		return overTheWire(ctx, nodes[node].Server, question)
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
	p.want(`[null,"1","phoenix","phx_reply",{"status":"ok","response":{}}]`,
		`[null,"2","phoenix","phx_reply",{"status":"ok","response":{}}]`)
	far.wantStatus("application/json", "garbage", 400)
	far.wantStatus("application/x-ndjson", strings.Repeat("[]\n", 101), 400)
	if a.Sockets() != 0 || b.Sockets() != 1 {
		t.Errorf("%d and %d sockets are open, want none and one", a.Sockets(), b.Sockets())
	}
}

// TestSessionGoneElsewhere asks for sessions that are not there: a poll opens another one here, a
// POST hears that it is gone.
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

// TestNodeAnswersGarbage asks a node that can't be trusted: none of it reaches the client.
func TestNodeAnswersGarbage(t *testing.T) {
	const token = "phxlp.b.ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	var answer string
	site := start(t, Config{Node: "a", Routes: routeTo(&fake{}),
		AskNode: func(context.Context, string, []byte) ([]byte, error) {
			return []byte(answer), nil
		}})
	for _, answer = range []string{
		"", "<html>", "null", "[]", `"x"`, "{}", `{"status":"200"}`, `{"status":403}`, `{"status":500}`,
		`{"status":204,"token":"phxlp.b.another","messages":[]}`,
		`{"status":410,"token":"` + token + `","messages":[]}`,
		`{"status":204,"token":"` + token + `","messages":["x"]}`,
		`{"status":200,"token":"` + token + `","messages":[]}`,
		`{"status":200,"token":"` + token + `","messages":[1]}`,
		`{"status":200,"token":"` + token + `","messages":["x"]} and more`,
	} {
		q := site.stranger(t, "?vsn=2.0.0")
		q.token = token
		q.wantStatus("application/json", `[null,"1","phoenix","heartbeat",{}]`, 410)
		if q.open(); q.token == token {
			t.Errorf("%s: the client keeps the session", answer)
		}
	}
}

// TestNodeAsksGarbage is asked what no node asks.
func TestNodeAsksGarbage(t *testing.T) {
	site := start(t, Config{Node: "a", MaxBody: 1000, Routes: routeTo(&fake{})})
	for _, question := range []string{
		"", "garbage", `{"token":1}`, `{"token":"x","body":"not base64!"}`,
		`{"token":"x","publish":true,"body":"` + strings.Repeat("QUJD", 334) + `"}`, // 1,002 bytes
		`{"token":"x","poll":"` + strings.Repeat("x", 65) + `"}`,
		`{"token":"x","poll":"1"` + strings.Repeat(" ", 3000) + `}`,
	} {
		if _, err := site.AnswerNode(t.Context(), []byte(question)); !errors.Is(err, ErrQuestion) {
			t.Errorf("%.80q: got %v, want ErrQuestion", question, err)
		}
	}
	for _, question := range []string{
		`{"token":"phxlp.a.X","poll":"1"}`,
		`{"token":"x","publish":true,"body":"` + strings.Repeat("QUJD", 333) + `"}`,
	} {
		if answer, err := site.AnswerNode(t.Context(), []byte(question)); err != nil || answer != nil {
			t.Errorf("a session that is not here: %s, %v", answer, err)
		}
	}
}

// TestAnswerToNobodyIsPutBack has a client that leaves when the answer to its poll is on its way
// from the other node.
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
	other.pollElsewhere(ctx, "a", p.token)
	p.publish(`[null,"3","phoenix","heartbeat",{}]`)
	p.want(`[null,"1","phoenix","phx_reply",{"status":"ok","response":{}}]`,
		`[null,"2","phoenix","phx_reply",{"status":"ok","response":{}}]`,
		`[null,"3","phoenix","phx_reply",{"status":"ok","response":{}}]`)
}

// TestNewerPollThroughAnotherNode polls at both nodes at once: the newer poll gets the messages.
func TestNewerPollThroughAnotherNode(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var owner *bubble
		ask := func(ctx context.Context, _ string, q []byte) ([]byte, error) {
			return overTheWire(ctx, owner.Server, q)
		}
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

// TestForgedTokenAsksNobody has strangers name nodes: only what may be one is asked, and once.
func TestForgedTokenAsksNobody(t *testing.T) {
	var asked []string
	site := start(t, Config{Node: "a", Routes: routeTo(&fake{}),
		AskNode: func(_ context.Context, node string, _ []byte) ([]byte, error) {
			asked = append(asked, node)
			return nil, errors.New("no such node")
		}})
	const secret = ".ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	long := strings.Repeat("n", 64)
	for token, want := range map[string]string{
		"phxlp.b" + secret: "b", "phxlp.b.c" + secret: "b.c", "phxlp." + long + secret: long, "phxlp.b." + secret: "b.",
		"phxlp.a" + secret: "", "phxlp." + long + "n" + secret: "", "phxlp.*" + secret: "", "phxlp.b.>" + secret: "",
		"phxlp." + secret:   "",
		"phxlp.-b" + secret: "", "phxlp.b c" + secret: "", "phxlp.b\r\nPUB x" + secret: "", "phxlp.é" + secret: "",
		"phxlp.b\n" + secret: "",
		"b" + secret:         "", "phxlp.b": "", "phxlp.b.": "", "phxlp.b.abc": "", "phxlp.b" + secret + "\n": "",
		"phxlp.b" + secret + strings.Repeat("X", 1000): "",
	} {
		for _, method := range []string{"GET", "POST"} {
			q := site.stranger(t, "?vsn=2.0.0")
			q.token, asked = token, nil
			q.ask(method, "", `[null,"1","phoenix","heartbeat",{}]`)
			if got := strings.Join(asked, " and "); got != want {
				t.Errorf("%s with %q asked %q, want %q", method, token, got, want)
			}
		}
	}
}

// FuzzQuestion asks what no node asks, for a session that is there.
func FuzzQuestion(f *testing.F) {
	const token = "phxlp.a.X"
	f.Add([]byte(`{"token":"phxlp.a.X","poll":"1"}`))
	f.Add([]byte(`{"token":"phxlp.a.X","poll":"1","off":true}`))
	f.Add([]byte(`{"token":"phxlp.a.X","publish":true,"body":"W251bGwsIjEiLCJwaG9lbml4IiwiaGVhcnRiZWF0Iix7fV0=","lines":true}`))
	f.Add([]byte(`{"token":"phxlp.a.X","publish":true,"body":"W10="}`))
	f.Add([]byte(`{"token":"phxlp.a.Y","poll":"1"}`))
	server, err := New(Config{Node: "a", PollWait: time.Microsecond, MaxBody: 1000, Routes: routeTo(&fake{})})
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(server.Close)
	f.Fuzz(func(t *testing.T, data []byte) {
		// a new one each time: what was asked before changes nothing
		p := server.openLongPoll(visitor{format: server.v2})
		defer p.close(websocket.CloseNormalClosure, "", true)
		known := bytes.ReplaceAll(data, []byte(token), []byte(p.token))
		answer, err := server.AnswerNode(t.Context(), known)
		switch {
		case err != nil && (answer != nil || !errors.Is(err, ErrQuestion)):
			t.Errorf("got %s, %v", answer, err)
		case answer != nil && !isAnswer(question{Token: p.token}, answer) && !isAnswer(question{Publish: true}, answer):
			t.Errorf("no node takes %s", answer)
		}
		p.mu.Lock()
		defer p.mu.Unlock()
		if p.busy != 0 || len(p.remotes) != 0 || len(p.calledOff) > maxCalledOff {
			t.Errorf("%d requests, %d polls and %d called off are left", p.busy, len(p.remotes), len(p.calledOff))
		}
	})
}
