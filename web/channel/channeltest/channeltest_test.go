package channeltest_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"sneakers23/replication/pubsub"
	"sneakers23/web/channel"
	"sneakers23/web/channel/channeltest"
)

// room knows the events that the tests need.
type room struct{}

func (room) Join(_ context.Context, s *channel.Socket, params json.RawMessage) (any, error) {
	if string(params) == `"locked"` {
		return nil, channel.Refuse(map[string]string{"reason": "locked"})
	}
	return map[string]any{"user": s.Assigns()}, s.Broadcast("arrived", s.Assigns())
}

func (room) HandleIn(ctx context.Context, s *channel.Socket, m channel.Message) (any, error) {
	switch m.Event {
	case "echo":
		return payload(m), nil
	case "refuse":
		return nil, channel.Refuse(payload(m))
	case "push":
		return nil, s.Push("pushed", payload(m))
	case "shout":
		return channel.OK, s.Broadcast("shouted", payload(m))
	case "whisper":
		return channel.OK, s.BroadcastFrom("shouted", m.Payload)
	case "secret":
		return channel.OK, s.Broadcast("secret", m.Payload)
	case "countdown":
		return nil, s.Send(10_000)
	case "later":
		s.After(5*time.Second, 0)
		return nil, nil
	case "task":
		return nil, s.Go(func(context.Context) {
			time.Sleep(time.Second)
			m.Ref.Reply("done")
		})
	case "busy task":
		return nil, s.Go(func(context.Context) {
			for range 10_000_000 { // no bubble's time passes
				runtime.KeepAlive(m)
			}
			s.Push("pushed", nil)
		})
	case "hang":
		<-ctx.Done()
		return nil, nil
	case "stop":
		s.Stop()
		return nil, nil
	case "panic":
		panic("on purpose")
	}
	return nil, channel.ErrUnknownEvent
}

// payload is what came with an event: bytes, or JSON.
func payload(m channel.Message) any {
	if m.Binary != nil {
		return m.Binary
	}
	return m.Payload
}

func (room) HandleInfo(_ context.Context, s *channel.Socket, value any) error {
	if n := value.(int); n > 0 {
		return s.Send(n - 1)
	}
	return s.Push("counted", nil)
}

func (room) Intercepts() []string { return []string{"secret"} }

func (room) HandleOut(context.Context, *channel.Socket, *pubsub.Message) error { return nil }

var config = channel.Config{
	Connect: func(info channel.ConnectInfo) (any, error) {
		user := info.Params.Get("user")
		if user == "eve" || info.Request.Header.Get("X-Evil") != "" {
			return nil, &channel.ConnectError{Status: http.StatusTooManyRequests, Reason: "too often"}
		}
		return user, nil
	},
	ID:     func(assigns any) string { return "user:" + assigns.(string) },
	Routes: []channel.Route{{Pattern: "room:*", New: func() channel.Channel { return room{} }}},
}

// Everything works outside of bubbles and within.
func both(t *testing.T, test func(t *testing.T)) {
	t.Run("outside", test)
	t.Run("bubble", func(t *testing.T) { synctest.Test(t, test) })
}

func TestClient(t *testing.T) {
	both(t, func(t *testing.T) {
		c := channeltest.Join(t, config, "room:a", nil)
		if want := `{"user":""}`; string(c.Joined) != want {
			t.Errorf("joined with %s, want %s", c.Joined, want)
		}
		c.AssertPush("arrived", "")
		c.Push("echo", []int{1}).AssertOK([]int{1})
		first, second := c.Push("echo", 1), c.Push("echo", 2)
		second.AssertOK(2)
		first.AssertOK(1)
		c.Push("refuse", "no").AssertError("no")
		c.Push("sing", nil).AssertError(map[string]string{"reason": "unknown event"})

		push := c.Push("push", struct {
			N int `json:"n"`
		}{7})
		c.AssertPush("pushed", map[string]int{"n": 7})
		push.Refute()
		c.RefutePush("pushed")

		c.Push("shout", 1).AssertOK(nil)
		c.AssertPush("shouted", 1)
		c.AssertBroadcast("shouted", 1)
		c.Push("whisper", 2)
		c.AssertBroadcast("shouted", 2)
		c.RefuteBroadcast("shouted")
		c.RefutePush("shouted")
		c.Push("secret", 3)
		c.AssertBroadcast("secret", 3)
		c.RefutePush("secret")

		c.Push("countdown", nil)
		c.Settle()
		c.AssertPush("counted", nil)
		c.Channel().Send(3)
		c.AssertPush("counted", nil)
		c.Leave()
		c.RefutePush("pushed")
		c.Push("echo", nil).AssertError(map[string]string{"reason": "unmatched topic"})
	})
}

