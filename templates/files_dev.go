//go:build dev

package templates

import "os"

// files are read from the checkout: a changed template needs no build, see `make dev`.
var files = os.DirFS("templates")
