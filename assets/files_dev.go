//go:build dev

package assets

import "os"

// files are read from the checkout: changed assets need no build of the program, see `make dev`.
var files = os.DirFS("assets")
