package e2e

import (
	"encoding/json"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"sneakers23/app/postgres/pgtest"
	"sneakers23/checkout"
	"sneakers23/inventory"
	"sneakers23/migrations"
)

func TestCommandLine(t *testing.T) {
	t.Parallel()
	s := freshShop(t)
	for _, tt := range []struct {
		args string
		code int
		says string // on standard output, or on standard error when the code is not 0
	}{
		{"--help", 0, "Usage: sneakers23 <command>"},
		{"", 0, "Usage: sneakers23 <command>"},
		{"restock --help", 0, "COUNT"},
		{"version", 0, "sneakers23 "},
		{"products", 0, "SHU6013"},
		{"products --json", 0, `"available_count"`},
		{"products --help", 0, "archive"},
		{"products show shu6000", 0, "Price  $120"},
		{"products show NOPE", 1, `no product has the SKU or id "NOPE"`},
		{"products create NEW --size us=9", 2, "the sku is missing"},
		{"products create NEW --size sku=N,us=9,color=red", 2, `"color" is none of sku, us, eu, uk, cm, stock`},
		{"products create NEW --name x", 1, "brand is missing"},
		{"products create shu6000 --name x", 1, "SHU6000 is there already"},
		{"products edit SHU6000", 2, "nothing is to be changed"},
		{"products edit SHU6000 --price 1.234", 2, `--price is "1.234"`},
		{"products edit SHU6000 --state gone", 1, `state is "gone"; it must be draft, live or archived`},
		{"products edit SHU6000 --sku SHU6100", 1, "sku SHU6100 is that of another product"},
		{"products edit SHU6000 --price 120", 0, "nothing to change"},
		{"products import /nowhere.yaml", 1, "no such file"},
		{"release SHU6000", 0, "is released"},
		{"release SHU6000", 0, "was released before"},
		{"release SHU6000 --at 1h", 1, "--at had no effect"},
		{"release SHU6000 --at 1h --json", 1, "--at had no effect"},
		{"release 2 --at 73h30m", 0, "(in 3 days 1h)"},
		{"release 2 --at 1h", 0, "will be released"},
		{"release 2 --at 2001-01-01T00:00:00Z", 1, "in the past"},
		{"release 2 --at soon", 2, "is no time"},
		{"release 2 --at 3d12h", 0, "(in 3 days 1"},
		{"release 2 --at 9000h", 2, "more than a year"},
		{"release shu6000", 0, "SHU6000 Hop Man 3 was released before"},
		{"release SHU6001", 1, "SHU6001 is a size of SHU6000; name the product: SHU6000"},
		{"release shu6001", 1, "SHU6001 is a size of SHU6000"},
		{"release NOPE", 1, `no product has the SKU or id "NOPE"`},
		{"release 99", 1, `no product has the SKU or id "99"`},
		{"release", 2, "expected"},
		{"restock SHU6001 5 --json", 0, `"added": 5`},
		{"restock 1 5", 0, "5 more"},
		{"restock shu6001 5", 0, "SHU6001 size 6: 5 more"},
		{"restock SHU6001 1000000", 2, "more than 10 times"},
		{"restock shu6000 5", 1, "SHU6000 is a product"},
		{"stock correct --help", 0, "--why"},
		{"stock", 2, "expected"},
		{"restock SHU6001 -5", 2, "COUNT must be a whole number from 1"},
		{"restock SHU6001 0", 2, "COUNT must be a whole number from 1"},
		{"restock SHU6001 five", 2, "COUNT must be a whole number"},
		{"restock SHU6001 99999999999999999999", 2, "COUNT"},
		{"restock NOPE 5", 1, `no item has the SKU or id "NOPE"`},
		{"restock SHU6000 5", 1, "is a product"},
		{"sell", 2, "add --yes"},
		{"sell --yes --per-tick 0", 2, "--per-tick"},
		{"seed", 0, "left alone"},
		{"seed --help", 0, "--more"},
		{"orders", 0, "Nothing was ordered yet"},
		{"orders list", 0, "Nothing was ordered yet"},
		{"orders list --json", 0, "[]"},
		{"orders list --status cancelled", 0, "No order is cancelled"},
		{"orders list --status lost", 2, `must be one of "all","confirmed","cancelled"`},
		{"sell --every soon", 2, `--every "soon" is no duration: write 100ms or 2s`},
		{"serve --drain-delay 5", 2, `--drain-delay "5" is no duration`},
		{"orders list --limit 0", 2, "--limit must be from 1"},
		{"orders list --limit 501", 2, "--limit must be from 1"},
		{"orders list --before AAAAAAAAAAAAAAAAAAAAAA", 1, "no order has this id"},
		{"orders show AAAAAAAAAAAAAAAAAAAAAA", 1, "no order has this id"},
		{"orders show no-such-order", 1, "no order has this id"},
		{"orders show", 2, "expected"},
		{"orders cancel AAAAAAAAAAAAAAAAAAAAAA --yes", 1, "no order has this id"},
		{"orders cancel AAAAAAAAAAAAAAAAAAAAAA", 2, "add --yes"},
		{"orders --help", 0, "cancel"},
		{"devices", 0, "There is no device yet. Add one: "},
		{"devices list --json", 0, "[]"},
		{"devices add till", 0, "till is added. Its key, which is shown only now: "},
		{"devices add till", 1, "a device of this name exists"},
		{"devices list", 0, "never  valid"},
		{"devices revoke kiosk --yes", 1, "there is no device of this name; see: sneakers23 devices list"},
		{"devices revoke till", 2, "and needs the key of a new device."},
		{"devices vars till", 0, "till has reported no variable yet"},
		{"devices set till volume 7", 1, "add --type string, integer, float or boolean"},
		{
			"devices set till volume -1 --type integer", 0,
			"volume of till is to become -1; the device gets it now, or when it is back",
		},
		{"devices set till volume loud", 1, `variable "volume": the value is not of type integer`},
		{"devices vars till", 0, "-1"},
		{"devices unset till volume", 0, "volume of till is not to change any more"},
		{"devices unset till volume", 1, "nothing is wanted of this variable"},
		{"devices vars till", 0, "till has reported no variable yet"},
		{"devices revoke till --yes", 0, "all nodes close its connections within 2 s"},
		{"devices logs", 0, "No device has logged anything yet"},
		{"devices logs --device till --since 1h", 0, "No record is like that."},
		{"devices logs --json", 0, `"records": []`},
		{"devices logs --limit 0", 2, "--limit must be from 1 to 500"},
		{"devices logs --since soon", 2, `--since "soon" is no time`},
		{"devices logs --follow --until 1h", 2, "--until"},
		{"devices --help", 0, "follow"},
		{"serve --device-log-days 0", 2, "--device-log-days must be from 1 to 3650"},
		{"migrate status", 0, "00002_orders.sql"},
		{"migrate up --json", 0, "[]"},
		{"migrate down --yes", 1, "stop it first"},
		{"--version", 0, ""},
		{"products --data-dir=", 2, "is empty"},
		{"release 2 --at=", 2, "is no time"},
		{"serve --log-level loud", 2, "debug"},
		{"dance", 2, "there is no command dance\n"},
		{"prodcuts", 2, "there is no command prodcuts; did you mean: sneakers23 products\n"},
		{"order", 2, "did you mean: sneakers23 orders\n"},
		{"Release SHU6000", 2, "did you mean: sneakers23 release\n"},
		{"orders lst", 2, "did you mean: sneakers23 orders list\n"},
		{"migrate statsu", 2, "did you mean: sneakers23 migrate status\n"},
		{"products SHU6000", 2, "unexpected argument SHU6000\n"},
		{"products --jsn", 2, "did you mean \"--json\"?"},
		{"products --nope", 2, "--nope"},
		{"completion -c bash", 0, "complete"},
		{"serve --listen nowhere", 2, "--listen"},
		{"serve --listen 0.0.0.0:0", 2, "--secret"},
		{"serve --listen 0.0.0.0:0", 2, "--admin-password of your own (at least 12 characters; try: openssl"},
		{"serve --secret short", 2, "at least 32"},
		{"serve --admin-password short", 2, "--admin-password is too short: at least 12 characters"},
		{"serve --origins shop.example", 2, "no origin"},
		{"serve --trusted-proxies 10.0.0.0/8,proxy.example", 2, `--trusted-proxies: "proxy.example" is no address`},
		{"serve --drain-share=NaN", 2, "--drain-share must be from 0.0001 to 1"},
		{"serve --max-frame=9999999999", 2, "--max-frame must be from 1024 to 16777216"},
		{"serve --address-share 0", 2, "--address-share must be from 0.0001 to 1"},
		{
			"serve --no-limits --listen 0.0.0.0:0", 2,
			"--no-limits is for rehearsals on one machine, and --listen 0.0.0.0:0 is open to others",
		},
		{"rehearse --buy=NaN", 2, "--buy must be from 0 to 0.4"},
		{"rehearse --reply-p99=-1s", 2, "--reply-p99 must be from 0s"},
		{"serve --listen 127.0.0.1:0", 1, "another node runs with the data directory"},
	} {
		out, errOut, code := s.try(strings.Fields(tt.args)...)
		said := out
		if tt.code != 0 {
			said = errOut
		}
		if code != tt.code || !strings.Contains(said, tt.says) {
			t.Errorf("sneakers23 %s: exit code %d, want %d, with %q in:\n%s%s",
				tt.args, code, tt.code, tt.says, out, errOut)
		}
	}
}

