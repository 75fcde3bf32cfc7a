package channel

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"strings"
	"sync"
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

// What goes wrong is logged with its cause, and without the topic, which may be a
// secret.
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
	site := start(t, Config{Log: slog.New(slog.NewTextHandler(&j, nil)), Routes: routeTo(&fake{})})
	for range 5 {
		site.dial().join("room:a")
	}
	site.cfg.PubSub.Broadcast("room:a", "shouted", brokenPayload{})
	if n := strings.Count(j.b.String(), "a broadcast cannot be encoded"); n != 1 {
		t.Errorf("logged %d times:\n%s", n, j.b.String())
	}
}
