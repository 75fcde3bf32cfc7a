package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// harness runs the tests of broken packages, one break at a time.
type harness struct {
	root string
	test func(ctx context.Context, pkg, overlay string, w io.Writer) (result, error) // goTest's run
	out  *screen

	survived, wrong int
}

// run runs all breaks. The error says that one survived, that a list is wrong, or that the tests
// fail without a break.
func (h *harness) run(ctx context.Context, all []mutant) error {
	if err := h.unbroken(ctx, all); err != nil {
		return err
	}
	caught := 0
	for i, m := range all {
		h.out.begin("%d/%d %s: %s: ", i+1, len(all), m.at, m.promise)
		ok, err := h.one(ctx, m)
		if err != nil {
			h.out.end(plain, "stopped")
			return fmt.Errorf("%d of %d breaks were run: %w", i, len(all), err)
		}
		if ok {
			caught++
		}
	}
	h.out.line("%d of %d caught", caught, len(all))
	var errs []error
	if h.survived > 0 {
		errs = append(errs, fmt.Errorf("%d survived: the tests do not hold these promises", h.survived))
	}
	if h.wrong > 0 {
		errs = append(errs, fmt.Errorf("%d could not be tested: their lists are wrong", h.wrong))
	}
	return errors.Join(errs...)
}

// unbroken runs the tests of all involved packages as they are.
func (h *harness) unbroken(ctx context.Context, all []mutant) error {
	done := make(map[string]bool)
	for _, m := range all {
		for _, pkg := range m.packages {
			if done[pkg] {
				continue
			}
			done[pkg] = true
			h.out.begin("%s without a break: ", pkg)
			r, err := h.test(ctx, pkg, "", h.out.tests())
			switch {
			case err != nil:
				h.out.end(plain, "stopped")
				return err
			case r.outcome != passed:
				h.out.end(red, "not green")
				return fmt.Errorf("the tests of %s must pass before anything is broken:\n%s", pkg, r.output)
			}
			h.out.end(plain, "green after %v", rounded(r.took))
		}
	}
	return nil
}

// one runs one break until a package notices it, and reports whether one did. The error is the end
// of ctx.
func (h *harness) one(ctx context.Context, m mutant) (caught bool, err error) {
	overlay, remove, err := h.overlay(m)
	if err != nil {
		return false, err
	}
	defer remove()
	began := time.Now()
	for _, pkg := range m.packages {
		r, err := h.test(ctx, pkg, overlay, h.out.tests())
		switch {
		case err != nil:
			return false, err
		case r.outcome == failed:
			h.out.end(plain, "caught by %s after %v", r.by, rounded(time.Since(began)))
			return true, nil
		case r.outcome != passed:
			h.wrong++
			h.out.end(red, "%s\n%s", map[outcome]string{
				unbuilt: "DOES NOT COMPILE", noTests: "NO TESTS in " + pkg, notJudge: "COULD NOT RUN",
			}[r.outcome], strings.TrimSpace(r.output))
			return false, nil
		}
	}
	h.survived++
	h.out.end(red, "SURVIVED after %v", rounded(time.Since(began)))
	return false, nil
}

// overlay writes the broken file and what -overlay reads.
func (h *harness) overlay(m mutant) (file string, remove func(), err error) {
	source, err := m.source(h.root)
	if err != nil {
		return "", nil, err
	}
	dir, err := os.MkdirTemp("", "sneakers23-mutants-")
	if err != nil {
		return "", nil, err
	}
	broken, file := filepath.Join(dir, filepath.Base(m.file)), filepath.Join(dir, "overlay.json")
	replace, err := json.Marshal(map[string]map[string]string{
		"Replace": {filepath.Join(h.root, filepath.FromSlash(m.file)): broken},
	})
	if err == nil {
		err = errors.Join(os.WriteFile(broken, []byte(source), 0o600), os.WriteFile(file, replace, 0o600))
	}
	if err != nil {
		return "", nil, errors.Join(err, os.RemoveAll(dir))
	}
	return file, func() { _ = os.RemoveAll(dir) }, nil
}

func rounded(d time.Duration) time.Duration { return d.Round(100 * time.Millisecond) }
