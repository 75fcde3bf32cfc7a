package e2e

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"sneakers23/app/waittest"
)

// TestDropCommands does with drops what an operator may do by mistake, and what he means.
func TestDropCommands(t *testing.T) {
	t.Parallel()
	s := freshShop(t)
	s.run("shop", "set", "--zone", "Asia/Tokyo")
	d := s.drop("plan", "--at", "2031-12-24 18:00", "--yes", "--release", "SHU6000", "--restock", "SHU6001=5",
		"--announce", "Hop Man is here.")
	if want := time.Date(2031, 12, 24, 9, 0, 0, 0, time.UTC); !d.At.Equal(want) {
		t.Errorf("planned in the zone of the shop, it opens at %v, want %v", d.At, want)
	}
	id := fmt.Sprint(d.ID)
	d = s.drop("move", id, "--zone", "UTC", "--at", "2031-12-24 18:00", "--yes")
	if want := time.Date(2031, 12, 24, 18, 0, 0, 0, time.UTC); !d.At.Equal(want) {
		t.Errorf("moved to %v, want %v", d.At, want)
	}
	// a time that the clocks of this machine never show, and those of the shop do
	cmd := s.command("drops", "plan", "--at", "2031-03-30 02:30", "--restock", "SHU6101=1", "--yes", "--json")
	cmd.Env = append(cmd.Env, "TZ=Europe/Berlin")
	printed, err := cmd.Output()
	var other dropView
	if err := errors.Join(err, json.Unmarshal(printed, &other)); err != nil {
		t.Errorf("a time in the zone of the shop, on a machine of another: %v\n%s", err, printed)
	}
	if want := time.Date(2031, 3, 29, 17, 30, 0, 0, time.UTC); !other.At.Equal(want) {
		t.Errorf("it opens at %v, want %v", other.At, want)
	}
	s.drop("cancel", fmt.Sprint(other.ID))
	fraction := filepath.Join(t.TempDir(), "fraction.yaml")
	plan := "at: 2031-12-24 18:00:05.5\nzone: Europe/Berlin\nrestock: [{SHU6101: 1}]\n"
	if err := os.WriteFile(fraction, []byte(plan), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct{ args, says string }{
		{"release SHU6000", "SHU6000 is in drop " + id + ", which would open without it and do all else."},
		{"drops move " + id + " --at 800d", "more than a year"},
		{"drops move " + id, "say when the drop opens instead by --at, or when it ends by --ends"},
		{"drops move " + id + " --ends=", "say when the drop opens instead"},
		{"drops move 0 --ends now", "there is no drop 0"},
		{"drops show 0", "there is no drop 0"},
		{"drops plan --at 1h --release SHU6000", "SHU6000 is in drop " + id + " already"},
		{"drops plan --at 1h --restock SHU=1", `no item has the SKU or id "SHU"`},
		{"drops plan --at 2020-01-01T00:00:00Z --restock SHU6101=1",
			"the time is in the past, by the clock of the database"},
		{"drops move " + id + " --ends 2030-12-24T18:00:00Z", "a drop must end after it has opened"},
		{"drops plan --at 2031-12-24T18:00:05.5Z --yes --restock SHU6101=1", "the time has a fraction of a second"},
		{"drops plan --at 1h --ends 2031-12-24T18:00:05.5Z --restock SHU6101=1", "the end has a fraction of a second"},
		{"drops plan " + fraction, "whole seconds, like 2031-12-24T18:00:05+01:00"},
		{"drops move " + id + " --at 2031-12-24T18:00:05.5Z --yes", "the time has a fraction of a second"},
		{"drops move " + id + " --ends 2031-12-25T18:00:05.5Z", "the end has a fraction of a second"},
		{"release SHU6100 --at 2031-12-24T18:00:05.5Z --yes", "the time has a fraction of a second"},
		{"shop set --banner Now --banner-ends 2031-12-24T18:00:05.5Z", "--banner-ends has a fraction of a second"},
	} {
		out, said, code := s.try(strings.Fields(tt.args)...)
		if code == 0 || !strings.Contains(said, tt.says) {
			t.Errorf("%s: exit code %d, want an error about %q:\n%s%s", tt.args, code, tt.says, out, said)
		}
	}

	s.drop("move", id, "--ends", "2031-12-25T18:00:00Z")
	if _, said, code := s.try("drops", "move", id, "--at", "2031-12-26T18:00:00Z", "--yes"); code == 0 ||
		!strings.Contains(said, "the drop ends before that: move its end first") {
		t.Errorf("moved behind its end: exit code %d, %s", code, said)
	}
	s.drop("move", id, "--ends", "never")
	s.run("release", "SHU6000", "--yes") // the drop goes on without it
	s.run("release", "SHU6000", "--undo")
	out, _, code := s.try("drops", "check")
	if want := "SHU6000 gets pairs, and is not released by this drop"; code != 1 || !strings.Contains(out, want) {
		t.Errorf("drops check: exit code %d, want a problem, %q:\n%s", code, want, out)
	}
	s.run("products", "archive", "SHU6000")
	if out, _, _ = s.try("drops", "check"); !strings.Contains(out, "SHU6000 gets pairs, and is not live") {
		t.Errorf("drops check of pairs of an archived product:\n%s", out)
	}
	if _, said, code := s.try("drops", "plan", "--at", "1h", "--release", "SHU6000"); code == 0 ||
		!strings.Contains(said, "SHU6000 is not live") {
		t.Errorf("an archived product in a drop: exit code %d, %s", code, said)
	}

	alone := s.drop("plan", "--at", "2031-12-24T18:00:00Z", "--yes", "--release", "SHU6100", "--announce", "Now.")
	out = s.run("products", "archive", "SHU6100")
	if want := fmt.Sprintf("Drop %d, which was to release it at 2031-12-25T03:00:00+09:00, is cancelled, with its banner",
		alone.ID); !strings.Contains(out, want) || !strings.Contains(out, "SHU6100 --state live") {
		t.Errorf("products archive says nothing of the drop, want %q:\n%s", want, out)
	}

	s.setClock(d.At)
	waittest.Until(t, "the drop is open", func() bool { return s.drop("show", id).State == "open" })
	if out := s.run("shop", "show"); !strings.Contains(out, "Hop Man is here.") || !strings.Contains(out, "never") {
		t.Errorf("shop show says\n%s", out)
	}
	s.drop("move", id, "--ends", "now")
	s.setClock(d.At.Add(time.Minute))
	waittest.Until(t, "the banner has ended with the drop", func() bool {
		return strings.Contains(s.run("shop", "show"), "Banner          none")
	})
	if got := s.drop("show", id).State; got != "over" {
		t.Errorf("the drop is %s", got)
	}
}
