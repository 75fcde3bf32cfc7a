package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"
)

// goTest runs the tests of packages, never from the cache.
type goTest struct {
	dir     string // of the module
	race    bool
	timeout time.Duration // go test is given half of it, and prints what hangs
}

// result is what the tests of one package have said.
type result struct {
	outcome outcome
	by      string // what noticed: a test, a crash or the timeout
	output  string
	took    time.Duration
}

type outcome int

const (
	passed   outcome = iota
	failed           // at least one test, or the test binary
	unbuilt          // the tests did not compile, and did not run
	noTests          // nothing ran
	notJudge         // the go command failed for another reason
)

// run runs the tests of one package until the first fails. overlay is a file for -overlay, or
// empty. The tests' output is copied to w. The error is the end of ctx, or that there is no go
// command.
func (g goTest) run(ctx context.Context, pkg, overlay string, w io.Writer) (result, error) {
	args := []string{
		"test", "-json", "-count=1", "-failfast", "-vet=off", // a break must be found by a test, not by vet
		"-timeout", (g.timeout / 2).String(),
	}
	if g.race {
		args = append(args, "-race")
	}
	if overlay != "" {
		args = append(args, "-overlay", overlay)
	}
	hung, cancel := context.WithTimeoutCause(ctx, g.timeout, errHung)
	defer cancel()
	cmd := exec.CommandContext(hung, "go", append(args, pkg)...)
	cmd.Dir = g.dir
	// a history that fails is not written into the tree, where it would be tried again, and not
	// made shorter
	cmd.Env = append(os.Environ(), "RAPID_NOFAILFILE=true", "RAPID_SHRINKTIME=0s")
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // so that Ctrl-C reaches this program alone
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGINT) }
	cmd.WaitDelay = 10 * time.Second
	var complaints bytes.Buffer
	l := &eventLog{print: w}
	cmd.Stdout, cmd.Stderr = l, &complaints
	began := time.Now()
	err := cmd.Run()
	if cmd.Process != nil {
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) // what is left, if anything is
	}
	if ctx.Err() != nil {
		return result{}, context.Cause(ctx)
	}
	r := l.judge(err == nil, context.Cause(hung) == errHung)
	r.output += complaints.String()
	r.took = time.Since(began)
	if _, exited := errors.AsType[*exec.ExitError](err); err != nil && !exited && r.by != hang {
		return r, fmt.Errorf("go test: %w", err)
	}
	return r, nil
}

var errHung = errors.New("the tests hang")

// hang is what catches a break that makes the tests hang.
const hang = "the timeout: the tests hang"

// event is a line that go test -json prints, see go doc test2json.
type event struct {
	Action, Package, Test, Output, FailedBuild string
}

// eventLog collects what go test -json prints.
type eventLog struct {
	print   io.Writer
	partial []byte // of a line that has not ended

	output  strings.Builder
	ran     bool
	unbuilt bool
	ended   bool            // the package has a verdict
	first   string          // test that failed
	open    map[string]bool // top-level tests that have begun and not ended
}

// Write never fails.
func (l *eventLog) Write(p []byte) (int, error) {
	l.partial = append(l.partial, p...)
	for {
		line, rest, ok := bytes.Cut(l.partial, []byte("\n"))
		if !ok {
			return len(p), nil
		}
		l.add(line)
		l.partial = rest
	}
}

func (l *eventLog) add(line []byte) {
	var e event
	if json.Unmarshal(line, &e) != nil {
		e = event{Output: string(line) + "\n"}
	}
	l.output.WriteString(e.Output)
	_, _ = io.WriteString(l.print, e.Output)
	if e.FailedBuild != "" || strings.HasSuffix(strings.TrimSpace(e.Output), "[setup failed]") {
		l.unbuilt = true
	}
	test, sub, _ := strings.Cut(e.Test, "/")
	switch {
	case test == "":
		l.ended = l.ended || e.Action == "pass" || e.Action == "fail" || e.Action == "skip"
	case e.Action == "run":
		l.ran = true
		if l.open == nil {
			l.open = make(map[string]bool)
		}
		l.open[test] = true
	case e.Action == "fail" && l.first == "":
		l.first = test
	case e.Action == "pass" || e.Action == "skip":
		if sub == "" {
			delete(l.open, test)
		}
	}
}

// judge says what the events mean. ok tells whether go test ended with exit code 0, hung whether it
// was ended from outside.
func (l *eventLog) judge(ok, hung bool) result {
	r := result{outcome: failed, output: l.output.String()}
	switch {
	case hung || strings.Contains(r.output, "panic: test timed out after"):
		r.by = hang
	case l.unbuilt:
		r.outcome = unbuilt
	case ok && l.ran:
		r.outcome = passed
	case ok:
		r.outcome = noTests
	case l.first != "":
		r.by = l.first
	case len(l.open) == 1:
		for test := range l.open {
			r.by = "a crash in " + test
		}
	case l.ended:
		r.by = "a crash of the test binary"
	default:
		r.outcome = notJudge
	}
	return r
}