func TestSockets(t *testing.T) {
	both(t, func(t *testing.T) {
		server := channeltest.Start(t, config)
		server.AssertRefused(url.Values{"user": {"eve"}}, http.StatusTooManyRequests)
		_, err := server.Dial(nil, http.Header{"X-Evil": {"yes"}})
		if refused, ok := errors.AsType[*channel.ConnectError](err); !ok || refused.Reason != "too often" {
			t.Errorf("refused with %v", err)
		}
		socket := server.Connect(url.Values{"user": {"ann"}})
		socket.AssertRefused("room:a", "locked", map[string]string{"reason": "locked"})
		socket.AssertRefused("lobby", nil, map[string]string{"reason": "unmatched topic"})
		ann, other := socket.Join("room:a", nil), socket.Join("room:b", nil)
		bob := server.Connect(url.Values{"user": {"bob"}}).Join("room:a", nil)
		ann.AssertPush("arrived", "ann")
		ann.AssertPush("arrived", "bob")
		bob.AssertPush("arrived", "bob")
		bob.RefutePush("arrived")

		server.PubSub.Broadcast("room:a", "closing", nil)
		ann.AssertPush("closing", nil)
		bob.AssertPush("closing", nil)
		other.RefutePush("closing")

		again := socket.Join("room:a", nil)
		again.Push("push", 1)
		again.Settle()
		ann.RefutePush("pushed") // that was another channel
		ann.AssertClosed()
		ann.RefutePush("pushed")
		again.AssertPush("pushed", 1)
		again.Push("stop", nil).Refute()
		again.AssertClosed()
		other.Push("panic", nil)
		other.AssertCrashed()
		server.PubSub.Broadcast("user:ann", "disconnect", nil)
		socket.AssertClosed(1001)
		bob.Push("echo", 1).AssertOK(1)
	})
}

func TestBytes(t *testing.T) {
	both(t, func(t *testing.T) {
		server := channeltest.Start(t, config)
		ann, bob := server.Connect(nil).Join("room:a", nil), server.Connect(nil).Join("room:a", nil)
		for _, bytes := range []channel.Binary{{0, 0xff, '"'}, {}} {
			ann.Push("echo", bytes).AssertOK(bytes)
			ann.Push("refuse", bytes).AssertError(bytes)
			ann.Push("push", bytes)
			ann.AssertPush("pushed", bytes)
			ann.Push("shout", bytes).AssertOK(nil)
			bob.AssertPush("shouted", bytes)
			ann.AssertPush("shouted", bytes)
			ann.AssertBroadcast("shouted", bytes)
			bob.AssertBroadcast("shouted", bytes)
		}
		server.Connect(nil).AssertRefused("room:a", channel.Binary("x"), map[string]string{
			"reason": "join params must be JSON",
		})
	})
}

func TestTimeInABubble(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := channeltest.Join(t, config, "room:a", nil)
		c.Push("later", nil)
		c.RefutePush("counted")
		began := time.Now()
		c.AssertPush("counted", nil)
		if passed := time.Since(began); passed != 5*time.Second {
			t.Errorf("%v passed", passed)
		}
		task := c.Push("task", nil)
		task.Refute()
		time.Sleep(time.Second)
		task.AssertOK("done")
		time.Sleep(24 * time.Hour)
		c.Push("echo", 1).AssertOK(1)
	})
}

// fakeTest is a test that may fail.
type fakeTest struct {
	testing.TB
	failed string
}

func (f *fakeTest) Fatal(args ...any) {
	f.failed = fmt.Sprint(args...)
	runtime.Goexit()
}
func (f *fakeTest) Fatalf(format string, args ...any) { f.Fatal(fmt.Sprintf(format, args...)) }

// Refuting outside of a bubble waits for what callbacks send on to their own channel.
func TestRefuteWaitsForWhatFollows(t *testing.T) {
	fake := &fakeTest{TB: t}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		c := channeltest.Join(fake, config, "room:a", nil)
		c.Push("countdown", nil)
		c.RefutePush("counted")
	}()
	<-ended
	if want := "counted on room:a: got {}, want none"; fake.failed != want {
		t.Errorf("got %q, want %q", fake.failed, want)
	}
}

