// Command mutants breaks promises of the packages on purpose, one at a time, and expects their
// tests to fail.
//
//	go run ./e2e/mutants -room inventory
//
// A break that no test notices is printed as survived, and the program ends with exit code 1. The
// working tree is never changed: each break is a file in a temporary directory that `go test
// -overlay` reads in place of the real one. The tests are those of `make test`, with the race
// detector and never from the cache. Each involved package must pass unbroken first.
//
// # Lists
//
// Each room has a list of breaks, ROOM.txt in this directory. A break names the promise that it
// breaks, the source file, and the change as in a diff:
//
//	# A line that begins with # is a comment.
//
//	promise: of two values of a row the higher revision wins
//	file: inventory/change.go
//	tests: ./inventory ./replication
//	 func (c Change) supersedes(held Revision) bool {
//	-	return c.Revision() > held && !c.Gone || held != 0 && c.Replaces == held
//	+	return !c.Gone || held != 0 && c.Replaces == held
//	 }
//
// The packages of tests must notice; without that line, the file's own package must. Lines are
// matched whole. Those that begin with a minus or a space, together, must occur exactly once in the
// file: else the list is out of date, and the program fails before it runs anything. A break that
// does not compile is an error of its list, too. A break that makes the tests hang is caught by the
// timeout.
//
// Most breaks fail a test at once. Some keep a test waiting for what never comes, for as long as
// package waittest allows: TEST_PATIENCE=0.25 in the environment makes that 30 seconds.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"regexp"
	"syscall"
	"time"
)

// flags are those of the command line.
type flags struct {
	room    string
	run     string
	list    bool
	verbose bool
	timeout time.Duration
}

func main() {
	var f flags
	flag.StringVar(&f.room, "room", "", "run the breaks of this list only, such as inventory")
	flag.StringVar(&f.run, "run", "", "run only breaks whose promise matches this regular expression")
	flag.BoolVar(&f.list, "list", false, "list the breaks and check that they fit the code, but run nothing")
	flag.BoolVar(&f.verbose, "v", false, "print the output of the tests")
	flag.DurationVar(&f.timeout, "timeout", 10*time.Minute,
		"limit for one package's tests with one break, twice what go test is given")
	flag.Parse()
	if flag.NArg() > 0 {
		fmt.Fprintf(flag.CommandLine.Output(), "unexpected argument %q: a list is named by -room\n", flag.Arg(0))
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	context.AfterFunc(ctx, stop) // a second signal ends the program at once
	if err := run(ctx, f); err != nil {
		fmt.Fprintf(os.Stderr, "mutants: %v\n", err)
		os.Exit(1)
	}
}

// run is the whole program. Its error says why the exit code is 1.
func run(ctx context.Context, f flags) error {
	root, err := moduleRoot()
	if err != nil {
		return err
	}
	selected, err := choose(root, filepath.Join(root, "e2e", "mutants"), f)
	if err != nil {
		return err
	}
	if f.list {
		for _, m := range selected {
			fmt.Printf("%s: %s\n", m.at, m.promise)
		}
		return nil
	}
	tests := goTest{dir: root, race: true, timeout: f.timeout}
	h := harness{root: root, test: tests.run, out: newScreen(os.Stdout, f.verbose)}
	return h.run(ctx, selected)
}

// choose reads the lists and returns the breaks that the flags name. All of these fit the code.
func choose(root, lists string, f flags) ([]mutant, error) {
	match, err := regexp.Compile(f.run)
	if err != nil {
		return nil, fmt.Errorf("-run: %w", err)
	}
	name := "*"
	if f.room != "" {
		name = f.room
	}
	files, err := filepath.Glob(filepath.Join(lists, name+".txt"))
	if err != nil || len(files) == 0 {
		return nil, errors.Join(fmt.Errorf("no list %s.txt in %s", name, lists), err)
	}
	var selected []mutant
	var errs []error
	for _, file := range files {
		all, err := readList(file)
		errs = append(errs, err)
		for _, m := range all {
			if !match.MatchString(m.promise) {
				continue
			}
			_, err := m.source(root)
			errs = append(errs, err)
			selected = append(selected, m)
		}
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	if len(selected) == 0 {
		return nil, errors.New("no break is selected")
	}
	return selected, nil
}

// moduleRoot is the directory of go.mod, here or above.
func moduleRoot() (string, error) {
	dir, err := os.Getwd()
	for err == nil {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir, nil
		}
		up := filepath.Dir(dir)
		if up == dir {
			err = errors.New("there is no go.mod here or above: run it in a checkout")
		}
		dir = up
	}
	return "", err
}
