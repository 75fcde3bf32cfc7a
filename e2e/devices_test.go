package e2e

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"sneakers23/app/waittest"
	"sneakers23/web/gateway/device"
)

// kiosk is a device that runs the client for device makers.
type kiosk struct {
	*device.Client
	applied chan string // each change; the buffer is more than a test makes

	mu   sync.Mutex
	at   string        // the gateway to which it has connected last
	away chan struct{} // while it is not nil, no attempt to connect begins before it is closed
}

// newKiosk runs a device that knows several gateways, until the test ends.
func newKiosk(t *testing.T, key string, gateways ...string) *kiosk {
	t.Helper()
	k := &kiosk{applied: make(chan string, 100)}
	var err error
	k.Client, err = device.New(device.Config{
		Addresses: gateways, Key: key, Dial: k.dial,
		OnChange: func(_ context.Context, changed []device.Variable) error {
			for _, v := range changed {
				k.applied <- fmt.Sprint(v.Name, " ", v.Value)
			}
			return nil
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1) // buffer 1: it ends even without a receiver
	go func() { ended <- k.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		waittest.Receive(t, "the device's client ends", ended)
	})
	return k
}

func (k *kiosk) dial(ctx context.Context, address string) (net.Conn, error) {
	k.mu.Lock()
	away := k.away
	k.mu.Unlock()
	if away != nil {
		select {
		case <-away:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", address)
	if err == nil {
		k.mu.Lock()
		k.at = address
		k.mu.Unlock()
	}
	return conn, err
}

// says logs a message and waits until a gateway has read it.
func (k *kiosk) says(t *testing.T, message string) {
	t.Helper()
	if err := k.Log(device.Record{Message: message}); err != nil {
		t.Fatal(err)
	}
	if err := k.Flush(waittest.Context(t, "the gateway reads what the device says")); err != nil {
		t.Fatal(err)
	}
}

// guess tries a key that no device has.
func guess(t *testing.T, gateway string) {
	t.Helper()
	conn, err := net.Dial("tcp", gateway)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	fmt.Fprint(conn, "v:000000000000\n")
	if err := conn.SetReadDeadline(time.Now().Add(waittest.Limit())); err != nil {
		t.Fatal(err)
	}
	if answer, err := bufio.NewReader(conn).ReadString('\n'); err != nil || answer != "ERROR key is unknown\n" {
		t.Errorf("a guessed key is answered %q, %v", answer, err)
	}
}

// messages are those that a search finds, the newest first.
func (s *shop) messages(args ...string) (found []string) {
	s.t.Helper()
	var page struct {
		Records []struct {
			Message string `json:"message"`
		} `json:"records"`
	}
	out := s.run(append([]string{"devices", "logs", "--json"}, args...)...)
	if err := json.Unmarshal([]byte(out), &page); err != nil {
		s.t.Fatalf("%v: %s", err, out)
	}
	for _, r := range page.Records {
		found = append(found, r.Message)
	}
	return found
}

// TestDeviceOutlivesItsNode kills the node to which a device is connected. Values that an operator
// sets meanwhile reach the device at the other node: of each variable the last one. Records sent
// to either node are found by search.
func TestDeviceOutlivesItsNode(t *testing.T) {
	t.Parallel()
	cluster := newCluster(t, 2, "--gateway-listen", ":6667")
	var added struct {
		Key string `json:"key"`
	}
	if err := json.Unmarshal([]byte(cluster[0].run("devices", "add", "kiosk", "--json")), &added); err != nil {
		t.Fatal(err)
	}
	gateway := func(s *shop) string { return net.JoinHostPort(s.host.IP, "6667") }
	guess(t, gateway(cluster[0]))
	waittest.Until(t, "the log tells of a wrong key", func() bool {
		return strings.Contains(cluster[0].log.String(), "wrong keys at the gateway")
	})
	k := newKiosk(t, added.Key, gateway(cluster[0]), gateway(cluster[1]))
	if err := k.Set(device.Integer("volume", 3), device.String("greeting", "Hello")); err != nil {
		t.Fatal(err)
	}
	k.says(t, "before")
	waittest.Until(t, "the first record is written", func() bool {
		return len(cluster[0].messages("--text", "before")) == 1
	})

	here, there := cluster[0], cluster[1]
	back := make(chan struct{})
	k.mu.Lock()
	if k.at == gateway(there) {
		here, there = there, here
	}
	k.away = back
	k.mu.Unlock()
	here.kill()
	for _, value := range []string{"5", "6"} {
		there.run("devices", "set", "kiosk", "volume", value)
	}
	close(back)

	if got := waittest.Receive(t, "the device is told at the other node", k.applied); got != "volume 6" {
		t.Errorf("the device was told %q, want the last value, 6", got)
	}
	k.says(t, "after")
	waittest.Until(t, "both records are found at the node that lives", func() bool {
		return strings.Join(there.messages("--device", "kiosk"), " ") == "after before"
	})
	waittest.Until(t, "the change is no longer wanted, since it was reported", func() bool {
		var variables []struct {
			Name             string
			Reported, Wanted *struct{ Value json.RawMessage }
		}
		if err := json.Unmarshal([]byte(there.run("devices", "vars", "kiosk", "--json")), &variables); err != nil {
			t.Fatal(err)
		}
		for _, v := range variables {
			if v.Name == "volume" {
				return v.Wanted == nil && string(v.Reported.Value) == "6"
			}
		}
		return false
	})
	if len(k.applied) > 0 {
		t.Errorf("the device was also told %q", <-k.applied)
	}
}
