package gateway

import (
	"bytes"
	"log/slog"
	"strings"
	"sync"
	"testing"

	"sneakers23/app/devices"
)

// logged keeps what is logged at all levels.
type logged struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func newLogged() *logged { return &logged{} }

func (l *logged) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *logged) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

func (l *logged) logger() *slog.Logger {
	return slog.New(slog.NewTextHandler(l, &slog.HandlerOptions{Level: slog.LevelDebug}))
}

// Whatever happens, no key is logged, and no text of a device. Usual events are not logged at Info.
func TestLogHasNoSecrets(t *testing.T) {
	log := newLogged()
	s := start(t, Config{Log: log.logger(), PerKey: 1})
	c := s.verified(1)
	c.send(c.log("sesame"), "rubbish sesame", "v:0123456789ab", c.line('i', `[{"name":"sesame"}]`))
	for range 3 {
		if _, err := c.receive(); err != nil {
			t.Fatal(err)
		}
	}
	second := s.connect()
	second.send("v:" + string(c.key))
	second.want("ERROR too many connections use this key")
	second.send("v:0123456789ab")
	second.want("ERROR key is unknown")
	s.Push(1, []devices.Variable{variable("open", "string", `"sesame"`)})
	c.wantVariables()
	s.Close(1)
	c.want("ERROR key was revoked")
	c.wantEnd()
	c.Close()
	second.Close()
	s.gone()
	text := log.String()
	for _, secret := range []string{string(c.key), "0123456789ab", "sesame", "ABC000000001"} {
		if strings.Contains(text, secret) {
			t.Errorf("%s is logged: %s", secret, text)
		}
	}
	if !strings.Contains(text, `device="kiosk 1"`) {
		t.Errorf("the device is not named: %s", text)
	}
	if n := strings.Count(text, "level=INFO"); n != 1 { // that it listens
		t.Errorf("%d lines at Info: %s", n, text)
	}
}
