package main

import (
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// mutant is one break of the code.
type mutant struct {
	at       string // file and line of the list
	promise  string
	file     string   // slashes, relative to the module's root
	packages []string // whose tests must notice, as go test takes them
	old, new []string // lines
	empty    int      // lines that are part of the change if more of it follows
}

// readList reads one list. It returns what it could read, and an error for each line that it could
// not.
func readList(file string) ([]mutant, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	return parse(filepath.Base(file), string(data))
}

func parse(name, text string) (all []mutant, err error) {
	var errs []error
	var m *mutant
	for i, line := range strings.Split(text, "\n") {
		at := fmt.Sprintf("%s:%d", name, i+1)
		if promise, ok := strings.CutPrefix(line, "promise:"); ok {
			all = append(all, mutant{at: at, promise: strings.TrimSpace(promise)})
			m = &all[len(all)-1]
			continue
		}
		if strings.HasPrefix(line, "#") || m == nil && strings.TrimSpace(line) == "" {
			continue
		}
		if m == nil {
			errs = append(errs, fmt.Errorf("%s: a break begins with a promise", at))
			continue
		}
		if err := m.line(line); err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", at, err))
		}
	}
	for i := range all {
		if err := all[i].finish(); err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", all[i].at, err))
		}
	}
	return all, errors.Join(errs...)
}

// line takes one line below the promise.
func (m *mutant) line(line string) error {
	begun := len(m.old)+len(m.new) > 0
	key, value, _ := strings.Cut(line, ":")
	switch {
	case line == "":
		if begun {
			m.empty++
		}
	case strings.ContainsRune("-+ ", rune(line[0])):
		m.change(line[0], line[1:])
	case begun:
		return errors.New("a line of a change begins with -, + or a space")
	case key == "file" && m.file == "":
		m.file = strings.TrimSpace(value)
	case key == "tests" && m.packages == nil:
		m.packages = strings.Fields(value)
	default:
		return fmt.Errorf("unexpected line %q", line)
	}
	return nil
}

// change adds a line to the old text, to the new one, or to both.
func (m *mutant) change(sign byte, line string) {
	for ; m.empty > 0; m.empty-- {
		m.old, m.new = append(m.old, ""), append(m.new, "")
	}
	if sign != '+' {
		m.old = append(m.old, line)
	}
	if sign != '-' {
		m.new = append(m.new, line)
	}
}

// finish completes a break and checks it.
func (m *mutant) finish() error {
	if m.packages == nil {
		m.packages = []string{"./" + path.Dir(m.file)}
	}
	switch {
	case m.promise == "":
		return errors.New("the break names no promise")
	case m.file == "":
		return errors.New("the break names no file")
	case path.Clean(m.file) != m.file || !filepath.IsLocal(m.file):
		return fmt.Errorf("file: %s is no path below the module's root", m.file)
	case len(m.packages) == 0:
		return errors.New("tests: names no package")
	case strings.Join(m.old, "") == "":
		return errors.New("the break has no old text")
	case slices.Equal(m.old, m.new):
		return errors.New("the break changes nothing")
	}
	for _, p := range m.packages {
		if !strings.HasPrefix(p, "./") || strings.Contains(p, "...") {
			return fmt.Errorf("tests: %s is no package, as in ./inventory", p)
		}
	}
	return nil
}

// source returns the broken source file.
func (m mutant) source(root string) (string, error) {
	data, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(m.file)))
	if err != nil {
		return "", fmt.Errorf("%s: out of date: %w", m.at, err)
	}
	lines := strings.Split(string(data), "\n")
	var found []int
	for i := range len(lines) - len(m.old) + 1 {
		if slices.Equal(lines[i:i+len(m.old)], m.old) {
			found = append(found, i)
		}
	}
	if len(found) != 1 {
		return "", fmt.Errorf("%s: out of date: its old text is %d times in %s, want once", m.at, len(found), m.file)
	}
	return strings.Join(slices.Replace(lines, found[0], found[0]+len(m.old), m.new...), "\n"), nil
}
