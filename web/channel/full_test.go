package channel

import "flag"

// full gives the tests that prove something by mass their full size: make test-long does.
var full = flag.Bool("full", false, "run the tests that prove something by mass in their full size")

// sized returns the full size or the usual one.
func sized(inFull, usual int) int {
	if *full {
		return inFull
	}
	return usual
}
