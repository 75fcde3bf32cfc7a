package conformance

import (
	"embed"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"sneakers23/app/waittest"
)

const assets = "../../../assets"

// The scripts are run from their folder. They are embedded too, so that a cached
// result does not outlive a change.
//
//go:embed js
var _ embed.FS

// scenario is one as js/run.mjs lists it. An empty field stands for any.
type scenario struct {
	Name                  string
	Transport, Serializer string
}

func TestPhoenix(t *testing.T) {
	checkPackages(t)
	for _, form := range []struct {
		name, transport string
		epoll           bool
		nodes           int
	}{
		{"websocket", "websocket", false, 1},
		{"epoll", "websocket", runtime.GOOS == "linux", 1},
		{"longpoll", "longpoll", false, 1},
		{"longpoll of two nodes", "longpoll", false, 2},
	} {
		for _, serializer := range []string{"v2", "v1"} {
			t.Run(form.name+"/"+serializer, func(t *testing.T) {
				t.Parallel()
				var node runner
				node.start(t)
				t.Cleanup(node.stop)
				for _, s := range node.scenarios {
					if s.fits(form.transport, serializer) {
						t.Run(s.Name, func(t *testing.T) {
							s.run(t, &node, form.transport, serializer, form.epoll, form.nodes)
						})
					}
				}
			})
		}
	}
}

func (s scenario) fits(transport, serializer string) bool {
	return (s.Transport == "" || s.Transport == transport) && (s.Serializer == "" || s.Serializer == serializer)
}

func (s scenario) run(t *testing.T, node *runner, transport, serializer string, epoll bool, nodes int) {
	site := start(t, epoll, nodes)
	node.run(t, order{
		Name: s.Name, Transport: transport, Serializer: serializer,
		URL: "ws://" + site.addr, Control: control(t, site), Patience: float64(waittest.Limit().Milliseconds()) / 2,
		Full: *isolated,
	})
}

// checkPackages makes sure that what runs is what the lock file says.
func checkPackages(t *testing.T) {
	t.Helper()
	var lock struct {
		Packages map[string]struct{ Version string }
	}
	read(t, filepath.Join(assets, "package-lock.json"), &lock)
	for _, name := range []string{"phoenix", "ws"} {
		var installed struct{ Version string }
		read(t, filepath.Join(assets, "node_modules", name, "package.json"), &installed)
		if want := lock.Packages["node_modules/"+name].Version; installed.Version != want {
			t.Fatalf("npm package %s is %q, the lock file says %q: run make assets", name, installed.Version, want)
		}
	}
}

func read(t *testing.T, file string, to any) {
	t.Helper()
	raw, err := os.ReadFile(file)
	if errors.Is(err, os.ErrNotExist) && strings.Contains(file, "node_modules") {
		t.Fatalf("%s is missing: run make assets", file)
	}
	if err == nil {
		err = json.Unmarshal(raw, to)
	}
	if err != nil {
		t.Fatalf("%s: %v", file, err)
	}
}
