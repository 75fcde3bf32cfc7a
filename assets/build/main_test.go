package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// sources makes a folder as assets is, with a stand-in for the npm package.
func sources(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		if err := write(filepath.Join(dir, name), []byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func complete() map[string]string {
	return map[string]string{
		"node_modules/phoenix/package.json": `{"name":"phoenix","main":"./index.js"}`,
		"node_modules/phoenix/index.js":     `export class Socket {}`,
		"js/app.js":                         `import { Socket } from "phoenix"; new Socket("here")`,
		"css/app.css":                       `@layer base; @import "./base.css" layer(base);`,
		"js/admin.js":                       `import { Socket } from "phoenix"; new Socket("admins")`,
		"js/admin-devices.js":               `import { Socket } from "phoenix"; new Socket("devices")`,
		"js/admin-edit.js":                  `import { Socket } from "phoenix"; new Socket("editors")`,
		"css/admin.css":                     `@import "./base.css"; main { color: gold }`,
		"css/base.css":                      `body { color: teal }`,
		"images/a.svg":                      `<svg/>`,
		"dist/app-old.js":                   `old`,
	}
}

func TestBuild(t *testing.T) {
	dir := sources(t, complete())
	if err := build(dir); err != nil {
		t.Fatal(err)
	}
	raw, err := os.ReadFile(filepath.Join(dir, "dist", "manifest.json"))
	if err != nil {
		t.Fatal(err)
	}
	var manifest map[string]string
	if err := json.Unmarshal(raw, &manifest); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"app.js": "here", "app.css": "teal", "admin.js": "admins", "admin-devices.js": "devices", "admin.css": "gold",
		"images/a.svg": "<svg/>", "images/curb-cut-low.svg": "Curb Cut Low",
	} {
		body, err := os.ReadFile(filepath.Join(dir, "dist", manifest[name]))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if !strings.Contains(string(body), want) {
			t.Errorf("%s is %q, want %q in it", name, body, want)
		}
		if manifest[name] == name {
			t.Errorf("%s has no hash in its name", name)
		}
	}
	if _, err := os.Stat(filepath.Join(dir, "dist", "app-old.js")); !os.IsNotExist(err) {
		t.Errorf("what an earlier build left is still there: %v", err)
	}
}

func TestBuildSaysWhatIsWrong(t *testing.T) {
	tests := map[string]struct {
		change func(map[string]string)
		want   string
	}{
		"npm ci was not run": {
			func(f map[string]string) { delete(f, "node_modules/phoenix/package.json") }, "npm ci --prefix",
		},
		"a script with a slip": {func(f map[string]string) { f["js/app.js"] = "let = {" }, "js/app.js"},
		"a drawing with the name of an image": {
			func(f map[string]string) { f["images/curb-cut-low.svg"] = "<svg/>" }, "curb-cut-low.svg is in the folder",
		},
		"an import of nothing": {func(f map[string]string) { f["js/app.js"] = `import "./nothing"` }, "./nothing"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			files := complete()
			test.change(files)
			err := build(sources(t, files))
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %q in it", err, test.want)
			}
		})
	}
}
