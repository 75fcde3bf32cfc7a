package conformance

import (
	"context"
	"embed"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"
)

const (
	assets   = "../../../assets"
	runner   = "js/run.mjs"
	patience = time.Minute // for a scenario; each of its waits has less
)

// The scripts are run from their folder. They are embedded too, so that a cached
// result does not outlive a change.
//
//go:embed js
var _ embed.FS

// scenario is one as js/run.mjs lists it. What is empty is any.
type scenario struct {
	Name                  string
	Transport, Serializer string
}

func TestPhoenix(t *testing.T) {
	checkPackages(t)
	scenarios := listScenarios(t)
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
				for _, s := range scenarios {
					if s.fits(form.transport, serializer) {
						t.Run(s.Name, func(t *testing.T) {
							t.Parallel()
							s.run(t, form.transport, serializer, form.epoll, form.nodes)
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

func (s scenario) run(t *testing.T, transport, serializer string, epoll bool, nodes int) {
	site := start(t, epoll, nodes)
	if out, err := node(t, s.Name, transport, serializer, "ws://"+site.addr, control(t, site)); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
}

// listScenarios asks the runner what there is.
func listScenarios(t *testing.T) (scenarios []scenario) {
	t.Helper()
	out, err := node(t, "list")
	if err != nil {
		t.Fatalf("list the scenarios: %v\n%s", err, out)
	}
	if err := json.Unmarshal(out, &scenarios); err != nil {
		t.Fatalf("list the scenarios: %v\n%s", err, out)
	}
	if len(scenarios) == 0 {
		t.Fatal("there are no scenarios")
	}
	return scenarios
}

// node runs the runner and returns what it printed.
func node(t *testing.T, args ...string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	out, err := exec.CommandContext(ctx, "node", append([]string{runner}, args...)...).CombinedOutput()
	if errors.Is(err, exec.ErrNotFound) {
		t.Fatal("node is missing: install Node.js 18 or newer, on Debian: apt-get install nodejs")
	}
	if ctx.Err() != nil {
		err = ctx.Err()
	}
	return out, err
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
