package e2e

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"unicode/utf8"

	"github.com/gorilla/websocket"

	"sneakers23/app/waittest"
	"sneakers23/checkout"
	"sneakers23/inventory"
)

// evil is what a terminal would act on: colors, a bell, a line that is written over, a new line,
// controls of one byte, and what turns the direction of writing around.
const evil = "\x1b[31m\x1b]0;title\a\r\n\t\x7f\u0085\u009b31m\u200f\u202e\u2066\u2028\ufeff"

// raw returns the first character of what was printed that a terminal would act on.
func raw(said string) (at string, found bool) {
	for i, r := range said {
		if r != '\n' && (!strconv.IsGraphic(r) || r == utf8.RuneError) {
			return strconv.QuoteToASCII(said[max(i-20, 0):min(i+20, len(said))]), true
		}
	}
	return "", false
}

// TestNoEscapeReachesTheTerminal runs every command at a shop, and with arguments, that hold them.
func TestNoEscapeReachesTheTerminal(t *testing.T) {
	t.Parallel()
	s := freshShop(t)
	s.sql(`UPDATE products SET name = $1, brand = $1, color = $1`, "Hop"+evil+"Man")
	s.sql(`UPDATE items SET size = $1 WHERE sku = 'SHU6001'`, "6\x1b[7m\u202e")
	s.sql(shelf{pairs: map[int]int{1: 20}}.sql())
	waittest.Until(t, "the node knows the words", func() bool {
		return strings.Contains(s.run("products", "--json"), `Hop\u001b`)
	})
	s.run("release", "SHU6000")
	o := besides(t, s.database, checkout.Purchase{
		Lines: []checkout.Line{{ID: checkout.NewLineID(), Product: 1, Item: 1}}, Total: inventory.Cents(120_00),
	})
	openTab(t, s, "/products/"+evil)
	waittest.Until(t, "the cart is listed", func() bool { return strings.Contains(s.run("carts"), "/products/") })
	backup := filepath.Join(t.TempDir(), "evil\x1b[31m\u202e")

	for _, args := range [][]string{
		{"products"},
		{"products", "--json"},
		{"release", "SHU6000"},
		{"release", "SHU6000", "--at", "1h"},
		{"release", "SHU6000", "--undo"},
		{"release", "SHU6001"},
		{"release", "SHU6100", "--at", "1h"},
		{"release", "SHU6100", "--call-off"},
		{"release", "SHU6100", "--json"},
		{"release", "SHU6100", "--undo"},
		{"release", "NO" + evil},
		{"release", "NO" + evil, "--json"},
		{"release", "SHU6100", "--at", evil},
		{"restock", "SHU6001", "5"},
		{"restock", "SHU6001", "1000"},
		{"restock", "SHU6001", "5", "--json"},
		{"restock", "SHU6000", "5"},
		{"restock", "NO" + evil, "5"},
		{"restock", "SHU6001", evil},
		{"stock", "correct", "SHU6001", "--by", "-1", "--why", evil + "wet"},
		{"stock", "correct", "SHU6001", "--by", "-1", "--why", evil + "wet", "--json"},
		{"stock", "correct", "NO" + evil, "--by", "1", "--why", "found"},
		{"orders"},
		{"orders", "list", "--json"},
		{"orders", "show", string(o.ID)},
		{"orders", "show", string(o.ID), "--json"},
		{"orders", "show", "NO" + evil},
		{"orders", "list", "--before", evil},
		{"orders", "list", "--status", evil},
		{"orders", "cancel", string(o.ID)},
		{"orders", "cancel", string(o.ID), "--yes", "--json"},
		{"orders", evil},
		{"carts"},
		{"carts", "--json"},
		{"nodes"},
		{"nodes", "--json"},
		{"nodes", "--topic", evil},
		{"sell"},
		{"sell", "--yes", "--per-tick", "1000"},
		{"sell", "--yes", "--unreleased", "--per-tick", "1000", "--json"},
		{"seed"},
		{"migrate", "status"},
		{"migrate", "up"},
		{"migrate", "down", "--yes"},
		{"backup", backup},
		{"backup", backup},
		{"restore", backup},
		{"restore", backup, "--yes"},
		{"restore", backup + "no", "--yes"},
		{"version"},
		{"completion", "-c", "bash"},
		{"rehearse", "--url", evil},
		{"products", "--data-dir", filepath.Join(t.TempDir(), evil)},
		{"products", "--node", evil, "--cluster-secret", "sixteen characters"},
		{"serve", "--listen", evil},
		{"serve", "--node-name", evil},
		{"serve", "--origins", evil},
		{"serve", "--join", evil},
		{"products", "--" + evil},
		{evil},
		{"help"},
	} {
		out, errOut, code := s.try(args...)
		for _, said := range []string{out, errOut} {
			if at, found := raw(said); found {
				t.Errorf("sneakers23 %q, exit code %d: %s", args, code, at)
			}
		}
		if out+errOut == "" {
			t.Errorf("sneakers23 %q says nothing", args)
		}
	}
	if at, found := raw(s.log.String()); found {
		t.Errorf("the node's log: %s", at)
	}
	var products []struct{ Name string }
	if err := json.Unmarshal([]byte(s.run("products", "--json")), &products); err != nil ||
		products[0].Name != "Hop"+evil+"Man" {
		t.Errorf("as JSON, the name is %+q, %v", products, err)
	}
}

