package conformance

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"testing"

	"sneakers23/app/waittest"
)

// isolated gives each scenario a Node process of its own, as each page of a browser has one, and
// its full size: make test-long does.
var isolated = flag.Bool("isolated", false, "run each scenario of phoenix.js in a process of its own, in its full size")

// runner is a Node process that runs scenarios, one after the other. It is started when it is first
// needed, and again after a failure.
type runner struct {
	cmd    *exec.Cmd
	in     io.WriteCloser
	told   chan []byte   // lines; buffer 1: the list, before anybody asks
	errors *bytes.Buffer // what Node writes itself; read after the end only

	scenarios []scenario
}

// order asks for a scenario, as js/run.mjs reads it.
type order struct {
	Name       string  `json:"name"`
	Transport  string  `json:"transport"`
	Serializer string  `json:"serializer"`
	URL        string  `json:"url"`
	Control    string  `json:"control"`
	Patience   float64 `json:"patience"` // ms
	Full       bool    `json:"full"`     // what proves something by mass has its full size
}

// start starts the process and reads which scenarios there are.
func (r *runner) start(t testing.TB) {
	t.Helper()
	cmd := exec.Command(cmp.Or(os.Getenv("NODE"), "node"), "js/run.mjs")
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	r.errors = new(bytes.Buffer)
	cmd.Stderr = r.errors
	err = cmd.Start()
	if errors.Is(err, exec.ErrNotFound) {
		t.Fatal("node is missing: install Node.js 18 or newer, on Debian: apt-get install nodejs")
	}
	if err != nil {
		t.Fatal(err)
	}
	r.cmd, r.in, r.told = cmd, in, make(chan []byte, 1)
	go func(told chan<- []byte) { // ends with the output, which stop waits for
		defer close(told)
		for d := json.NewDecoder(out); ; {
			var line json.RawMessage
			if d.Decode(&line) != nil {
				return
			}
			told <- line
		}
	}(r.told)
	if err := r.read(t, "the list of scenarios", &r.scenarios); err != nil {
		t.Fatal(err)
	}
	if len(r.scenarios) == 0 {
		t.Fatal("there are no scenarios")
	}
}

// run runs one scenario, and fails the test with what phoenix.js logged if that fails.
func (r *runner) run(t testing.TB, o order) {
	t.Helper()
	if r.cmd == nil {
		r.start(t)
	}
	line, err := json.Marshal(o)
	if err != nil {
		t.Fatal(err)
	}
	var became struct{ Error string }
	if _, err = r.in.Write(append(line, '\n')); err == nil {
		err = r.read(t, o.Name, &became)
	}
	if err == nil && became.Error != "" {
		err = errors.New(became.Error)
	}
	if err != nil || *isolated {
		r.stop()
	}
	if err != nil {
		t.Fatalf("%s: %v", o.Name, err)
	}
}

// read reads the next line into a value.
func (r *runner) read(t testing.TB, what string, into any) error {
	t.Helper()
	ctx := waittest.Context(t, what)
	select {
	case line, ok := <-r.told:
		if ok {
			return json.Unmarshal(line, into)
		}
		r.stop()
		return fmt.Errorf("Node ended, and said: %s", r.errors)
	case <-ctx.Done():
		r.stop()
		return fmt.Errorf("%w; Node said: %s", context.Cause(ctx), r.errors)
	}
}

// stop ends the process, if it runs.
func (r *runner) stop() {
	if r.cmd == nil {
		return
	}
	_ = r.cmd.Process.Kill() // it has nothing to lose
	r.in.Close()
	for range r.told {
	}
	_ = r.cmd.Wait() // it was killed
	r.cmd = nil
}
