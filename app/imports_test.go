package app_test

import (
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "sneakers23"

// rule says which of our packages a room may import, beside those below itself.
type rule struct {
	room    string
	imports []string
}

// anywhere is what any room may import.
const anywhere = "app/sleep"

// allowed are the rules of all rooms. A pattern that ends in /... stands for a whole room. Arrows
// only point down this list.
var allowed = []rule{
	// a tool for development, not a part of the server: it runs nodes as processes, and a
	// PostgreSQL for them
	{"cmd/cluster/...", []string{"app/postgres", "app/privatefile", "cmd/console"}},
	{"cmd/console", nil},
	{
		"cmd/...", []string{
			"app", "app/operator", "app/store", "app/privatefile", "app/rehearsal", "cmd/console", "web/gateway/device",
			"inventory/...",
		},
	},
	{"app/postgres/...", nil},
	{"app/privatefile", nil},
	{"app/devices", []string{"app/privatefile"}},
	{"app/rehearsal", nil},
	{
		"app/operator", []string{
			"app/store", "app/devices", "web/admin/...", "web/shop", "checkout/...", "replication/...", "inventory",
			"inventory/picture", "inventory/storefront", "web/markdown",
		},
	},
	{"app/store", []string{"app/postgres", "inventory", "migrations"}}, // knows rows and tables, not what they mean
	{
		"app", []string{
			"web/...", "web/quota", "checkout/...", "replication/...", "inventory/...", "templates", "assets",
			"migrations",
		},
	},
	{"web/channel/examples/...", []string{"web/channel", "replication/pubsub"}},
	{"web/ws", []string{"web/conns"}},
	{
		"web/channel/...", []string{
			"web/conns", "web/ws", "replication/pubsub", "replication/presence", "web/origin", "web/quota",
		},
	},
	{"web/gateway/device/...", nil}, // for programs on devices, which have nothing else of ours
	{"web/gateway/...", []string{"web/conns", "web/quota", "app/devices"}},
	{"web/conns/...", nil},
	{"web/prepared", nil},
	{"web/forwarded", nil},
	{"web/origin", nil},
	{"web/tally", nil},
	{"web/markdown", nil},
	{"web/images", []string{"inventory", "inventory/picture"}},
	{
		"web/shop/...", []string{
			"web/channel", "web/prepared", "web/quota", "web/markdown", "checkout", "replication/...", "inventory",
			"inventory/storefront", "templates", "assets",
		},
	},
	{"web/admin/drops", []string{"web/admin/wallclock", "inventory", "templates"}},
	{"web/admin/shopfront", []string{"web/admin/wallclock", "inventory/picture", "inventory/storefront", "templates"}},
	{"web/admin/products", []string{"inventory", "inventory/picture", "templates", "assets"}},
	{"web/admin/wallclock", []string{"inventory"}},
	{"web/admin/fleet", []string{"web/channel", "replication/presence", "app/devices"}},
	{
		"web/admin/...", []string{
			"web/channel", "web/prepared", "web/tally", "web/quota", "checkout", "replication/...", "inventory",
			"templates", "assets",
		},
	},
	{"web", []string{"checkout", "replication/...", "inventory", "inventory/storefront", "templates", "assets"}},
	{"checkout/ledger", []string{"inventory"}},
	{"checkout", []string{"inventory", "web/quota"}},
	{"replication/cluster", nil},
	{"replication/pubsub", []string{"replication/cluster"}},
	{"replication/presence", []string{"replication/cluster", "replication/pubsub"}},
	{"replication", []string{"inventory"}},
	{"inventory/catalogfile", []string{"inventory"}},
	{"inventory/storefront", []string{"inventory", "inventory/picture"}},
	{"inventory/...", nil},
	{"templates", nil},
	{"assets/build", []string{"assets/draw"}},
	{"assets/...", nil},
	{"migrations", nil},
	{"web/quota", nil},
	{"app/sleep", nil},
}

// forbidden says which libraries have no place in a room: the domain knows no web, the web no
// database.
var forbidden = map[string][]string{
	"inventory/...": {
		"net/http", "html/template", "github.com/labstack/", "github.com/gorilla/", "github.com/nats-io/",
	},
	"checkout/...": {
		"net/http", "html/template", "github.com/labstack/", "github.com/gorilla/websocket", "github.com/nats-io/",
	},
	"app/devices": {"net/http", "html/template", "github.com/labstack/", "github.com/gorilla/", "github.com/nats-io/"},
	"app/store":   {"net/http", "html/template", "github.com/labstack/", "github.com/gorilla/", "github.com/nats-io/"},
	"web/...":     {"github.com/jackc/pgx/", "github.com/nats-io/", "database/sql"},
	"cmd/...":     {"github.com/jackc/pgx/", "github.com/nats-io/", "github.com/labstack/"},

	// for programs on devices: the standard library alone
	"web/gateway/device/...": {"github.com/", "golang.org/", "gopkg.in/", module + "/" + anywhere},
}

// TestImports parses what every package imports. Parsing here, and not asking the go command, keeps
// a cached result from hiding a violation: the files are read by the test itself.
func TestImports(t *testing.T) {
	root := filepath.Join("..")
	checked := 0
	err := filepath.WalkDir(root, func(file string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (d.Name() == "node_modules" || len(d.Name()) > 2 && d.Name()[0] == '.') {
			return filepath.SkipDir
		}
		if d.IsDir() || !strings.HasSuffix(file, ".go") || strings.HasSuffix(file, "_test.go") {
			return nil
		}
		rel, err := filepath.Rel(root, file)
		if err != nil {
			return err
		}
		pkg := path.Dir(filepath.ToSlash(rel))
		if strings.HasSuffix(pkg, "test") || strings.HasPrefix(pkg, "e2e") {
			return nil // helpers of tests and the tests from outside may use what they test
		}
		checked++
		checkFile(t, file, pkg)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if checked < 50 {
		t.Errorf("only %d files were found to check", checked)
	}
}

func checkFile(t *testing.T, file, pkg string) {
	t.Helper()
	parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ImportsOnly)
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(allowed, func(r rule) bool { return within(pkg, r.room) })
	if i < 0 {
		t.Errorf("%s: package %s has no place in the table", file, pkg)
		return
	}
	for _, spec := range parsed.Imports {
		imp, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			t.Fatal(err)
		}
		for room, libraries := range forbidden {
			if within(pkg, room) && slices.ContainsFunc(libraries, func(l string) bool {
				return strings.HasPrefix(imp, l)
			}) {
				t.Errorf("%s imports %s, which has no place in %s", file, imp, room)
			}
		}
		own, ok := strings.CutPrefix(imp, module+"/")
		if !ok || strings.HasPrefix(own, pkg+"/") || own == anywhere {
			continue
		}
		if !slices.ContainsFunc(allowed[i].imports, func(room string) bool { return within(own, room) }) {
			t.Errorf("%s imports %s: %s may import only %v", file, own, pkg, allowed[i].imports)
		}
	}
}

// within tells whether the package is in the room.
func within(pkg, room string) bool {
	base, tree := strings.CutSuffix(room, "/...")
	return pkg == base || tree && strings.HasPrefix(pkg, base+"/")
}
