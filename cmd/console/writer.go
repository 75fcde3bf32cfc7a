package console

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"

	"github.com/mattn/go-isatty"
)

// Writer prints to a terminal or to a program. Each call is one write. It may be used from any
// goroutine.
type Writer struct {
	w io.Writer

	mu  sync.Mutex // held while w is written to
	err error      // of the first write that failed
}

// New returns a writer that prints to w.
func New(w io.Writer) *Writer { return &Writer{w: w} }

// Err returns why the first write failed, nil if none did.
func (w *Writer) Err() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.err
}

// print writes bytes that are escaped already.
func (w *Writer) print(b []byte) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	_, err := w.w.Write(b)
	if err != nil && w.err == nil {
		w.err = fmt.Errorf("print: %w", err)
	}
	return err
}

// Printf prints like fmt.Printf. The arguments are escaped, line breaks and tabs too; the format is
// not.
func (w *Writer) Printf(format string, args ...any) {
	if false {
		_ = fmt.Sprintf(format, args...) // lets vet check the callers' formats
	}
	_ = w.print(fmt.Appendf(nil, format, shownAll(args)...)) // Err keeps it
}

// Println prints like fmt.Println, and escapes all of it.
func (w *Writer) Println(args ...any) { _ = w.print(fmt.Appendln(nil, shownAll(args)...)) }

// Lines prints each line of a text behind a prefix, and escapes what the lines say.
func (w *Writer) Lines(prefix, text string) {
	for line := range strings.SplitSeq(text, "\n") {
		w.Printf("%s%s\n", prefix, line)
	}
}

// Write lets libraries print: their text keeps its line breaks and tabs. Text with foreign words
// in it goes through the other methods.
func (w *Writer) Write(p []byte) (int, error) {
	return len(p), w.print(escape(nil, string(p), true, appendGo))
}

// JSON prints a value as indented JSON, in which the same characters are escaped as JSON does.
func (w *Writer) JSON(v any) error {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetIndent("", "  ")
	if err := e.Encode(v); err != nil {
		return err
	}
	return w.print(escape(nil, b.String(), true, appendJSON))
}

// JSONLog returns a writer of JSON, a whole object a write, that escapes as [Writer.JSON] does.
func (w *Writer) JSONLog() io.Writer { return jsonLog{w} }

type jsonLog struct{ w *Writer }

func (l jsonLog) Write(p []byte) (int, error) {
	return len(p), l.w.print(escape(nil, string(p), true, appendJSON))
}

// clearLine takes the cursor to the begin of its line and empties that.
const clearLine = "\r\x1b[K"

// Redraw prints a text in place of the line that the cursor is in.
func (w *Writer) Redraw(text string) { _ = w.print([]byte(clearLine + Escape(text))) }

// Interactive reports whether a person reads what is printed.
func (w *Writer) Interactive() bool { return Interactive(w.w) }

// Raw returns what the writer prints to, for data that is not for reading. It returns false at a
// terminal, to which nothing goes raw.
func (w *Writer) Raw() (io.Writer, bool) {
	if w.Interactive() {
		return nil, false
	}
	return w.w, true
}

// Interactive reports whether f is a terminal.
func Interactive(f any) bool {
	file, ok := f.(*os.File)
	return ok && isatty.IsTerminal(file.Fd())
}

// shown is an argument whose text is escaped after it was formatted.
type shown struct{ value any }

// Format is called by fmt.
func (s shown) Format(state fmt.State, verb rune) {
	_, _ = io.WriteString(state, Escape(fmt.Sprintf(fmt.FormatString(state, verb), s.value)))
}

func shownAll(args []any) []any {
	all := make([]any, len(args))
	for i, a := range args {
		if _, ok := a.(int); ok {
			all[i] = a // it may be a width
		} else {
			all[i] = shown{a}
		}
	}
	return all
}
