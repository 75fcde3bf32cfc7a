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
	"sneakers23/inventory/picture/picturetest"
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
// It leaves out those of devices, and an export to the standard output: a pipe gets the words as
// they are.
func TestNoEscapeReachesTheTerminal(t *testing.T) {
	t.Parallel()
	s := freshShop(t)
	wordsOfTheShop(t, s)
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
	dir := t.TempDir()
	backup := filepath.Join(dir, "evil\x1b[31m\u202e")
	inDir := func(name string) string { return filepath.Join(dir, name) }
	evilFile := writePhoto(t, dir, evil+".md", []byte("# "+evil+"\n\n"+evil+"\n"))
	plan := writePhoto(t, dir, evil+".yaml", []byte("at: 1h\nannounce: "+strconv.QuoteToASCII(evil)+"\n"))
	for _, args := range [][]string{
		{"products"},
		{"products", "--json"},
		{"drops"},
		{"drops", "list", "--json"},
		{"drops", "show", "1"},
		{"drops", "show", "1", "--json"},
		{"drops", "show", evil},
		{"drops", "check"},
		{"drops", "check", "1", "--json"},
		{"drops", "check", evil},
		{"drops", "plan", "--at", evil, "--release", "SHU6100"},
		{"drops", "plan", "--at", "1h", "--zone", evil, "--release", "SHU6100"},
		{"drops", "plan", "--at", "1h", "--ends", evil, "--release", "SHU6100"},
		{"drops", "plan", "--at", "1h", "--release", "NO" + evil},
		{"drops", "plan", "--at", "1h", "--restock", "NO" + evil + "=5"},
		{"drops", "plan", "--at", "1h", "--restock", "SHU6101=" + evil},
		{"drops", "plan", "--at", "1h", "--announce", "Now" + evil},
		{"drops", "plan", "--at", "1h", "--restock", "SHU6101=5", "--announce", "Now", "--json"},
		{"drops", "plan", plan},
		{"drops", "plan", inDir("no" + evil)},
		{"drops", "move", "1", "--at", "3h"},
		{"drops", "move", "1", "--ends", "5h", "--json"},
		{"drops", "move", "1", "--at", evil},
		{"drops", "move", "1", "--zone", evil, "--ends", "now"},
		{"drops", "cancel", "1"},
		{"drops", "cancel", "1", "--json"},
		{"drops", evil},
		{"products", "show", "SHU6000"},
		{"products", "show", "SHU6000", "--json"},
		{"products", "show", "NO" + evil},
		{"products", "create", "NO" + evil, "--name", "Volt"},
		{"products", "create", "VOLT", "--name", "Volt" + evil, "--brand", evil, "--color", evil, "--price", "9",
			"--story", evil, "--size", "sku=VOLT-9,us=" + evil},
		{"products", "create", "VOLT", "--name", "Volt", "--brand", "Volt", "--price", evil},
		{"products", "create", "VOLT", "--name", "Volt", "--brand", "Volt", "--size", evil},
		{"products", "create", "VOLT", "--name", "Volt", "--brand", "Volt", "--color", "red", "--price", "9", "--json"},
		{"products", "edit", "SHU6000", "--name", "Hop" + evil},
		{"products", "edit", "SHU6000", "--story", "Once" + evil, "--json"},
		{"products", "edit", "SHU6000", "--price", "119"},
		{"products", "edit", "SHU6000", "--sku", evil},
		{"products", "edit", "SHU6000", "--state", evil},
		{"products", "edit", "NO" + evil, "--price", "119"},
		{"products", "export", inDir("out" + evil), "--images", "img" + evil},
		{"products", "export", inDir("out" + evil)},
		{"products", "export", inDir("out.yaml")},
		{"products", "import", inDir("out.yaml"), "--try"},
		{"products", "import", inDir("out.yaml"), "--yes", "--json"},
		{"products", "import", inDir("no" + evil)},
		{"products", "import", evilFile},
		{"products", "image", "list", "SHU6000"},
		{"products", "image", "list", "SHU6000", "--json"},
		{"products", "image", "list", "NO" + evil},
		{"products", "image", "add", "SHU6000", inDir("no" + evil), "--alt", "A shoe"},
		{"products", "image", "add", "SHU6000", evilFile, "--alt", evil},
		{"products", "image", "alt", "SHU6000", "1", "From" + evil},
		{"products", "image", "move", "SHU6000", "1", evil},
		{"products", "image", "move", "SHU6000", "1", "2"},
		{"products", "image", "remove", "SHU6000", "2"},
		{"products", "archive", "NO" + evil},
		{"products", evil},
		{"pages", "list"},
		{"pages", "list", "--json"},
		{"pages", "show", "help"},
		{"pages", "show", "help", "--json"},
		{"pages", "show", evil},
		{"pages", "import", evilFile},
		{"pages", "import", evilFile, "--as", "help"},
		{"pages", "import", evilFile, "--as", evil},
		{"pages", "import", inDir("no" + evil + ".md"), "--as", "help"},
		{"pages", "remove", "help"},
		{"pages", "remove", "help", "--json"},
		{"pages", "remove", evil},
		{"pages", evil},
		{"shop", "show"},
		{"shop", "show", "--json"},
		{"shop", "set", "--name", "Volt" + evil},
		{"shop", "set", "--zone", evil},
		{"shop", "set", "--url", "https://" + evil},
		{"shop", "set", "--accent", evil},
		{"shop", "set", "--banner", evil},
		{"shop", "set", "--banner", "Now", "--banner-ends", evil},
		{"shop", "set", "--shipping", evil, "--returns", evil, "--json"},
		{"shop", "set", "--url", "https://volt.example"},
		{"shop", "logo", inDir("no" + evil)},
		{"shop", "logo", evilFile},
		{"shop", evil},
		{"pause"},
		{"pause", "SHU6000"},
		{"pause", "SHU6000", "--json"},
		{"pause", "NO" + evil},
		{"resume", "SHU6000"},
		{"resume", "SHU6000", "--json"},
		{"resume", "NO" + evil},
		{"resume"},
		{"resume", "--json"},
		{"audit"},
		{"audit", "--json"},
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

// wordsOfTheShop writes into the database what the commands refuse: a story, the texts of images, a
// page, the names and the banner of the shop and of a drop.
func wordsOfTheShop(t *testing.T, s *shop) {
	t.Helper()
	dir := t.TempDir()
	for i, side := range []string{"left", "right"} {
		photo := writePhoto(t, dir, side+".png", picturetest.PNG(picturetest.Quarters(300+i, 200)))
		s.run("products", "image", "add", "SHU6000", photo, "--alt", side)
	}
	s.run("pages", "import", writePhoto(t, dir, "help.md", []byte("# Help\n\nAsk us.\n")))
	s.run("shop", "set", "--name", "Volt")
	s.drop("plan", "--at", "2h", "--ends", "3h", "--release", "SHU6100", "--restock", "SHU6101=5", "--announce", "Now")
	s.sql(`UPDATE products SET story = $1, images = jsonb_set(jsonb_set(images, '{0,alt}', to_jsonb($1::text)),
		'{1,alt}', to_jsonb($1::text)) WHERE sku = 'SHU6000'`, "Once"+evil)
	s.sql(`UPDATE shop_pages SET title = $1, body = $1`, "Help"+evil)
	s.sql(`UPDATE shop_settings SET name = $1, banner = $1, shipping = $1, returns = $1`, "V"+evil)
	s.sql(`UPDATE drops SET announces = $1, planned_by = $1`, "Here"+evil)
	for what, args := range map[string][]string{
		`Once\u001b`: {"products", "show", "SHU6000", "--json"}, `V\u001b`: {"shop", "show", "--json"},
		`Help\u001b`: {"pages", "list", "--json"}, `Here\u001b`: {"drops", "show", "1", "--json"},
	} {
		waittest.Until(t, "the node knows "+what, func() bool { return strings.Contains(s.run(args...), what) })
	}
	if shown := s.run("products", "image", "list", "SHU6000", "--json"); !strings.Contains(shown, `Once\u001b`) {
		t.Errorf("the images have other texts: %s", shown)
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
