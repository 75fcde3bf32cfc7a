package stats_test

import (
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"testing"
	"testing/synctest"
	"time"

	"sneakers23/app/waittest"
	"sneakers23/web/channel"
	"sneakers23/web/channel/channeltest"
	"sneakers23/web/channel/examples/stats"
)

func config(s *stats.StatsD) channel.Config {
	return channel.Config{
		Connect: stats.Connects(s, func(info channel.ConnectInfo) (any, error) {
			if info.Params.Has("stranger") {
				return nil, errors.New("who are you?")
			}
			return nil, nil
		}),
		Routes: []channel.Route{stats.Route(s)},
	}
}

// daemon is a StatsD that keeps what it gets for the test.
type daemon struct {
	t    *testing.T
	conn net.PacketConn
}

func startDaemon(t *testing.T) *daemon {
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return &daemon{t, conn}
}

// want expects the next packet to look like this.
func (d *daemon) want(pattern string) {
	d.t.Helper()
	d.conn.SetReadDeadline(time.Now().Add(waittest.Limit()))
	packet := make([]byte, 1500)
	n, _, err := d.conn.ReadFrom(packet)
	if err != nil {
		d.t.Fatalf("want %s: %v", pattern, err)
	}
	if !regexp.MustCompile("^" + pattern + "$").Match(packet[:n]) {
		d.t.Errorf("got %s, want %s", packet[:n], pattern)
	}
}

func TestPacketsArrive(t *testing.T) {
	d := startDaemon(t)
	client, err := stats.Dial(d.conn.LocalAddr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	server := channeltest.Start(t, config(client))
	server.AssertRefused(url.Values{"stranger": {"yes"}}, http.StatusForbidden)
	d.want(`socket_connect:1\|c\|#status:error`)
	socket := server.Connect(nil)
	d.want(`socket_connect:1\|c\|#status:success`)
	socket.AssertRefused("ping", map[string]bool{"error": true}, map[string]string{"reason": "you asked for this"})
	d.want(`channel_join:1\|c\|#channel:ping,status:error`)
	c := socket.Join("ping", nil)
	d.want(`channel_join:1\|c\|#channel:ping,status:success`)
	c.Push("ping", nil).AssertOK(map[string]string{"ping": "pong"})
	d.want(`channel_handle_in:\d+\.\d{3}\|ms\|#channel:ping,event:ping,status:success`)
	c.Push("|c|#evil", nil).AssertError(map[string]string{"reason": "unknown event"})
	d.want(`channel_handle_in:\d+\.\d{3}\|ms\|#channel:ping,event:unknown,status:error`)
}

// packets keeps what is sent.
type packets []string

func (p *packets) Write(b []byte) (int, error) { *p = append(*p, string(b)); return len(b), nil }

func TestPackets(t *testing.T) {
	var sent packets
	s := stats.NewStatsD(&sent)
	s.Count("joins", -2)
	s.Timing("took", 1500*time.Microsecond, "a:b|c,d#e\nf", "g:h")
	for i, want := range []string{"joins:-2|c", "took:1.500|ms|#a:b_c_d_e_f,g:h"} {
		if sent[i] != want {
			t.Errorf("sent %q, want %q", sent[i], want)
		}
	}
}

// five pushes the event five times, and a ping, and returns when the ping and the last
// of the five were answered.
func five(t *testing.T, event string) (ping, all time.Duration) {
	synctest.Test(t, func(t *testing.T) {
		c := channeltest.Join(t, config(stats.NewStatsD(io.Discard)), "ping", nil)
		began := time.Now()
		var replies []*channeltest.Reply
		for range 5 {
			replies = append(replies, c.Push(event, nil))
		}
		last := c.Push("ping", nil)
		if event == "slow_ping" {
			time.Sleep(14 * time.Second) // longer than an assertion waits
		}
		last.AssertOK(map[string]string{"ping": "pong"})
		ping = time.Since(began)
		for _, reply := range replies {
			reply.AssertOK(map[string]string{"ping": "pong"})
		}
		all = time.Since(began)
	})
	return ping, all
}

func TestSlowPingsTakeTurns(t *testing.T) {
	if ping, all := five(t, "slow_ping"); ping != 15*time.Second || all != 15*time.Second {
		t.Errorf("five slow pings took %v, and the ping behind them %v; want 15 s", all, ping)
	}
}

func TestParallelSlowPingsDoNot(t *testing.T) {
	if ping, all := five(t, "parallel_slow_ping"); ping != 0 || all != 3*time.Second {
		t.Errorf("five parallel slow pings took %v, want 3 s; the ping behind them %v, want none", all, ping)
	}
}

// A slow ping ends with its channel.
func TestSlowPingOfAClientThatIsGone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := channeltest.Start(t, config(stats.NewStatsD(io.Discard)))
		socket := server.Connect(nil)
		c := socket.Join("ping", nil)
		c.Push("parallel_slow_ping", nil)
		c.Push("slow_ping", nil)
		began := time.Now()
		synctest.Wait()
		socket.Close()
		server.Close()
		if took := time.Since(began); took >= 3*time.Second {
			t.Errorf("the end took %v", took)
		}
	})
}
