// Package assets holds the style sheets, scripts and drawings of the pages, as they were built by
// assets/build.
//
// The sources are in css, js and images beside this file, and some shoes are drawn by the package
// draw; `make assets` builds them into dist, which is embedded and never committed.
package assets

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path"
)

// ErrNotBuilt says that the program was compiled without assets.
var ErrNotBuilt = errors.New("assets are not built: run make assets, then build again")

// Prefix is where the files are served.
const Prefix = "/assets/"

// Set is all built files. It never changes.
type Set struct {
	urls  map[string]string // by source name: app.js
	files []File
}

// File is one built file under one of its names.
type File struct {
	URL    string
	Type   string // as in Content-Type
	Body   []byte
	Hashed bool // the name changes with the content, so whoever has the file may keep it for ever
}

var types = map[string]string{
	".css": "text/css; charset=utf-8",
	".js":  "text/javascript; charset=utf-8",
	".svg": "image/svg+xml",
}

// Open reads the files that were built, or returns [ErrNotBuilt].
func Open() (*Set, error) {
	built, err := fs.Sub(files, "dist")
	if err != nil {
		return nil, fmt.Errorf("assets: %w", err)
	}
	return OpenFS(built)
}

// OpenFS reads what a build wrote elsewhere.
func OpenFS(built fs.FS) (*Set, error) {
	raw, err := fs.ReadFile(built, "manifest.json")
	if errors.Is(err, fs.ErrNotExist) {
		return nil, ErrNotBuilt
	}
	if err != nil {
		return nil, fmt.Errorf("assets: %w", err)
	}
	var manifest map[string]string
	if err := json.Unmarshal(raw, &manifest); err != nil {
		return nil, fmt.Errorf("assets: manifest: %w", err)
	}
	set := &Set{urls: make(map[string]string, len(manifest))}
	for name, hashed := range manifest {
		body, err := fs.ReadFile(built, hashed)
		if err != nil {
			return nil, fmt.Errorf("assets: %w", err)
		}
		kind, ok := types[path.Ext(name)]
		if !ok {
			return nil, fmt.Errorf("assets: no content type for %s", name)
		}
		set.urls[name] = Prefix + hashed
		set.files = append(set.files,
			File{URL: Prefix + hashed, Type: kind, Body: body, Hashed: true},
			File{URL: Prefix + name, Type: kind, Body: body},
		)
	}
	return set, nil
}

// URL of a file by its source name: app.js gives /assets/app-HASH.js.
func (s *Set) URL(name string) (string, error) {
	url, ok := s.urls[name]
	if !ok {
		return "", fmt.Errorf("assets: no file %q", name)
	}
	return url, nil
}

// Files lists every file twice: under its hashed name, and under its source name for those who
// cannot know the hash, such as image addresses in the database.
func (s *Set) Files() []File { return s.files }