func TestWhatKeepsANodeFromStarting(t *testing.T) {
	t.Parallel()
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = taken.Close() }) // after the subtests
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	broken := pgtest.DataDir(t)
	if err := os.Mkdir(filepath.Join(broken, "postgres"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(broken, "postgres", "base"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct {
		database, dataDir string
		args              []string
		says              []string
	}{
		"port in use": {
			args: []string{"--listen", taken.Addr().String()}, says: []string{"another program has this port"},
		},
		"no database there": {
			database: "postgres://shopper:topsecret@127.0.0.1:1/shop",
			says:     []string{"does not answer", "127.0.0.1:1", "DATABASE_URL"},
		},
		"no database address":           {database: "postgres://[", says: []string{"DATABASE_URL"}},
		"data directory is a file":      {dataDir: file, says: []string{"data directory", "--data-dir"}},
		"half-written private database": {dataDir: broken, says: []string{filepath.Join(broken, "postgres")}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := &shop{t: t, dataDir: tt.dataDir, database: tt.database}
			if s.dataDir == "" {
				s.dataDir = pgtest.DataDir(t)
			}
			args := append([]string{"serve"}, tt.args...)
			if tt.args == nil {
				args = append(args, "--listen", "127.0.0.1:0")
			}
			out, errOut, code := s.try(args...)
			if code != 1 {
				t.Errorf("exit code %d, want 1: %s%s", code, out, errOut)
			}
			for _, says := range tt.says {
				if !strings.Contains(errOut, says) {
					t.Errorf("%q is not in:\n%s", says, errOut)
				}
			}
			if strings.Contains(errOut, "topsecret") {
				t.Errorf("the password is in:\n%s", errOut)
			}
			t.Logf("it says: %s", errOut)
		})
	}
}

func TestEmptyStore(t *testing.T) {
	t.Parallel()
	s := &shop{t: t, dataDir: t.TempDir(), database: pgtest.URL(t)}
	s.start() // not seeded
	if out := s.run("products"); !strings.Contains(out, "no products") {
		t.Errorf("products of an empty store: %s", out)
	}
	if _, body := s.get("/"); !strings.Contains(body, "The shelves are empty") {
		t.Error("the page of an empty store does not say so")
	}
	v := newVisitor(t, s.URL)
	s.run("seed")
	if _, err := v.Reload(); err != nil {
		t.Fatal(err)
	}
	v.wait(".product-soon-1")
	if out := s.run("seed", "--more"); !strings.Contains(out, "4 products (SHU6200") {
		t.Errorf("seed --more says: %s", out)
	}
	if out := s.run("seed", "--more"); !strings.Contains(out, "all six products are there") {
		t.Errorf("seed --more says again: %s", out)
	}
	for _, p := range []string{"/products/SHU6200", "/assets/images/rafter-hi.svg", "/assets/images/scree-45.svg"} {
		if code, body := s.get(p); code != http.StatusOK || !strings.Contains(body, "<") {
			t.Errorf("%s: %d", p, code)
		}
	}
}

func TestSeedWithoutANode(t *testing.T) {
	t.Parallel()
	s := &shop{t: t, dataDir: t.TempDir(), database: pgtest.URL(t)}
	s.run("migrate", "up")
	var seeded struct{ Seeded bool }
	if err := json.Unmarshal([]byte(s.run("seed", "--json")), &seeded); err != nil || !seeded.Seeded {
		t.Errorf("seed: %v, %+v", err, seeded)
	}
	for _, want := range []int{4, 0} {
		var more struct {
			Seeded bool
			Added  []string
		}
		err := json.Unmarshal([]byte(s.run("seed", "--more", "--json")), &more)
		if err != nil || len(more.Added) != want || more.Seeded != (want > 0) {
			t.Errorf("seed --more: %v, %+v, want %d products added", err, more, want)
		}
	}
	state, err := migrations.Status(t.Context(), s.database)
	if err != nil {
		t.Fatal(err)
	}
	for range state.Steps {
		s.run("migrate", "down", "--yes")
	}
	if out := s.run("migrate", "status"); strings.Count(out, "pending") != len(state.Steps) {
		t.Errorf("status after down: %s", out)
	}
	if _, errOut, code := s.try("migrate", "down", "--yes"); code != 1 ||
		!strings.Contains(errOut, "nothing to take back") {
		t.Errorf("down from nothing: exit code %d: %s", code, errOut)
	}
}

// TestTimesHaveTheirZone reads every table and question that holds a time.
func TestTimesHaveTheirZone(t *testing.T) {
	t.Parallel()
	s := freshShop(t)
	s.sql(shelf{pairs: map[int]int{1: 5}}.sql())
	s.run("seed")
	s.run("release", "SHU6000")
	o := besides(t, s.database, checkout.Purchase{
		Lines: []checkout.Line{{ID: checkout.NewLineID(), Product: 1, Item: 1}}, Total: inventory.Cents(120_00),
	})
	backup := filepath.Join(t.TempDir(), "shop.backup")
	s.run("backup", backup)
	for _, args := range [][]string{
		{"orders"}, {"orders", "show", string(o.ID)}, {"release", "SHU6100", "--at", "1h"}, {"products"},
		{"migrate", "status"},
		{"restore", backup},
	} {
		cmd := s.command(args...)
		cmd.Env = append(cmd.Env, "TZ=UTC") // the last one holds
		out, errOut, _ := s.finish(cmd)
		times := anyTime.FindAllString(out+errOut, -1)
		if len(times) == 0 {
			t.Errorf("sneakers23 %q tells no time: %s%s", args, out, errOut)
		}
		for _, at := range times {
			if !strings.HasSuffix(at, " UTC") && !strings.HasSuffix(at, "Z") {
				t.Errorf("sneakers23 %q: %q has no zone", args, at)
			}
		}
	}
}

var anyTime = regexp.MustCompile(`\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d( [A-Z]+|Z)?`)
