package waittest

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"testing"
	"time"
)

// verdict is a test that keeps what it was told, and ends its goroutine when it fails as a real one
// does.
type verdict struct {
	testing.TB
	said string
}

func (v *verdict) Helper()                   {}
func (v *verdict) Logf(string, ...any)       {}
func (v *verdict) Fatalf(f string, a ...any) { v.said = fmt.Sprintf(f, a...); runtime.Goexit() }

// fails returns why a wait failed; empty if it did not.
func fails(wait func(t testing.TB)) string {
	v, ended := &verdict{}, make(chan struct{})
	go func() {
		defer close(ended)
		wait(v)
	}()
	<-ended
	return v.said
}

func TestWaits(t *testing.T) {
	full, closed := make(chan int, 1), make(chan int)
	full <- 7
	close(closed)
	if got := Receive(t, "a number", full); got != 7 {
		t.Errorf("received %d, want 7", got)
	}
	Done(t, "the end", closed)
	times := 0
	Until(t, "the third look", func() bool { times++; return times == 3 })
	if said := fails(func(t testing.TB) {
		Receive(t, "a number", closed)
	}); said != "the channel of a number was closed" {
		t.Errorf("a closed channel: %q", said)
	}
}

// TestLimit runs itself with hardly any patience: each kind of wait fails then, and names what did
// not come.
func TestLimit(t *testing.T) {
	if os.Getenv("TEST_PATIENCE") != "0.0001" {
		cmd := exec.Command(os.Args[0], "-test.run", "^TestLimit$", "-test.v")
		cmd.Env = append(os.Environ(), "TEST_PATIENCE=0.0001")
		if out, err := cmd.CombinedOutput(); err != nil || !strings.Contains(string(out), "--- PASS: TestLimit") {
			t.Errorf("%v\n%s", err, out)
		}
		return
	}
	never := make(chan int)
	for what, wait := range map[string]func(testing.TB){
		"receive": func(t testing.TB) { Receive(t, "the bus", never) },
		"done":    func(t testing.TB) { Done(t, "the bus", never) },
		"until":   func(t testing.TB) { Until(t, "the bus", func() bool { return false }) },
	} {
		if said := fails(wait); said != "not within 12ms: the bus" {
			t.Errorf("%s: %q", what, said)
		}
	}
	ctx := Context(t, "the bus")
	<-ctx.Done()
	if err := context.Cause(ctx); err.Error() != "not within 12ms: the bus" {
		t.Errorf("context: %v", err)
	}
}

func TestFactor(t *testing.T) {
	t.Setenv("TEST_PATIENCE", "")
	if f := measure(); f < 1 || f > 5 {
		t.Errorf("the factor is measured as %v", f)
	}
	t.Setenv("TEST_PATIENCE", "0.25")
	if f := measure(); f != 0.25 {
		t.Errorf("the factor is %v, want that of the environment", f)
	}
	t.Logf("factor %.2f: compute %v, sync %v", Factor(), compute(), syncFile())
	if got, want := Scaled(time.Second), time.Duration(float64(time.Second)*Factor()); got != want {
		t.Errorf("a second is %v here, want %v", got, want)
	}
}
