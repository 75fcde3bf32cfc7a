package presence

import (
	"flag"
	"os"
	"testing"
)

// TestMain lets rapid try more histories than its 100: the breaks that TestStatesConverge has to
// notice show in one of 160 on average, or oftener. -rapid.checks or RAPID_CHECKS says how many
// otherwise.
func TestMain(m *testing.M) {
	flag.Parse()
	if checks := flag.Lookup("rapid.checks"); checks.Value.String() == checks.DefValue &&
		os.Getenv("RAPID_CHECKS") == "" {
		if err := checks.Value.Set("2000"); err != nil {
			panic(err)
		}
	}
	os.Exit(m.Run())
}
