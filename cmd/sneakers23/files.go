package main

import (
	"io"
	"os"
)

// readFile reads a file, or the standard input for "-". Of a larger one it reads a byte more than
// the limit, so that its reader finds it too large.
func readFile(term terminal, file string, limit int64) ([]byte, error) {
	from := term.in
	if file != "-" {
		f, err := os.Open(file)
		if err != nil {
			return nil, err
		}
		defer f.Close()
		from = f
	}
	return io.ReadAll(io.LimitReader(from, limit+1))
}
