package e2e

import (
	"encoding/json"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// rehearsal is the report of one.
type rehearsal struct {
	Deeds, Orders, Reconnects int
	Reply, Push, Page         struct {
		Count int
		P99   float64 `json:"p99_ms"`
	}
	Dashboard struct {
		Frames      int
		Largest     int     `json:"largest_bytes"`
		MostASecond float64 `json:"most_a_second"`
	}
	Errors map[string]int
	Passed bool
}

// rehearse must not fail for want of speed on a busy machine.
func (s *shop) rehearse(args ...string) (r rehearsal) {
	s.t.Helper()
	args = append([]string{"rehearse", "--json", "--reply-p99", "20s", "--push-p99", "20s", "--purchase-p99", "20s", "--page-p99", "20s"}, args...)
	out, errOut, code := s.try(args...)
	if err := json.Unmarshal([]byte(out), &r); err != nil || code != 0 {
		s.t.Fatalf("code %d, %v: %s%s", code, err, errOut, out)
	}
	if r.Deeds < 30 || r.Reply.Count == 0 || r.Push.Count == 0 || r.Page.Count == 0 || len(r.Errors) != 0 || !r.Passed {
		s.t.Errorf("the report is %+v", r)
	}
	return r
}

// stages names the schemas of rehearsals in the shop's private database.
func (s *shop) stages() (names string) {
	s.t.Helper()
	conn, err := pgx.Connect(s.t.Context(), s.privateURL())
	if err != nil {
		s.t.Fatal(err)
	}
	defer conn.Close(s.t.Context())
	err = conn.QueryRow(s.t.Context(), `SELECT coalesce(string_agg(nspname, ' '), '') FROM pg_namespace
		WHERE starts_with(nspname, 'sneakers23_rehearsal_')`).Scan(&names)
	if err != nil {
		s.t.Fatal(err)
	}
	return names
}

// TestRehearsal plays on a copy of a shop in which nothing is released: nothing real is sold, and nothing is left, also of a
// rehearsal that is ended early or was killed before.
func TestRehearsal(t *testing.T) {
	t.Parallel()
	s := newPrivateShop(t)
	before := s.stock()
	r := s.rehearse("-n", "30", "--for", "5s", "--think", "200ms", "--buy", "0.3")
	if r.Orders == 0 || r.Dashboard.Frames < 5 || r.Dashboard.Largest == 0 {
		t.Errorf("nothing was bought, or no dashboard told of it: %+v", r)
	}
	if !sameStock(s.stock(), before) || len(s.orders()) != 0 {
		t.Error("something real was sold")
	}
	if left := s.stages(); left != "" {
		t.Errorf("left is %s", left)
	}

	left := ""
	for _, signal := range []os.Signal{syscall.SIGKILL, syscall.SIGINT} {
		cmd := s.command("rehearse", "-n", "5", "--for", "1m", "--think", "100ms", "--json")
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		until(t, "a copy is made, and the only one", func() bool {
			now := s.stages()
			return now != "" && !strings.Contains(now, " ") && now != left
		})
		left = s.stages()
		if err := cmd.Process.Signal(signal); err != nil {
			t.Fatal(err)
		}
		_ = cmd.Wait() // its verdict is of no interest
	}
	if left := s.stages(); left != "" {
		t.Errorf("left of a rehearsal that was killed and one that was ended is %s", left)
	}
}

// TestRehearsalAtTheShop sends shoppers to a shop itself, which sells.
func TestRehearsalAtTheShop(t *testing.T) {
	t.Parallel()
	s := newScarceShop(t, map[int]int{1: 1000, 2: 1000})
	r := s.rehearse("--url", s.URL, "--yes", "-n", "20", "--for", "4s", "--think", "200ms", "--buy", "0.3")
	if orders := len(s.orders()); r.Orders == 0 || orders < r.Orders {
		t.Errorf("%d were told that they bought, there are %d orders", r.Orders, orders)
	}
}

func TestRehearsalRefused(t *testing.T) {
	t.Parallel()
	s := &shop{t: t, dataDir: t.TempDir()}
	for says, args := range map[string][]string{
		"--allow-host":     {"--url", "http://192.0.2.1:4000", "--yes"},
		"say so twice":     {"--url", "http://192.0.2.1:4000", "--allow-host", "192.0.2.1"},
		"several machines": {"-n", "100000"},
		"-p99":             {"--page-p99", "fast"},
		"--for":            {"--for", "100h"},
		"like http://":     {"--url", "localhost"},
		"there is no term": {"--url", "http://localhost:4000"},
		"no private":       {},
	} {
		began := time.Now()
		if _, errOut, code := s.try(append([]string{"rehearse"}, args...)...); code == 0 || !strings.Contains(errOut, says) {
			t.Errorf("%v: code %d: %s", args, code, errOut)
		} else if time.Since(began) > patience/2 {
			t.Errorf("%v: it took %v", args, time.Since(began))
		}
	}
}
