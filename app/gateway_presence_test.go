package app

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"sneakers23/replication/presence"
	"sneakers23/web/admin/fleet"
)

// TestDevicePresences has devices connect once, connect more often, and disconnect. The tracker
// receives each change, and all of it again when the service is restarted.
func TestDevicePresences(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := slog.New(slog.DiscardHandler)
		tracker, err := presence.New(presence.Options{Name: "node1", Log: log})
		if err != nil {
			t.Fatal(err)
		}
		p := newDevicePresences("node1", tracker, log)
		ctx, stop := context.WithCancel(t.Context())
		defer synctest.Wait()
		defer stop()
		go tracker.Serve(ctx)
		here := func() string {
			t.Helper()
			synctest.Wait()
			list, err := tracker.List(fleet.Presences)
			if err != nil {
				t.Fatal(err)
			}
			var all []string
			for _, one := range list {
				all = append(all, fmt.Sprint(one.Key, " ", string(one.Meta)))
			}
			slices.Sort(all)
			return strings.Join(all, "\n")
		}
		p.changed(1, "kiosk", 1) // before the service runs
		running, end := context.WithCancel(ctx)
		go p.Serve(running)
		const since = `"since":946684800000` // the beginning of time in a bubble
		if got, want := here(), `1 {"name":"kiosk","node":"node1",`+since+`,"connections":1}`; got != want {
			t.Errorf("connected: %s, want %s", got, want)
		}
		p.changed(1, "kiosk", 2)
		p.changed(2, "till", 1)
		p.changed(2, "till", 0)
		if got, want := here(), `1 {"name":"kiosk","node":"node1",`+since+`,"connections":2}`; got != want {
			t.Errorf("twice, and another that has gone: %s, want %s", got, want)
		}
		end()
		if got := here(); got != "" {
			t.Errorf("when the service has ended: %s", got)
		}
		p.changed(2, "till", 1)
		go p.Serve(ctx)
		if got := here(); strings.Count(got, "\n") != 1 || !strings.Contains(got, "kiosk") ||
			!strings.Contains(got, "till") {
			t.Errorf("when it runs anew: %s, want both", got)
		}
		p.changed(1, "kiosk", 0)
		p.changed(2, "till", 0)
		if got := here(); got != "" {
			t.Errorf("when all have gone: %s", got)
		}
	})
}