// An assertion is for this: it fails.
func TestAssertionsFail(t *testing.T) {
	type (
		client = channeltest.Client
		socket = channeltest.Socket
		server = channeltest.Server
	)
	for want, test := range map[string]func(c *client, k *socket, s *server){
		`reply to echo on room:a: got ok 1, want ok 2`: func(c *client, _ *socket, _ *server) {
			c.Push("echo", 1).AssertOK(2)
		},
		`reply to echo on room:a: got ok 1, want error 1`: func(c *client, _ *socket, _ *server) {
			c.Push("echo", 1).AssertError(1)
		},
		`reply to push on room:a: nothing came`: func(c *client, _ *socket, _ *server) {
			c.Push("push", 1).AssertOK(nil)
		},
		`reply to echo on room:a: got {"status":"ok","response":1}, want none`: func(c *client, _ *socket, _ *server) {
			c.Push("echo", 1).Refute()
		},
		`pushed on room:a: got 1, want 2`: func(c *client, _ *socket, _ *server) {
			c.Push("push", 1)
			c.AssertPush("pushed", 2)
		},
		`pushed on room:a: got bytes "1", want 1`: func(c *client, _ *socket, _ *server) {
			c.Push("push", channel.Binary("1"))
			c.AssertPush("pushed", 1)
		},
		`pushed on room:a: got {}, want bytes ""`: func(c *client, _ *socket, _ *server) {
			c.Push("push", nil)
			c.AssertPush("pushed", channel.Binary{})
		},
		`pushed on room:a: got bytes "\x00", want JSON`: func(c *client, _ *socket, _ *server) {
			c.Push("push", channel.Binary{0})
			c.Receive("pushed")
		},
		`reply to echo on room:a: got bytes "1", want JSON`: func(c *client, _ *socket, _ *server) {
			c.Push("echo", channel.Binary("1")).Receive()
		},
		`reply to echo on room:a: got ok bytes "1", want ok bytes "2"`: func(c *client, _ *socket, _ *server) {
			c.Push("echo", channel.Binary("1")).AssertOK(channel.Binary("2"))
		},
		`reply to echo on room:a: got ok bytes "1", want error bytes "1"`: func(c *client, _ *socket, _ *server) {
			c.Push("echo", channel.Binary("1")).AssertError(channel.Binary("1"))
		},
		`room:a: the channel does not come to rest`: func(c *client, _ *socket, _ *server) {
			for range 100 { // more than its mailbox holds
				c.Push("hang", nil)
			}
			c.Settle()
		},
		`sung on room:a: nothing came`: func(c *client, _ *socket, _ *server) {
			c.AssertPush("sung", nil)
		},
		`pushed on room:a: got 1, want none`: func(c *client, _ *socket, _ *server) {
			c.Push("push", 1)
			c.RefutePush("pushed")
		},
		`counted on room:a: got {}, want none`: func(c *client, _ *socket, _ *server) {
			c.Push("countdown", nil) // several messages later
			c.RefutePush("counted")
		},
		`pushed on room:a: got {}, want none`: func(c *client, _ *socket, _ *server) {
			c.Push("busy task", nil)
			c.Channel() // it runs
			c.RefutePush("pushed")
		},
		`broadcast of shouted on room:a: got 1, want 2`: func(c *client, _ *socket, _ *server) {
			c.Push("whisper", 1)
			c.AssertBroadcast("shouted", 2)
		},
		`broadcast of shouted on room:a: got 1, want none`: func(c *client, _ *socket, _ *server) {
			c.Push("whisper", 1)
			c.RefuteBroadcast("shouted")
		},
		`broadcast of shouted on room:a: nothing came`: func(c *client, _ *socket, _ *server) {
			c.AssertBroadcast("shouted", nil)
		},
		`phx_close on room:a: nothing came`: func(c *client, _ *socket, _ *server) {
			c.AssertClosed()
		},
		`the socket: nothing came, want close 1001`: func(_ *client, k *socket, _ *server) {
			k.AssertClosed(1001)
		},
		`pushed on room:a: websocket: close 1001 (going away): disconnected`: func(c *client, _ *socket, s *server) {
			s.PubSub.Broadcast("user:", "disconnect", nil)
			c.AssertPush("pushed", nil)
		},
		`join room:b: error {"reason":"locked"}`: func(_ *client, k *socket, _ *server) {
			k.Join("room:b", "locked")
		},
		`reply to phx_join on room:b: got ok {"user":""}, want error {}`: func(_ *client, k *socket, _ *server) {
			k.AssertRefused("room:b", nil, nil)
		},
		`connecting with map[]: <nil>, want status 403`: func(_ *client, _ *socket, s *server) {
			s.AssertRefused(url.Values{}, http.StatusForbidden)
		},
		`channel: connect refused: too often`: func(_ *client, _ *socket, s *server) {
			s.Connect(url.Values{"user": {"eve"}})
		},
		`channel: Config.Routes is missing`: func(_ *client, _ *socket, _ *server) {
		},
	} {
		t.Run(want, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				fake := &fakeTest{TB: t}
				ended := make(chan struct{})
				go func() {
					defer close(ended)
					cfg := config
					if strings.Contains(want, "Routes") {
						cfg.Routes = nil
					}
					s := channeltest.Start(fake, cfg)
					k := s.Connect(nil)
					test(k.Join("room:a", nil), k, s)
				}()
				<-ended
				if fake.failed != want {
					t.Errorf("got  %s\nwant %s", fake.failed, want)
				}
			})
		})
	}
}
