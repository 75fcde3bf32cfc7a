// Command sneakers23 is a real-time store for limited sneaker releases: a node, and the command line that operates it.
//
// Run it with --help to see what it can do.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"

	"github.com/alecthomas/kong"
	kongcompletion "github.com/jotaen/kong-completion"
	"github.com/posener/complete"
)

// Exit codes.
const (
	exitOK     = 0
	exitFailed = 1
	exitUsage  = 2
	exitTooFew = 3 // rehearse: too few deeds to tell
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	context.AfterFunc(ctx, stop) // a second signal ends the program at once
	os.Exit(run(ctx, os.Args[1:], terminal{os.Stdin, os.Stdout, os.Stderr}))
}

// terminal is where a command reads and writes.
type terminal struct {
	in       io.Reader
	out, err io.Writer
}

// usageError is an error in how a command was called.
type usageError struct{ error }

// exitError is an error that ends the program with a code of its own.
type exitError struct {
	error
	code int
}

// misused is a usageError of one command, whose help tells more.
type misused struct {
	usageError
	command string
}

// run parses the arguments, runs the command, and returns the exit code.
func run(ctx context.Context, args []string, term terminal) (code int) {
	var c cli
	exited := false
	parser, err := kong.New(&c,
		kong.Name("sneakers23"),
		kong.Description("A real-time store for limited sneaker releases."),
		kong.Writers(term.out, term.err),
		kong.Exit(func(c int) { exited, code = true, c }),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true}),
		kong.Vars{"version": version()},
		kong.BindTo(ctx, (*context.Context)(nil)),
		kong.Bind(term),
	)
	if err != nil {
		return fail(term, err)
	}
	kongcompletion.Register(parser,
		kongcompletion.WithPredictor("product", predict(productSKUs)),
		kongcompletion.WithPredictor("item", predict(itemSKUs)),
		kongcompletion.WithPredictor("order", predict(orderIDs)))
	if len(args) == 0 {
		args = []string{"--help"}
	}
	if args[0] == "help" {
		args = append(args[1:len(args):len(args)], "--help")
	}
	if count, ok := negative(args); ok {
		return fail(term, usageError{fmt.Errorf("%s: COUNT must be a whole number from 1 to 1000000 pairs", count)})
	}
	command, err := parser.Parse(args)
	if exited { // --help
		return code
	}
	if err != nil {
		return fail(term, parseError(err))
	}
	err = command.Run(&c.globals)
	if exited {
		return code
	}
	var usage usageError
	if errors.As(err, &usage) {
		err = misused{usageError{err}, command.Selected().FullPath()}
	}
	return fail(term, err)
}

// parseError tells of which command the arguments are wrong, as far as they were understood.
func parseError(err error) error {
	var parse *kong.ParseError
	if !errors.As(err, &parse) || parse.Context.Selected() == nil {
		if word, ok := strings.CutPrefix(err.Error(), "unexpected argument "); ok {
			word, _, _ = strings.Cut(word, ",")
			err = fmt.Errorf("there is no command %s", word)
		}
		return usageError{err}
	}
	if flag, got, ok := strings.Cut(err.Error(), ": expected duration but got "); ok {
		got, _, _ = strings.Cut(got, ": time:")
		err = fmt.Errorf("%s %s is no duration: write 100ms or 2s", flag, got)
	}
	return misused{usageError{err}, parse.Context.Selected().FullPath()}
}

// fail reports err, if there is one, and returns the exit code.
func fail(term terminal, err error) int {
	if err == nil {
		return exitOK
	}
	for line := range strings.SplitSeq(err.Error(), "\n") {
		fmt.Fprintf(term.err, "sneakers23: %s\n", line)
	}
	var (
		usage usageError
		of    misused
		exit  exitError
	)
	switch {
	case errors.As(err, &of):
		fmt.Fprintf(term.err, "try: %s --help\n", of.command)
	case errors.As(err, &usage):
		fmt.Fprintln(term.err, "try: sneakers23 --help")
	case errors.As(err, &exit):
		return exit.code
	default:
		return exitFailed
	}
	return exitUsage
}

// negative finds a count below zero in a call of restock, which the parser would take for a flag.
func negative(args []string) (count string, ok bool) {
	if !slices.Contains(args, "restock") {
		return "", false
	}
	for _, a := range args {
		if len(a) > 1 && a[0] == '-' && a[1] >= '0' && a[1] <= '9' {
			return a, true
		}
	}
	return "", false
}

// predict completes an argument with what list finds.
func predict(list func() []string) complete.Predictor {
	return complete.PredictFunc(func(complete.Args) []string { return list() })
}
