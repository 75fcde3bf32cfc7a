package main

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"io"
	"net/http"
	"strings"
	"testing"
)

func TestServesUntilItIsStopped(t *testing.T) {
	t.Parallel()
	ctx, stop := context.WithCancel(t.Context())
	out, printed := io.Pipe()
	ended := make(chan error, 1) // buffer 1: it ends whether or not the test has failed
	go func() { ended <- run(ctx, nil, printed, io.Discard) }()
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	_, address, _ := strings.Cut(strings.TrimSpace(line), " at ")
	res, err := http.Get(address)
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	if res.StatusCode != http.StatusOK {
		t.Errorf("the index answers %d", res.StatusCode)
	}
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

func TestCommandLine(t *testing.T) {
	t.Parallel()
	for line, want := range map[string]error{"-h": flag.ErrHelp, "-nope": errUsage, "more": errUsage} {
		var errs strings.Builder
		if err := run(t.Context(), strings.Fields(line), io.Discard, &errs); !errors.Is(err, want) {
			t.Errorf("%s: %v, want %v", line, err, want)
		}
		if !strings.Contains(errs.String(), "-listen") {
			t.Errorf("%s: no help:\n%s", line, errs.String())
		}
	}
}
