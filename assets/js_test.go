package assets

import (
	"fmt"
	"os/exec"
	"testing"
)

// TestScripts runs the tests of what is in js, under Node.
func TestScripts(t *testing.T) {
	version, err := exec.Command("node", "--version").Output()
	if err != nil {
		t.Fatalf("node is needed, as it is to build the assets: %v", err)
	}
	var major, minor int
	if _, err := fmt.Sscanf(string(version), "v%d.%d", &major, &minor); err != nil {
		t.Fatalf("node --version says %q: %v", version, err)
	}
	if major < 20 || major == 20 && minor < 11 {
		t.Skipf("node %d.%d has no virtual time: 20.11 has", major, minor)
	}
	out, err := exec.CommandContext(t.Context(), "node", "--test", "--test-reporter=spec", "test/").CombinedOutput()
	if err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}
