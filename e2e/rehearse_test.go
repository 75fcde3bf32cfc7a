package e2e

import (
	"encoding/json"
	"os"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/jackc/pgx/v5"

	"sneakers23/app/waittest"
)

// rehearsal is the report of one.
type rehearsal struct {
	Deeds, Orders, Refused, Reconnects, Retried int
	Lost                                        int `json:"lost_connections"`

	Waited, Rushed int
	Rush           struct{ Count int } `json:"release_to_bought"`

	Reply, Push, Purchase, Page struct {
		Count int
		P99   float64 `json:"p99_ms"`
	}
	Dashboard struct {
		Frames      int
		Largest     int     `json:"largest_bytes"`
		MostASecond float64 `json:"most_a_second"`
	}
	Errors map[string]int

	Passed  bool
	Verdict string
	Broken  []string                `json:"limits_broken"`
	TooFew  []struct{ Kind string } `json:"too_few"`
	SoldOut bool                    `json:"sold_out"`
}

// enough is how often a rehearsal of a test measures each kind.
const enough = 20

// rehearse plays until enough was measured, however long that takes on a busy machine, and passes.
func (s *shop) rehearse(args ...string) rehearsal {
	s.t.Helper()
	r, code := s.tryRehearsal(args...)
	if code != 0 || !r.Passed || r.Verdict != "passed" || len(r.Broken) != 0 || len(r.TooFew) != 0 ||
		len(r.Errors) != 0 ||
		r.Deeds < enough || r.Reply.Count < enough || r.Push.Count < enough || r.Page.Count < enough {
		s.t.Errorf("code %d, and the report is %+v", code, r)
	}
	return r
}

// tryRehearsal returns the report of a rehearsal with limits that no machine exceeds, and its exit
// code. A second is planned, and what is to be measured makes it longer.
func (s *shop) tryRehearsal(args ...string) (r rehearsal, code int) {
	s.t.Helper()
	long := waittest.Limit().String()
	args = append([]string{"rehearse", "--json", "--for", "1s", "--at-least", strconv.Itoa(enough), "--at-most", long,
		"--patience", long,
		"--reply-p99", long, "--push-p99", long, "--purchase-p99", long, "--page-p99", long}, args...)
	out, errOut, code := s.try(args...)
	if err := json.Unmarshal([]byte(out), &r); err != nil {
		s.t.Fatalf("code %d, %v: %s%s", code, err, errOut, out)
	}
	if r.Passed != (code == 0) {
		s.t.Errorf("code %d, passed %v: %s", code, r.Passed, errOut)
	}
	return r, code
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

// TestRehearsal plays on a copy of a shop in which nothing is released: nothing real is sold, and
// nothing is left, also of a rehearsal that is ended early or was killed before.
func TestRehearsal(t *testing.T) {
	t.Parallel()
	s := newPrivateShop(t)
	before := s.stock()
	r := s.rehearse("-n", "30", "--think", "200ms", "--buy", "0.3")
	if r.Waited < 30 || r.Rushed < enough || r.Rush.Count == 0 {
		t.Errorf("all shoppers came before the release, and saw it: %+v", r)
	}
	if r.Orders == 0 || r.Purchase.Count < enough || r.Dashboard.Frames == 0 || r.Dashboard.Largest == 0 {
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
		waittest.Until(t, "a copy is made, and the only one", func() bool {
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
	s := freshShopWith(t, shelf{released: true})
	r := s.rehearse("--url", s.URL, "--yes", "-n", "20", "--think", "200ms", "--buy", "0.3")
	if orders := len(s.orders()); r.Orders == 0 || r.Purchase.Count < enough || orders < r.Orders {
		t.Errorf("%d were told that they bought, there are %d orders", r.Orders, orders)
	}
}

// TestRehearsalFails goes to a shop that sells nothing, though all is there: that is no want of
// stock. A rehearsal whose shoppers buy nothing does not fail.
func TestRehearsalFails(t *testing.T) {
	t.Parallel()
	s := freshShopWith(t, shelf{released: true})
	s.sql(`
		CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'no orders today'; END $$;
		CREATE TRIGGER refuse BEFORE INSERT ON orders EXECUTE FUNCTION refuse()`)
	r, code := s.tryRehearsal("--url", s.URL, "--yes", "-n", "10", "--think", "200ms", "--buy", "0.4")
	if code != 1 || r.Verdict != "failed" || len(r.Broken) != 1 || r.Orders != 0 ||
		r.Errors["purchase: could not be completed"] == 0 {
		t.Errorf("nothing can be bought: code %d, and the report is %+v", code, r)
	}
	r = s.rehearse("--url", s.URL, "--yes", "-n", "10", "--think", "100ms", "--buy", "0", "--errors", "0")
	if r.Orders != 0 {
		t.Errorf("%d orders of shoppers who buy nothing", r.Orders)
	}
}

// TestRehearsalSoldOut goes to a shop where nothing is left, so that no shopper has anything to put
// into a cart. It does not wait for that, and gives no verdict: nothing failed, and it is unknown
// how long a purchase takes.
func TestRehearsalSoldOut(t *testing.T) {
	t.Parallel()
	s := newScarceShop(t, nil)
	r, code := s.tryRehearsal("--url", s.URL, "--yes", "-n", "10", "--think", "100ms", "--buy", "0.4")
	if code != 3 || r.Verdict != "too_few" || len(r.Broken) != 0 || !r.SoldOut || len(r.TooFew) != 3 ||
		r.TooFew[2].Kind != "purchase" ||
		len(r.Errors) != 0 || r.Reply.Count != 0 || r.Page.Count < enough {
		t.Errorf("code %d, and the report is %+v", code, r)
	}
}

// TestRehearsalTooShort ends a rehearsal that has measured too little by its bound.
func TestRehearsalTooShort(t *testing.T) {
	t.Parallel()
	s := freshShopWith(t, shelf{released: true})
	args := []string{"--url", s.URL, "--yes", "-n", "1", "--ramp", "1ms", "--think", "1h", "--at-most", "1s"}
	r, code := s.tryRehearsal(args...)
	if code != 3 || r.Verdict != "too_few" || len(r.TooFew) != 4 || r.SoldOut {
		t.Errorf("code %d, and the report is %+v", code, r)
	}
	out, errOut, code := s.try(append([]string{"rehearse", "--for", "1s"}, args...)...)
	if code != 3 || !strings.Contains(out, "push: 0 measured, 20 needed") ||
		!strings.Contains(errOut, "TOO FEW TO TELL") || strings.Contains(out, "PASS") {
		t.Errorf("code %d: %s%s", code, out, errOut)
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
		"--at-most":        {"--for", "10s", "--at-most", "9s"},
		"--at-least":       {"--at-least", "0"},
		"like SHU6000@30s": {"--release", "SHU6000"},
		"0s to --for":      {"--release", "SHU6000@2m", "--for", "1m"},
		"names shu1 twice": {"--release", "SHU1@1s", "--release", "shu1@2s"},
		"on a copy":        {"--release", "SHU6000@1s", "--url", "http://localhost:4000", "--yes"},
		"--patience":       {"--patience", "1ms"},
		"like http://":     {"--url", "localhost"},
		"there is no term": {"--url", "http://localhost:4000"},
		"no private":       {},
	} {
		if _, errOut, code := s.try(append([]string{"rehearse"}, args...)...); code == 0 ||
			!strings.Contains(errOut, says) {
			t.Errorf("%v: code %d: %s", args, code, errOut)
		}
	}
}
