// Command build makes assets/dist from the sources in assets: a script and a style sheet for the
// shop, the same for its dashboard, a script each for its page of devices and its form of a
// product, and the images, those in the folder and those that [draw] makes. Each has a hash of its
// content in its name, and manifest.json tells which name became which.
//
//	go run ./assets/build [-dir assets]
package main

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/evanw/esbuild/pkg/api"

	"sneakers23/assets/draw"
)

func main() {
	dir := flag.String("dir", "assets", "folder of package.json, js, css and images")
	flag.Parse()
	if err := build(*dir); err != nil {
		fmt.Fprintln(os.Stderr, "assets:", err)
		os.Exit(1)
	}
}

// build writes the new files before the manifest names them, and only then removes the old ones.
func build(dir string) error {
	if _, err := os.Stat(filepath.Join(dir, "node_modules", "phoenix", "package.json")); err != nil {
		return fmt.Errorf("%s is missing: run npm ci --prefix %s", filepath.Join(dir, "node_modules", "phoenix"), dir)
	}
	files, err := bundle(dir)
	if err != nil {
		return err
	}
	if err := images(dir, files); err != nil {
		return err
	}
	if err := drawings(files); err != nil {
		return err
	}
	dist := filepath.Join(dir, "dist")
	manifest := make(map[string]string, len(files))
	for name, body := range files {
		hashed := hashedName(name, body)
		manifest[name] = hashed
		if err := write(filepath.Join(dist, filepath.FromSlash(hashed)), body); err != nil {
			return err
		}
	}
	list, err := json.MarshalIndent(manifest, "", "  ")
	if err != nil {
		return err
	}
	if err := write(filepath.Join(dist, "manifest.json"), append(list, '\n')); err != nil {
		return err
	}
	return sweep(dist, manifest)
}

// entryPoints are what pages load; all else is imported by them.
var entryPoints = []string{"js/app.js", "css/app.css", "js/admin.js", "js/admin-devices.js", "js/admin-edit.js",
	"css/admin.css"}

// bundle runs esbuild over the entry points.
func bundle(dir string) (map[string][]byte, error) {
	abs, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	result := api.Build(api.BuildOptions{
		AbsWorkingDir:     abs,
		EntryPoints:       entryPoints,
		EntryNames:        "[name]",
		Outdir:            "dist",
		Bundle:            true,
		Format:            api.FormatESModule,
		Target:            api.ES2020,
		MinifyWhitespace:  true,
		MinifyIdentifiers: true,
		MinifySyntax:      true,
		LegalComments:     api.LegalCommentsInline,
	})
	if len(result.Errors) > 0 {
		lines := api.FormatMessages(result.Errors, api.FormatMessagesOptions{Kind: api.ErrorMessage})
		return nil, errors.New(strings.TrimSpace(strings.Join(lines, "")))
	}
	files := make(map[string][]byte, len(result.OutputFiles))
	for _, out := range result.OutputFiles {
		files[filepath.Base(out.Path)] = out.Contents
	}
	return files, nil
}

// images adds the files of the folder as they are.
func images(dir string, files map[string][]byte) error {
	return filepath.WalkDir(filepath.Join(dir, "images"), func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		name, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		files[filepath.ToSlash(name)], err = os.ReadFile(path)
		return err
	})
}

// drawings adds the shoes that are drawn by code.
func drawings(files map[string][]byte) error {
	for _, s := range draw.Shoes() {
		name := "images/" + s.File + ".svg"
		if _, twice := files[name]; twice {
			return fmt.Errorf("%s is in the folder of images, and drawn by code too: remove one of them", name)
		}
		files[name] = s.SVG()
	}
	return nil
}

// hashedName puts a hash of the content into a file's name: images/a.svg gives
// images/a-0123456789.svg.
func hashedName(name string, body []byte) string {
	sum := sha256.Sum256(body)
	ext := path.Ext(name)
	return strings.TrimSuffix(name, ext) + "-" + hex.EncodeToString(sum[:5]) + ext
}

func write(path string, body []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	return os.WriteFile(path, body, 0o644)
}

// sweep removes what an earlier build left: it would be embedded for nothing.
func sweep(dist string, manifest map[string]string) error {
	keep := []string{".gitkeep", "manifest.json"}
	for _, hashed := range manifest {
		keep = append(keep, hashed)
	}
	return filepath.WalkDir(dist, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		name, err := filepath.Rel(dist, path)
		if err != nil || slices.Contains(keep, filepath.ToSlash(name)) {
			return err
		}
		return os.Remove(path)
	})
}
