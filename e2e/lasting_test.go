package e2e

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"sync"
	"testing"
)

// lasting collects the cleanups of resources that outlive the test that asked for them. They run
// after all tests.
type lasting struct {
	mu       sync.Mutex
	cleanups []func()
	failed   error
}

// of returns t with its cleanups and temporary directories put off until all tests have ended. A
// helper that makes something with it fails the test t.
func (l *lasting) of(t testing.TB) testing.TB { return lastingTest{t, l} }

type lastingTest struct {
	testing.TB
	all *lasting
}

func (t lastingTest) Cleanup(f func()) {
	t.all.mu.Lock()
	defer t.all.mu.Unlock()
	t.all.cleanups = append(t.all.cleanups, f)
}

// Errorf is called by cleanups, when t has ended.
func (t lastingTest) Errorf(format string, args ...any) {
	t.all.mu.Lock()
	defer t.all.mu.Unlock()
	t.all.failed = errors.Join(t.all.failed, fmt.Errorf(format, args...))
}

func (t lastingTest) TempDir() string {
	dir, err := os.MkdirTemp("", "sneakers23-e2e-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Errorf("%w", err)
		}
	})
	return dir
}

// end runs the cleanups, the last one first, and returns what failed.
func (l *lasting) end() error {
	l.mu.Lock()
	cleanups := l.cleanups
	l.cleanups = nil
	l.mu.Unlock()
	for _, f := range slices.Backward(cleanups) {
		f()
	}
	return l.failed
}
