package main

import (
	"bytes"
	"strings"
	"sync"

	"sneakers23/cmd/console"
)

// maxLine is how many bytes of a line are kept together.
const maxLine = 64 << 10

// terminal is where the nodes and the command print, a line at a time.
type terminal struct{ w *console.Writer }

// line prints one line, with the name of who says it. Tabs are those of a stack trace.
func (t *terminal) line(name, text string) {
	t.w.Printf("%-7s | %s\n", name, strings.ReplaceAll(text, "\t", "    "))
}

// print prints text of our own.
func (t *terminal) print(text string) { t.w.Lines("", text) }

// lines is a writer that puts the name before each line.
func (t *terminal) lines(name string) *lines { return &lines{t: t, name: name} }

// lines collects what is written until there is a line. It is used by one goroutine at a time.
type lines struct {
	t    *terminal
	name string
	mu   sync.Mutex
	rest []byte // of a line that has not ended
}

// Write never fails.
func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.rest = append(l.rest, p...)
	for {
		line, rest, ok := bytes.Cut(l.rest, []byte("\n"))
		if !ok {
			break
		}
		l.t.line(l.name, string(line))
		l.rest = rest
	}
	for len(l.rest) > maxLine {
		l.t.line(l.name, string(l.rest[:maxLine]))
		l.rest = l.rest[maxLine:]
	}
	return len(p), nil
}

// flush writes what has no end.
func (l *lines) flush() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.rest) > 0 {
		l.t.line(l.name, string(l.rest))
		l.rest = nil
	}
}
