package e2e

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"sync"
	"testing"
)

// lasting stands in for a test where helpers make what outlives the test that asked for it: its cleanups run after all tests.
type lasting struct {
	testing.TB // nil: what is not below is not asked for

	mu       sync.Mutex
	cleanups []func()
	failed   error
}

func (l *lasting) Helper() {}

func (l *lasting) Cleanup(f func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.cleanups = append(l.cleanups, f)
}

// Errorf is called by cleanups.
func (l *lasting) Errorf(format string, args ...any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.failed = errors.Join(l.failed, fmt.Errorf(format, args...))
}

// Fatalf fails the test that asked, on whose goroutine this is called.
func (l *lasting) Fatalf(format string, args ...any) { panic(fmt.Sprintf(format, args...)) }

func (l *lasting) TempDir() string {
	dir, err := os.MkdirTemp("", "sneakers23-e2e-")
	if err != nil {
		l.Fatalf("%v", err)
	}
	l.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			l.Errorf("%w", err)
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
