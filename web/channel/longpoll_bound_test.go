package channel

import (
	"testing"
	"time"
)

// A session costs its client no connection, so the server bounds how many there are.
func TestSessionsAreBounded(t *testing.T) {
	site := start(t, Config{MaxPolls: 2, PollSilence: time.Minute, Routes: routeTo(&fake{})})
	site.poller(t, "2.0.0")
	site.poller(t, "2.0.0")
	late := site.stranger(t, "?vsn=2.0.0")
	if got := late.understand(late.ask("GET", "", "")); got.Status != 403 || got.Token != "" {
		t.Errorf("a session beyond MaxPolls: got %+v, want 403", got)
	}
	if got := site.Sockets(); got != 2 {
		t.Errorf("%d sockets, want 2", got)
	}
}
