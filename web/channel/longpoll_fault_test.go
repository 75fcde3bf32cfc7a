package channel

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// overTheWire asks as one asks over a network: the node that answers does not hear that the asker
// waits no longer.
func overTheWire(ctx context.Context, s *Server, question []byte) ([]byte, error) {
	type reply struct {
		answer []byte
		err    error
	}
	replied := make(chan reply, 1) // one: there may be no receiver
	go func() {
		answer, err := s.AnswerNode(context.WithoutCancel(ctx), question)
		replied <- reply{answer, err}
	}()
	select {
	case r := <-replied:
		return r.answer, r.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// line carries questions between two nodes, and can be tampered with.
type line struct {
	owner, other *bubble
	asked        []question // by other
	ask          func(ctx context.Context, q question, data []byte) ([]byte, error)
}

// startLine must be called within synctest.Test. Other asks owner, at first without a fault.
func startLine(t *testing.T, cfg Config) *line {
	l := &line{}
	l.ask = func(ctx context.Context, _ question, data []byte) ([]byte, error) {
		return overTheWire(ctx, l.owner.Server, data)
	}
	cfg.Routes = routeTo(&fake{})
	cfg.Node = "owner"
	l.owner = startInBubble(t, cfg)
	cfg.Node = "other"
	cfg.AskNode = func(ctx context.Context, _ string, data []byte) ([]byte, error) {
		var q question
		if err := json.Unmarshal(data, &q); err != nil {
			t.Error(err)
		}
		l.asked = append(l.asked, q)
		return l.ask(ctx, q, data)
	}
	l.other = startInBubble(t, cfg)
	return l
}

// joined is a session of owner that has joined room:a; far is the same client at other.
func (l *line) joined() (p, far *poller) {
	p = l.owner.poller()
	p.join("room:a")
	far = l.other.poller()
	far.token = p.token
	return p, far
}

// pollAndLeave polls, and goes away while the poll waits.
func pollAndLeave(t *testing.T, p *poller) {
	t.Helper()
	ctx, leave := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() {
		_, err := p.try(ctx, "GET", "", "")
		done <- err
	}()
	synctest.Wait()
	leave()
	if err := <-done; err == nil {
		t.Error("a client that left was answered")
	}
	synctest.Wait()
}

// TestClientGoneOpensNothing has a client leave while its poll waits at another node: what comes
// then waits for the next poll, and no session is opened without a client.
func TestClientGoneOpensNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := startLine(t, Config{})
		_, far := l.joined()
		before := l.other.Sockets()
		pollAndLeave(t, far)
		if n := l.other.Sockets(); n != before {
			t.Errorf("%d sockets are open, want %d", n, before)
		}
		if busy := l.owner.polls[far.token].busy; busy != 0 {
			t.Errorf("%d requests are counted, want none", busy)
		}
		l.owner.cfg.PubSub.Broadcast("room:a", "shouted", nil)
		far.want(`[null,null,"room:a","shouted",{}]`)
	})
}

// TestCalledOffBeforeItCame has the line deliver the never mind before the poll.
func TestCalledOffBeforeItCame(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := startLine(t, Config{})
		_, far := l.joined()
		var late []byte
		direct := l.ask
		l.ask = func(ctx context.Context, q question, data []byte) ([]byte, error) {
			if q.Off || q.Publish {
				return direct(ctx, q, data)
			}
			late = data
			<-ctx.Done()
			return nil, ctx.Err()
		}
		pollAndLeave(t, far)
		l.ask = direct
		newer := later(far)
		synctest.Wait()
		nothing := string(pollBody(http.StatusNoContent, far.token, nil))
		if answer, err := l.owner.AnswerNode(t.Context(), late); string(answer) != nothing || err != nil {
			t.Errorf("the late poll got %s, %v, want %s", answer, err, nothing)
		}
		l.owner.cfg.PubSub.Broadcast("room:a", "shouted", nil)
		if text := <-newer; !strings.Contains(text, "shouted") {
			t.Errorf("the poll that waits got %s", text)
		}
		if n := len(l.owner.polls[far.token].calledOff); n != 0 {
			t.Errorf("%d polls are remembered, want none", n)
		}
	})
}

// TestCalledOffIsBounded calls off many polls that never come.
func TestCalledOffIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := startLine(t, Config{})
		p, _ := l.joined()
		for i := range 3 * maxCalledOff {
			off := fmt.Appendf(nil, `{"token":%q,"poll":"%d","off":true}`, p.token, i)
			if answer, err := l.owner.AnswerNode(t.Context(), off); answer != nil || err != nil {
				t.Errorf("got %s, %v", answer, err)
			}
		}
		if n := len(l.owner.polls[p.token].calledOff); n != maxCalledOff {
			t.Errorf("%d polls are remembered, want %d", n, maxCalledOff)
		}
	})
}

// TestNodeGoneInTheMiddle closes the node while a poll through another one waits there, and cuts
// the line.
func TestNodeGoneInTheMiddle(t *testing.T) {
	for name, fault := range map[string]func(l *line, cut func()){
		"closed": func(l *line, _ func()) { l.owner.Server.Close() },
		"cut":    func(_ *line, cut func()) { cut() },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := startLine(t, Config{})
				_, far := l.joined()
				broken, cut := context.WithCancel(t.Context())
				defer cut()
				l.ask = func(_ context.Context, _ question, data []byte) ([]byte, error) {
					answer, err := l.owner.AnswerNode(broken, data)
					return answer, errors.Join(err, broken.Err())
				}
				polled, began := later(far), time.Now()
				synctest.Wait()
				fault(l, cut)
				a := far.understand(<-polled)
				if a.Status != 410 || !strings.HasPrefix(a.Token, "phxlp.other.") || time.Since(began) != 0 {
					t.Errorf("polled %+v after %v, want a new session at once", a, time.Since(began))
				}
				far.wantStatus("", `[null,"1","phoenix","heartbeat",{}]`, 410)
			})
		})
	}
}

// TestNodeDoesNotAnswer asks one that hangs: the client is answered while it may be.
func TestNodeDoesNotAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := startLine(t, Config{})
		_, far := l.joined()
		l.ask = func(ctx context.Context, _ question, _ []byte) ([]byte, error) {
			<-ctx.Done()
			return nil, ctx.Err()
		}
		began := time.Now()
		far.wantStatus("", `[null,"1","phoenix","heartbeat",{}]`, 410)
		far.open()
		if d := time.Since(began); d != 2*15*time.Second {
			t.Errorf("it took %v, want 15 s each", d)
		}
	})
}

// TestAskerStops ends what it carries when its sockets are closed: the client polls on through
// another node.
func TestAskerStops(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := startLine(t, Config{})
		p, far := l.joined()
		polled, began := later(far), time.Now()
		synctest.Wait()
		l.other.Server.Close()
		if a := far.understand(<-polled); a.Status != 204 || a.Token != p.token || time.Since(began) != 0 {
			t.Errorf("polled %+v after %v, want 204 at once", a, time.Since(began))
		}
		l.owner.cfg.PubSub.Broadcast("room:a", "shouted", nil)
		p.want(`[null,null,"room:a","shouted",{}]`)
		if a := far.poll(); a.Status != 410 || a.Token != "" {
			t.Errorf("a node that has stopped answers %+v, want 410 without a token", a)
		}
	})
}
