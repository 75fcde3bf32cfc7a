package presence

import (
	"flag"
	"os"
	"testing"
)

// TestMain lets rapid try more histories than it would: some ways of breaking a merge show in one of five hundred.
func TestMain(m *testing.M) {
	flag.Parse()
	if checks := flag.Lookup("rapid.checks"); checks.Value.String() == checks.DefValue {
		if err := checks.Value.Set("5000"); err != nil {
			panic(err)
		}
	}
	os.Exit(m.Run())
}