// openTab opens a cart on a page, as a tab does, until the test ends.
func openTab(t *testing.T, s *shop, page string) {
	t.Helper()
	conn, _, err := websocket.DefaultDialer.DialContext(t.Context(),
		strings.Replace(s.URL, "http", "ws", 1)+"/product_socket/websocket?vsn=2.0.0", nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	join := []any{
		"1", "1", "cart:" + strings.Repeat("Ab1+", 16), "phx_join", map[string]any{"serialized": nil, "page": page},
	}
	if err := conn.WriteJSON(join); err != nil {
		t.Fatal(err)
	}
	if _, _, err := conn.ReadMessage(); err != nil {
		t.Fatal(err)
	}
}

// TestBanner starts a node in a directory of a bad name. Messages for people go to the standard
// error, and are harmless; with --json there are none, only the JSON.
func TestBanner(t *testing.T) {
	t.Parallel()
	of := freshShop(t)
	for name, tt := range map[string]struct {
		args []string
		says string
		out  string // how the standard output begins
	}{
		"people":        {nil, "Sneakers23 is open", ""},
		"programs":      {[]string{"--json"}, "node is ready", "{"},
		"logs for both": {[]string{"--json", "--log-format", "json"}, "node is ready", "{"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := &shop{t: t, dataDir: filepath.Join(t.TempDir(), "evil\x1b[31m\u202e"), database: of.database}
			cmd := s.command(append([]string{"serve", "--listen", "127.0.0.1:0"}, tt.args...)...)
			var out, errOut logBuffer
			cmd.Stdout, cmd.Stderr = &out, &errOut
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = cmd.Process.Kill() }) // it is gone, unless the test has failed
			waittest.Until(t, "the node is open", func() bool { return strings.Contains(errOut.String(), tt.says) })
			if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
				t.Fatal(err)
			}
			ended := make(chan error, 1)
			go func() { ended <- cmd.Wait() }()
			if err := waittest.Receive(t, "the end of the node", ended); err != nil {
				t.Errorf("the node ended with %v", err)
			}
			for _, said := range []string{out.String(), errOut.String()} {
				if at, found := raw(said); found {
					t.Errorf("raw: %s", at)
				}
			}
			if !strings.HasPrefix(out.String(), tt.out) || tt.out == "" && out.String() != "" {
				t.Errorf("on the standard output: %s", out.String())
			}
			people := strings.Contains(errOut.String(), "shop        http://") &&
				strings.Contains(errOut.String(), "stopping;")
			if people != (tt.out == "") {
				t.Errorf("on the standard error: %s", errOut.String())
			}
			if _, err := os.Stat(s.dataDir); err != nil {
				t.Errorf("the directory is another one: %v", err)
			}
		})
	}
}
