package main

import (
	"fmt"
	"io"
	"os"
)

// screen prints a line for each break: its begin at once, its end when it is known.
type screen struct {
	w       io.Writer
	color   bool
	verbose bool
}

type color string

const (
	plain color = ""
	red   color = "\x1b[31m"
)

// newScreen prints colors only on a terminal, and what tests print only when verbose.
func newScreen(f *os.File, verbose bool) *screen {
	info, err := f.Stat()
	terminal := err == nil && info.Mode()&os.ModeCharDevice != 0
	return &screen{f, terminal && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb", verbose}
}

func (s *screen) begin(format string, args ...any) {
	fmt.Fprintf(s.w, format, args...)
	if s.verbose {
		fmt.Fprintln(s.w)
	}
}

func (s *screen) end(c color, format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	if s.color && c != plain {
		text = string(c) + text + "\x1b[0m"
	}
	fmt.Fprintln(s.w, text)
}

func (s *screen) line(format string, args ...any) { fmt.Fprintf(s.w, format+"\n", args...) }

// tests takes what the tests print.
func (s *screen) tests() io.Writer {
	if s.verbose {
		return s.w
	}
	return io.Discard
}
