package channel

import (
	"context"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// epollForm in the environment makes the servers of tests wait by epoll.
const epollForm = "CHANNEL_TEST_EPOLL"

// All tests hold in the other form, too.
func TestEpollForm(t *testing.T) {
	if os.Getenv(epollForm) != "" {
		return // this is the other form
	}
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	again := exec.CommandContext(ctx, os.Args[0], "-test.v", "-test.run=^Test")
	again.Env = append(os.Environ(), epollForm+"=1")
	out, err := again.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if n := strings.Count(string(out), "--- PASS: Test"); n < 50 {
		t.Errorf("only %d tests have passed:\n%s", n, out)
	}
}
