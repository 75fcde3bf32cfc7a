package gateway

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"testing"
	"time"

	"sneakers23/app/devices"
	"sneakers23/app/waittest"
	maker "sneakers23/web/gateway/device"
)

// makerClient runs a client of package device at the site until the test ends.
func makerClient(t *testing.T, s *site, cfg maker.Config) (c *maker.Client, ended <-chan error) {
	t.Helper()
	cfg.Addresses = []string{"gateway:6667"} // where Dial leads is the site's to say
	cfg.Dial = func(context.Context, string) (net.Conn, error) { return s.dial(), nil }
	cfg.BackoffBase, cfg.BackoffMax = time.Millisecond, 50*time.Millisecond
	c, err := maker.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	done, closed := make(chan error, 1), make(chan struct{}) // 1: Run may end without a receiver
	go func() {
		defer close(closed)
		done <- c.Run(ctx)
	}()
	t.Cleanup(func() {
		stop()
		waittest.Done(t, "the end of Run", closed)
	})
	return c, done
}

// TestMakersClient holds the client for device makers to this server: what it logs and sets
// arrives, it applies changes, it copes with a store that fails, and it ends when its key is
// revoked.
func TestMakersClient(t *testing.T) {
	t.Parallel()
	s := start(t, Config{})
	key := s.shelf.add(1)
	changed := make(chan string, 10) // more than there are changes
	c, ended := makerClient(t, s, maker.Config{
		Key: string(key), Heartbeat: 100 * time.Millisecond,
		OnChange: func(_ context.Context, variables []maker.Variable) error {
			changed <- fmt.Sprint(variables)
			return nil
		},
	})
	var want []string
	for i := range 3000 {
		want = append(want, fmt.Sprint("record ", i))
		if err := c.Log(maker.Record{Message: want[i], Fields: map[string]any{"count": i}}); err != nil {
			t.Fatal(err)
		}
	}
	if err := c.Set(maker.String("testing1", "example"), maker.Integer("testing2", -1),
		maker.Float("f", 2)); err != nil {
		t.Fatal(err)
	}
	if err := c.Flush(waittest.Context(t, "the answer")); err != nil {
		t.Fatal(err)
	}
	if got := s.shelf.messages(1); !slices.Equal(got, want) {
		t.Errorf("%d records arrived, want %d in order", len(got), len(want))
	}
	if got := s.shelf.variable(1, "testing2"); got.Type != "integer" || string(got.Value) != "-1" {
		t.Errorf("testing2 is %s %s", got.Type, got.Value)
	}

	s.shelf.want(1, devices.Variable{Name: "testing2", Type: "integer", Value: []byte("7")})
	if got := waittest.Receive(t, "the change", changed); got != "[{testing2 7}]" {
		t.Errorf("changed %s", got)
	}
	waittest.Until(t, "the report", func() bool { return string(s.shelf.variable(1, "testing2").Value) == "7" })

	s.shelf.set(func() { s.shelf.fail = errors.New("the database is away") })
	if err := c.Log(maker.Record{Message: "meanwhile"}); err != nil {
		t.Fatal(err)
	}
	waittest.Until(t, "the lost connection", func() bool { return !c.Stats().Connected })
	s.shelf.set(func() { s.shelf.fail = nil })
	if err := c.Flush(waittest.Context(t, "the answer after that")); err != nil {
		t.Fatal(err)
	}
	if got := s.shelf.messages(1); got[len(got)-1] != "meanwhile" {
		t.Errorf("the last record is %s", got[len(got)-1])
	}

	s.shelf.revoke(1)
	if err := waittest.Receive(t, "the end of Run", ended); !errors.Is(err, maker.ErrRevoked) {
		t.Errorf("Run returned %v, want ErrRevoked", err)
	}
}

// TestMakersClientUnknown ends when no device has its key.
func TestMakersClientUnknown(t *testing.T) {
	t.Parallel()
	_, ended := makerClient(t, start(t, Config{}), maker.Config{Key: "ffffffffffff"})
	if err := waittest.Receive(t, "the end of Run", ended); !errors.Is(err, maker.ErrUnknownKey) {
		t.Errorf("Run returned %v, want ErrUnknownKey", err)
	}
}
