// Package migrations holds the schema of the store as numbered steps, and applies them: the program
// and the tests go through the same functions.
package migrations

import "embed"

//go:embed *.sql
var files embed.FS
