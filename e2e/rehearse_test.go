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
	Deeds, Orders, Refused, Reconnects int

	Reply, Push, Page struct {
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

// TestRehearsalFails goes to a shop that sells nothing, though all is there: that is no want of stock. Who buys nothing fails not.
func TestRehearsalFails(t *testing.T) {
	t.Parallel()
	s := newCartShop(t)
	conn, err := pgx.Connect(t.Context(), s.database)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	_, err = conn.Exec(t.Context(), `
		CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'no orders today'; END $$;
		CREATE TRIGGER refuse BEFORE INSERT ON orders EXECUTE FUNCTION refuse()`)
	if err != nil {
		t.Fatal(err)
	}
	out, errOut, code := s.try("rehearse", "--json", "--url", s.URL, "--yes", "-n", "10", "--for", "8s", "--ramp", "1s", "--think", "200ms", "--buy", "0.4")
	var r rehearsal
	if err := json.Unmarshal([]byte(out), &r); err != nil || code != 1 {
		t.Fatalf("code %d, %v: %s%s", code, err, errOut, out)
	}
	if r.Orders != 0 || r.Errors["purchase: could not be completed"] == 0 || r.Passed {
		t.Errorf("nothing can be bought, and the report is %+v", r)
	}
	r = s.rehearse("--url", s.URL, "--yes", "-n", "10", "--for", "3s", "--think", "100ms", "--buy", "0", "--errors", "0")
	if r.Orders != 0 {
		t.Errorf("%d orders of shoppers who buy nothing", r.Orders)
	}
}

// TestTooManyToRehearse lets the program open few files. On a copy it has both ends of each socket.
func TestTooManyToRehearse(t *testing.T) {
	t.Parallel()
	s := &shop{t: t, dataDir: t.TempDir()}
	for says, args := range map[string][]string{
		"from 1 to 416 here": {"-n", "417"}, // (2000 - 1000) / 2.4
		"it can be 833":      {"-n", "417"},
		"from 1 to 833 here": {"-n", "834", "--url", "http://localhost:4000"},
	} {
		cmd := s.command(append([]string{"rehearse"}, args...)...)
		cmd.Args = append([]string{"sh", "-c", `ulimit -n 2000 && exec "$0" "$@"`, cmd.Path}, cmd.Args[1:]...)
		cmd.Path = "/bin/sh"
		if out, err := cmd.CombinedOutput(); err == nil || !strings.Contains(string(out), says) {
			t.Errorf("%v: %v: %s", args, err, out)
		}
	}
}

func TestRehearsalRefused(t *testing.T) {
	t.Parallel()
	s := &shop{t: t, dataDir: t.TempDir()}
	for says, args := range map[string][]string{
		"--allow-host":     {"--url", "http://192.0.2.1:4000", "--yes"},
		"say so twice":     {"--url", "http://192.0.2.1:4000", "--allow-host", "192.0.2.1"},
		"several machines": {"-n", "100000", "--url", "http://localhost:4000"},
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
