//go:build !dev

package templates

import (
	"embed"
	"io/fs"
)

//go:embed *.html
var embedded embed.FS

var files fs.FS = embedded
