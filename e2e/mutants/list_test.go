package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const goodList = `# What sums/doc.go promises.

promise: sums are exact
file: sums/sums.go
 func Add(a, b int) int {

-	return a + b
+	return a - b
# said twice

promise: nothing is added twice
file: sums/sums.go
tests: ./sums ./books
-	once()

`

func TestParse(t *testing.T) {
	all, err := parse("sums.txt", goodList)
	if err != nil || len(all) != 2 {
		t.Fatalf("%d breaks, %v", len(all), err)
	}
	first, second := all[0], all[1]
	if first.at != "sums.txt:3" || first.promise != "sums are exact" ||
		!slices.Equal(first.packages, []string{"./sums"}) {
		t.Errorf("got %+v", first)
	}
	if want := []string{"func Add(a, b int) int {", "", "\treturn a + b"}; !slices.Equal(first.old, want) {
		t.Errorf("old text %q, want %q", first.old, want)
	}
	if want := []string{"func Add(a, b int) int {", "", "\treturn a - b"}; !slices.Equal(first.new, want) {
		t.Errorf("new text %q, want %q", first.new, want)
	}
	if !slices.Equal(second.packages, []string{"./sums", "./books"}) ||
		!slices.Equal(second.old, []string{"\tonce()"}) || second.new != nil {
		t.Errorf("got %+v", second)
	}
}

func TestParseErrors(t *testing.T) {
	for text, want := range map[string]string{
		"file: a.go\n-x\n+y\n":                                     "l.txt:1: a break begins with a promise",
		"promise:\nfile: a.go\n-x\n+y\n":                           "l.txt:1: the break names no promise",
		"promise: p\n-x\n+y\n":                                     "l.txt:1: the break names no file",
		"promise: p\nfile: ../a.go\n-x\n+y\n":                      "no path below the module's root",
		"promise: p\nfile: a/../b.go\n-x\n+y\n":                    "no path below the module's root",
		"promise: p\nfile: a.go\nfile: b.go\n-x\n":                 `l.txt:3: unexpected line "file: b.go"`,
		"promise: p\nfile: a.go\ntests:\n-x\n":                     "tests: names no package",
		"promise: p\nfile: a.go\ntests: ./...\n-x\n":               "./... is no package",
		"promise: p\nfile: a.go\ntests: inventory\n-x\n":           "inventory is no package",
		"promise: p\nfile: a.go\n+y\n":                             "l.txt:1: the break has no old text",
		"promise: p\nfile: a.go\n-x\n+x\n":                         "l.txt:1: the break changes nothing",
		"promise: p\nfile: a.go\n-x\n@@\n+y\n":                     "l.txt:4: a line of a change begins with",
		"promise: p\nfile: a.go\n-x\n+y\npromise: q\nfile: a.go\n": "l.txt:5: the break has no old text",
	} {
		if _, err := parse("l.txt", text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v, want %q", text, err, want)
		}
	}
}

// TestOutOfDate changes the code under a list: the program fails before it runs anything, and names
// the break.
func TestOutOfDate(t *testing.T) {
	root, lists := t.TempDir(), t.TempDir()
	write(t, filepath.Join(lists, "sums.txt"), "promise: sums are exact\nfile: sums.go\n-\tx\n+\ty\n")
	for source, want := range map[string]string{
		"a\n\tx\nb":         "",
		"\tx":               "",
		"a\nx\nb":           "sums.txt:1: out of date: its old text is 0 times in sums.go, want once",
		"\tx\n\tx\n":        "sums.txt:1: out of date: its old text is 2 times in sums.go, want once",
		"\txy\nb":           "0 times",
		"remove it, please": "sums.txt:1: out of date",
	} {
		file := filepath.Join(root, "sums.go")
		write(t, file, source)
		if source == "remove it, please" {
			if err := os.Remove(file); err != nil {
				t.Fatal(err)
			}
		}
		_, err := choose(root, lists, flags{})
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%q: got %v, want %q", source, err, want)
		}
	}
}

func TestChoose(t *testing.T) {
	root, lists := t.TempDir(), t.TempDir()
	write(t, filepath.Join(root, "a.go"), "x\n")
	write(t, filepath.Join(lists, "one.txt"), "promise: first\nfile: a.go\n-x\n\npromise: second\nfile: a.go\n-x\n+y\n")
	write(t, filepath.Join(lists, "two.txt"), "promise: third\nfile: a.go\n-x\n")
	for _, tt := range []struct {
		flags flags
		want  string
	}{
		{flags{}, "first second third"},
		{flags{room: "one"}, "first second"},
		{flags{run: "^s|th"}, "second third"},
		{flags{room: "three"}, "no list three.txt"},
		{flags{run: "fourth"}, "no break is selected"},
		{flags{run: "("}, "-run"},
	} {
		all, err := choose(root, lists, tt.flags)
		var promises []string
		for _, m := range all {
			promises = append(promises, m.promise)
		}
		got := strings.Join(promises, " ")
		if err != nil {
			got = err.Error()
		}
		if err == nil && got != tt.want || !strings.Contains(got, tt.want) {
			t.Errorf("%+v: got %q, want %q", tt.flags, got, tt.want)
		}
	}
}

// TestLists holds the lists against the code: one that is out of date is red in `make test`
// already.
func TestLists(t *testing.T) {
	all, err := choose("../..", ".", flags{})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d breaks", len(all))
}

func write(t *testing.T, file, text string) {
	t.Helper()
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
