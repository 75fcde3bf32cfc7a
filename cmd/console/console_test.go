package console

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"pgregory.net/rapid"
)

func TestEscape(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"Hop Man 3":                `Hop Man 3`,
		"Größe 42, 靴 \U0001F45F":   "Größe 42, 靴 \U0001F45F",
		`C:\shoes "new"`:           `C:\shoes "new"`,
		"\x1b[31mred\x1b[0m":       `\x1b[31mred\x1b[0m`,
		"bell\a, back\b":           `bell\a, back\b`,
		"over\rwritten\n":          `over\rwritten\n`,
		"a\tb\vc\fd":               `a\tb\vc\fd`,
		"\x00\x7f":                 `\x00\x7f`,
		"C1: \u0085\u009b31m":      `C1: \u0085\u009b31m`,
		"\u202eturned\u202c":       `\u202eturned\u202c`,
		"\u2066isolated\u2069":     `\u2066isolated\u2069`,
		"\u200fmark\u061c":         `\u200fmark\u061c`,
		"soft\u00adhyphen, \ufeff": `soft\u00adhyphen, \ufeff`,
		"\u2028line\u2029":         `\u2028line\u2029`,
		"tag \U000e0041":           `tag \U000e0041`,
		"no UTF-8: \xff\x9b\xc3":   `no UTF-8: \xff\x9b\xc3`,
		"the real \ufffd":          "the real \ufffd",
	} {
		if got := Escape(text); got != want {
			t.Errorf("%+q is shown as %s, want %s", text, got, want)
		}
	}
}

// harmless reports what a terminal would act on. Line breaks are the program's own where it is
// called.
func harmless(text string) error {
	for i, r := range text {
		if r == utf8.RuneError && !strings.HasPrefix(text[i:], "\ufffd") {
			return fmt.Errorf("byte %d of %+q is no UTF-8", i, text)
		}
		if r != '\n' && !strconv.IsGraphic(r) {
			return fmt.Errorf("%U is in %+q", r, text)
		}
	}
	return nil
}

// TestWhateverIsPrinted prints any text by each way there is.
func TestWhateverIsPrinted(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.OneOf(
			rapid.String(),
			rapid.StringOfN(rapid.RuneFrom([]rune("a\x1b\a\r\n\t\x7f\u0085\u009b\u202e\u2066\u200f\u2028\ufeff")), 1,
				20, -1),
			rapid.Map(rapid.SliceOf(rapid.Byte()), func(b []byte) string { return string(b) }),
		).Draw(t, "text")
		var b bytes.Buffer
		w := New(&b)
		for how, tt := range map[string]struct {
			print func()
			lines int
		}{
			"Printf": {
				func() { w.Printf("%s|%v|%7s|%-7v|%q\n", text, errors.New(text), text, []string{text}, text) }, 1,
			},
			"Println":  {func() { w.Println(text, named(text), stringer{text}) }, 1},
			"a struct": {func() { w.Printf("%+v\n", struct{ Name, Brand string }{text, text}) }, 1},
			"Lines":    {func() { w.Lines("program: ", text) }, 1 + strings.Count(text, "\n")},
			"a table": {
				func() { table := w.Table(); table.Row("NAME", "SIZE"); table.Row(text, text); table.Print() }, 2,
			},
			"figures":    {func() { table := w.Figures(); table.Row(text, 1); table.Print() }, 1},
			"Redraw":     {func() { w.Redraw(text) }, 0},
			"JSON":       {func() { _ = w.JSON(map[string]string{"name": text}) }, 3},
			"a JSON log": {func() { _ = json.NewEncoder(w.JSONLog()).Encode(map[string]string{text: text}) }, 1},
		} {
			b.Reset()
			tt.print()
			said, _ := strings.CutPrefix(b.String(), clearLine)
			if err := harmless(said); err != nil {
				t.Errorf("%s: %v", how, err)
			}
			if got := strings.Count(said, "\n"); got != tt.lines {
				t.Errorf("%s prints %d lines, want %d: %+q", how, got, tt.lines, said)
			}
		}
	})
}

type named string

type stringer struct{ text string }

func (s stringer) String() string { return s.text }

// TestJSONIsTheSame decodes what was printed, and has what was to be printed.
func TestJSONIsTheSame(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		want := map[string]string{rapid.String().Draw(t, "key"): rapid.String().Draw(t, "text")}
		var b bytes.Buffer
		if err := New(&b).JSON(want); err != nil {
			t.Fatal(err)
		}
		var got map[string]string
		if err := json.Unmarshal(b.Bytes(), &got); err != nil || fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("%+q became %+q, %v: %s", want, got, err, b.String())
		}
	})
}

func TestPrintf(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	w := New(&b)
	w.Printf("%d pairs, %.1f s, %v, %*s|%-6s|%t\n", 3, 1.25, 90*time.Second, 5, "ab", "cd", true)
	w.Printf("done\n")
	w.Println()
	table := w.Table()
	table.Row("  ITEM", "SIZE", "SOLD")
	table.Row("  SHU6001", 6.5, 120)
	table.Print()
	figures := w.Figures()
	figures.Row("ms", "count")
	figures.Row("reply", 1000)
	figures.Print()
	want := "3 pairs, 1.2 s, 1m30s,    ab|cd    |true\ndone\n\n" +
		"  ITEM     SIZE  SOLD\n  SHU6001  6.5   120\n" +
		"     ms  count\n  reply   1000\n"
	if b.String() != want {
		t.Errorf("got\n%s\nwant\n%s", b.String(), want)
	}
}

type fullDisk struct{}

func (fullDisk) Write([]byte) (int, error) { return 0, errFull }

var errFull = errors.New("no space left")

// TestErr keeps the first failure: a listing that was not written is no success.
func TestErr(t *testing.T) {
	t.Parallel()
	w := New(fullDisk{})
	if w.Err() != nil {
		t.Errorf("before anything is printed: %v", w.Err())
	}
	w.Printf("a\n")
	if !errors.Is(w.Err(), errFull) {
		t.Errorf("got %v, want %v", w.Err(), errFull)
	}
	if err := w.JSON(1); !errors.Is(err, errFull) {
		t.Errorf("JSON: got %v", err)
	}
	if raw, ok := New(&bytes.Buffer{}).Raw(); !ok || raw == nil {
		t.Error("a pipe takes nothing raw")
	}
}
