package e2e

import (
	"flag"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"testing"

	"github.com/playwright-community/playwright-go"

	"sneakers23/app/postgres/pgtest"
)

// full is what make test-long asks for.
var full = flag.Bool("full", false, "run at full size what proves something by mass")

// program is the built binary, with the race detector in it, and quickProgram the same without it.
var program, quickProgram string

func TestMain(m *testing.M) { pgtest.Main(suite{m}) }

// suite builds the program before the tests and stops the browser after them.
type suite struct{ *testing.M }

func (s suite) Run() int {
	dir, err := os.MkdirTemp("", "sneakers23-e2e-")
	if err != nil {
		fmt.Fprintln(os.Stderr, "e2e:", err)
		return 1
	}
	defer os.RemoveAll(dir)
	program, quickProgram = filepath.Join(dir, "race", "sneakers23"), filepath.Join(dir, "sneakers23")
	for _, args := range [][]string{{"-race", "-o", program}, {"-o", quickProgram}} {
		args = slices.Concat([]string{"build", "-buildvcs=false", "-ldflags=-w"}, args, []string{"../cmd/sneakers23"})
		if out, err := exec.Command("go", args...).CombinedOutput(); err != nil {
			fmt.Fprintf(os.Stderr, "e2e: build the program: %v\n%s", err, out)
			return 1
		}
	}
	if wires, err = layBackbone(); err != nil {
		fmt.Fprintln(os.Stderr, "e2e:", err)
		return 1
	}
	defer func() {
		if err := wires.remove(); err != nil {
			fmt.Fprintln(os.Stderr, "e2e:", err)
		}
	}()
	defer browser.stop()
	if err := flag.Set("test.parallel", strconv.Itoa(atOnce())); err != nil {
		fmt.Fprintln(os.Stderr, "e2e:", err)
		return 1
	}
	code := s.M.Run()
	if err := lent.end(); err != nil {
		fmt.Fprintln(os.Stderr, "e2e:", err)
		code = max(code, 1)
	}
	return code
}

// lookAtSources lets the go command see that a test depends on the whole program: it keeps a test's
// result until a file changes that the test has looked at, and a program that was built aside is
// none of those. It must be called in a test.
var lookAtSources = sync.OnceFunc(func() {
	_ = filepath.WalkDir("..", func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return nil // gone meanwhile, or not ours to read
		case d.IsDir() && slices.Contains([]string{".git", ".tools", ".data", "bin", "node_modules", "testdata"},
			d.Name()):
			return fs.SkipDir
		}
		_, _ = os.Stat(path)
		return nil
	})
})

// browser is started by the first test that asks for it, and shared: each visitor has a context of
// its own.
var browser sharedBrowser

type sharedBrowser struct {
	once     sync.Once
	driver   *playwright.Playwright
	chromium playwright.Browser
	err      error
}

func (b *sharedBrowser) get(t testing.TB) playwright.Browser {
	t.Helper()
	b.once.Do(func() { b.err = b.start() })
	if b.err != nil {
		t.Fatalf("no browser (make test installs what is needed): %v", b.err)
	}
	return b.chromium
}

func (b *sharedBrowser) start() (err error) {
	driver := os.Getenv("PLAYWRIGHT_DRIVER_PATH")
	if driver == "" {
		if driver, err = filepath.Abs("../.tools/playwright"); err != nil {
			return err
		}
	}
	if os.Getenv("PLAYWRIGHT_NODEJS_PATH") == "" {
		node, err := exec.LookPath("node")
		if err != nil {
			return err
		}
		if err := os.Setenv("PLAYWRIGHT_NODEJS_PATH", node); err != nil {
			return err
		}
	}
	b.driver, err = playwright.Run(&playwright.RunOptions{DriverDirectory: driver, SkipInstallBrowsers: true})
	if err != nil {
		return fmt.Errorf("driver in %s: %w", driver, err)
	}
	options := playwright.BrowserTypeLaunchOptions{Args: []string{
		"--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
		"--disable-component-update", "--disable-sync",
	}}
	if path := chromiumPath(); path != "" {
		options.ExecutablePath = playwright.String(path)
	}
	b.chromium, err = b.driver.Chromium.Launch(options)
	return err
}

// chromiumPath is the browser to use; empty for Playwright's own.
func chromiumPath() string {
	if path := os.Getenv("CHROMIUM"); path != "" {
		return path
	}
	for _, name := range []string{"chromium-headless-shell", "chromium"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	return ""
}

func (b *sharedBrowser) stop() {
	if b.chromium != nil {
		if err := b.chromium.Close(); err != nil {
			fmt.Fprintln(os.Stderr, "e2e: close the browser:", err)
		}
	}
	if b.driver != nil {
		if err := b.driver.Stop(); err != nil {
			fmt.Fprintln(os.Stderr, "e2e: stop the driver:", err)
		}
	}
}
