package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/alecthomas/kong"
)

// failure is an error as --json prints it.
type failure struct {
	Error string `json:"error"`
	Try   string `json:"try,omitempty"` // a command that may help
}

// fail reports err, if there is one, and returns the exit code.
func fail(term terminal, err error, asJSON bool) int {
	if err == nil {
		return exitOK
	}
	var (
		usage usageError
		of    misused
		exit  exitError
		told  = failure{Error: err.Error()}
		code  = exitFailed
	)
	switch {
	case errors.As(err, &of):
		told.Try, code = of.command+" --help", exitUsage
	case errors.As(err, &usage):
		told.Try, code = "sneakers23 --help", exitUsage
	case errors.As(err, &exit):
		code = exit.code
	}
	if asJSON {
		_ = term.err.JSON(told) // there is no other place to say it
		return code
	}
	term.err.Lines("sneakers23: ", told.Error)
	if told.Try != "" {
		term.err.Printf("try: %s\n", told.Try)
	}
	return code
}

// asksJSON reports whether --json is among the arguments, which may be none that can be parsed.
func asksJSON(args []string) bool {
	if end := slices.Index(args, "--"); end >= 0 {
		args = args[:end]
	}
	return slices.Contains(args, "--json") || slices.Contains(args, "--json=true")
}

// parseError tells of which command the arguments are wrong, as far as they were understood, and
// which command may be meant.
func parseError(program *kong.Application, err error) error {
	var parse *kong.ParseError
	if !errors.As(err, &parse) {
		return usageError{err}
	}
	selected := parse.Context.Selected()
	if word, ok := strings.CutPrefix(err.Error(), "unexpected argument "); ok {
		word, _, _ = strings.Cut(word, ", did you mean ") // the parser's guess; ours knows what stands before
		group := groupOf(program, selected)
		meant, near := nearest(word, commandsOf(group))
		switch {
		case near:
			err = fmt.Errorf("there is no command %s; did you mean: %s %s", word, group.FullPath(), meant)
		case selected == nil:
			err = fmt.Errorf("there is no command %s", word)
		default:
			err = fmt.Errorf("unexpected argument %s", word)
		}
	}
	if flag, got, ok := strings.Cut(err.Error(), ": expected duration but got "); ok {
		got, _, _ = strings.Cut(got, ": time:")
		err = fmt.Errorf("%s %s is no duration: write 100ms or 2s", flag, got)
	}
	if selected == nil {
		return usageError{err}
	}
	return misused{usageError{err}, selected.FullPath()}
}

// groupOf returns the group of commands of which the next word was to name one; nil when it could
// name none.
func groupOf(program *kong.Application, selected *kong.Node) *kong.Node {
	switch {
	case selected == nil:
		return program.Node
	case len(selected.Children) > 0:
		return selected
	case selected.Parent.DefaultCmd == selected: // it was not named: its group was
		return selected.Parent
	}
	return nil
}

// commandsOf lists the commands of a group.
func commandsOf(group *kong.Node) (names []string) {
	if group == nil {
		return nil
	}
	for _, child := range group.Children {
		if !child.Hidden {
			names = append(names, child.Name)
		}
	}
	return names
}
