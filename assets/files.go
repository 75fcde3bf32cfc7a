//go:build !dev

package assets

import (
	"embed"
	"io/fs"
)

//go:embed all:dist
var embedded embed.FS

var files fs.FS = embedded
