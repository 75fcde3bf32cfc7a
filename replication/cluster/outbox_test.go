package cluster

import (
	"bytes"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// TestOutboxNeverWaits puts more messages than fit while NATS takes none. The ones that fit are
// sent in order when NATS takes them again; the others are dropped, counted, and logged once.
func TestOutboxNeverWaits(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var (
			log  bytes.Buffer
			gate = make(chan struct{})
			got  []string
			done = make(chan struct{})
		)
		o := newOutbox(func(subject string, _ []byte) error {
			<-gate
			got = append(got, subject)
			return nil
		}, slog.New(slog.NewTextHandler(&log, nil)))
		go func() { defer close(done); o.send() }()
		began := time.Now()
		o.put("0", nil)
		synctest.Wait() // it is being sent, and takes no room any more
		const fit = 8
		names := "0123456789abc"
		for _, name := range names[1:] {
			o.put(string(name), make([]byte, maxWaiting/fit-messageSize-1))
		}
		passed, dropped := time.Since(began), o.dropped()
		if want := uint64(len(names) - 1 - fit); passed != 0 || dropped != want {
			t.Errorf("after %v %d messages are dropped, want %d at once", passed, dropped, want)
		}
		close(gate)
		synctest.Wait()
		o.put("last", nil)
		o.close()
		<-done
		if want := strings.Split(names[:1+fit], ""); !slices.Equal(got, append(want, "last")) {
			t.Errorf("sent %v, want %v and the last", got, want)
		}
		if said := log.String(); strings.Count(said, "are dropped") != 1 || !strings.Contains(said, "dropped=4") {
			t.Errorf("logged:\n%s", said)
		}
	})
}

// TestOutboxOfANodeThatStops counts what NATS does not take any more, and raises no alarm.
func TestOutboxOfANodeThatStops(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	o := newOutbox(func(string, []byte) error { return errors.New("closed") }, slog.New(slog.NewTextHandler(&log, nil)))
	o.put("last", nil)
	o.close()
	o.send()
	if o.dropped() != 1 || log.Len() > 0 {
		t.Errorf("%d messages are dropped, and the log says %q, want 1 and nothing", o.dropped(), log.String())
	}
}
