// Command sneakers23 is a real-time store for limited sneaker releases: a node, and the command
// line that operates it.
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
	"strconv"
	"syscall"

	"github.com/alecthomas/kong"
	kongcompletion "github.com/jotaen/kong-completion"
	"github.com/posener/complete"

	"sneakers23/cmd/console"
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
	os.Exit(run(ctx, os.Args[1:], terminal{os.Stdin, console.New(os.Stdout), console.New(os.Stderr)}))
}

// terminal is where a command reads and prints.
type terminal struct {
	in       io.Reader
	out, err *console.Writer
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
	report := func(err error) int { return fail(term, err, asksJSON(args)) }
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
		return report(err)
	}
	kongcompletion.Register(parser,
		kongcompletion.WithPredictor("product", predict(productSKUs)),
		kongcompletion.WithPredictor("item", predict(itemSKUs)),
		kongcompletion.WithPredictor("order", predict(orderIDs)),
		kongcompletion.WithPredictor("device", predict(deviceNames)))
	if len(args) == 0 {
		args = []string{"--help"}
	}
	if args[0] == "help" {
		args = append(args[1:len(args):len(args)], "--help")
	}
	args = lastNegative(joinNegative(args))
	if count, ok := negative(args); ok {
		return report(usageError{fmt.Errorf("%s: COUNT must be a whole number from 1 to 1000000 pairs", count)})
	}
	command, err := parser.Parse(args)
	if exited { // --help
		return code
	}
	if err != nil {
		return report(parseError(parser.Model, err))
	}
	err = command.Run(&c.globals)
	if exited {
		return code
	}
	var usage usageError
	if errors.As(err, &usage) {
		err = misused{usageError{err}, command.Selected().FullPath()}
	}
	if printed := term.out.Err(); err == nil && !errors.Is(printed, syscall.EPIPE) { // who read it may go first
		err = printed
	}
	return report(err)
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

// joinNegative writes --by -5 as one argument: the parser would take the number for a flag.
func joinNegative(args []string) []string {
	for i, a := range args[:max(len(args)-1, 0)] {
		if _, err := strconv.Atoi(args[i+1]); a == "--by" && err == nil {
			return slices.Concat(args[:i], []string{a + "=" + args[i+1]}, args[i+2:])
		}
	}
	return args
}

// lastNegative moves a number below zero that a variable is set to behind all flags, and behind the
// sign that none follows.
func lastNegative(args []string) []string {
	set := slices.Index(args, "set")
	if set < 1 || args[set-1] != "devices" || slices.Contains(args, "--") {
		return args
	}
	for i, a := range args[set+1:] {
		if _, err := strconv.ParseFloat(a, 64); err == nil && a[0] == '-' {
			at := set + 1 + i
			return slices.Concat(args[:at], args[at+1:], []string{"--", a})
		}
	}
	return args
}

// predict completes an argument with what list finds.
func predict(list func() []string) complete.Predictor {
	return complete.PredictFunc(func(complete.Args) []string { return list() })
}
