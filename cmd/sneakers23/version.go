package main

import (
	"runtime"
	"runtime/debug"
)

// release is set when a release is built, by -ldflags "-X main.release=v1.2.3".
var release string

// version is the release, or the commit that the program was built from.
func version() string {
	if release != "" {
		return release
	}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	commit, changed := "", ""
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.revision":
			commit = s.Value[:min(len(s.Value), 12)]
		case "vcs.modified":
			if s.Value == "true" {
				changed = "-changed"
			}
		}
	}
	if commit == "" {
		return "development"
	}
	return commit + changed
}

// versionCmd tells which version this is.
type versionCmd struct{}

// Run is called by kong.
func (versionCmd) Run(g *globals, term terminal) error {
	if g.JSON {
		return term.out.JSON(map[string]string{
			"version": version(), "go": runtime.Version(), "platform": runtime.GOOS + "/" + runtime.GOARCH,
		})
	}
	term.out.Printf("sneakers23 %s, %s, %s/%s\n", version(), runtime.Version(), runtime.GOOS, runtime.GOARCH)
	return nil
}
