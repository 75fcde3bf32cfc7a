package channel

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
)

// journal is a log that several goroutines write to.
type journal struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (j *journal) Write(p []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.b.Write(p)
}

// Failures are logged with their cause, and without the topic, which may be a secret.
func TestLog(t *testing.T) {
	var j journal
	site := start(t, Config{
		Log: slog.New(slog.NewTextHandler(&j, &slog.HandlerOptions{Level: slog.LevelInfo})),
		Routes: routeTo(&fake{
			join: func(_ context.Context, s *Socket, params json.RawMessage) (any, error) {
				if string(params) == `"panic"` {
					panic("in join")
				}
				return nil, nil
			},
			in:        echo,
			terminate: func(context.Context, *Socket, error) { panic("in terminate") },
		}),
	})
	c := site.dial()
	c.join("room:secret")
	for _, frame := range []string{
		`["1","2","room:secret","fail",{}]`,
		`["1","3","room:secret","panic",{}]`,
		`["4","4","room:secret","phx_join","panic"]`,
	} {
		c.send("%s", frame)
		c.receive()
	}
	c.Close()
	site.Close()
	log := j.b.String()
	if strings.Contains(log, "secret") {
		t.Error("a topic is in the log")
	}
	for _, want := range []string{
		`msg="a callback failed" topic=room:* event=fail err="the cause, which is ours"`,
		`msg="a channel panicked" topic=room:* event=panic panic="on purpose" stack=`,
		`event=terminate panic="in terminate"`,
		`event=phx_join panic="in join"`,
	} {
		if !strings.Contains(log, want) {
			t.Errorf("not in the log: %s", want)
		}
	}
}

// A broadcast that cannot be encoded is said once, however many would have got it.
func TestBrokenBroadcastIsLoggedOnce(t *testing.T) {
	var j journal
	site := start(t, Config{Log: slog.New(slog.NewTextHandler(&j, nil)), Routes: routeTo(&fake{
		join: func(_ context.Context, s *Socket, _ json.RawMessage) (any, error) {
			s.Forward("news")
			return nil, nil
		},
	})})
	for range 5 {
		site.dial().join("room:a")
	}
	for i, topic := range []string{"room:a", "news"} {
		site.cfg.PubSub.Broadcast(topic, "shouted", brokenPayload{})
		if n := strings.Count(j.b.String(), "\n"); n != i+1 ||
			strings.Count(j.b.String(), "a broadcast cannot be encoded") != n {
			t.Errorf("%s: logged %d times:\n%s", topic, n, j.b.String())
		}
	}
}

// A stranger chooses the version that has no bytes: that is no error of ours.
func TestForwardedBytesAreNotLogged(t *testing.T) {
	var j journal
	site := start(t, Config{
		Log: slog.New(slog.NewTextHandler(&j, nil)),
		Routes: routeTo(&fake{join: func(_ context.Context, s *Socket, _ json.RawMessage) (any, error) {
			s.Forward("news")
			return nil, nil
		}}),
	})
	old, other := site.poller(t, "1.0.0"), site.dial()
	old.publish(`{"topic":"room:a","event":"phx_join","payload":{},"ref":"1"}`)
	old.want(`{"topic":"room:a","event":"phx_reply","payload":{"status":"ok","response":{}},"ref":"1"}`)
	other.join("room:a")
	site.cfg.PubSub.Broadcast("news", "blob", Binary("x"))
	site.cfg.PubSub.Broadcast("news", "text", "y")
	other.want("\x00\x01\x06\x041room:ablobx", `["1",null,"room:a","text","y"]`)
	old.want(`{"topic":"room:a","event":"text","payload":"y","ref":null}`)
	if log := j.b.String(); log != "" {
		t.Errorf("logged:\n%s", log)
	}
	site.cfg.PubSub.Broadcast("news", strings.Repeat("b", 256), Binary("x"))
	if log := j.b.String(); strings.Count(log, "level=ERROR") != 1 {
		t.Errorf("logged for an event that is too long:\n%s", log)
	}
}

// A forwarded broadcast is encoded once, however many get it.
func TestForwardEncodesOnce(t *testing.T) {
	site := start(t, Config{Routes: routeTo(&fake{
		join: func(_ context.Context, s *Socket, _ json.RawMessage) (any, error) {
			s.Forward("news")
			return nil, nil
		},
	})})
	var clients [5]*client
	for i := range clients {
		clients[i] = site.dial()
		clients[i].join("room:a")
	}
	var times atomic.Int64
	site.cfg.PubSub.Broadcast("news", "extra", counted{&times})
	for _, c := range clients {
		c.want(`["1",null,"room:a","extra","x"]`)
	}
	if n := times.Load(); n != 1 {
		t.Errorf("encoded %d times, want once", n)
	}
}
