package web

import (
	"net/http"
	"strings"
	"testing"
	"testing/fstest"

	"sneakers23/assets"
)

func TestAssets(t *testing.T) {
	drawing := "<svg>" + strings.Repeat("<path/>", 100) + "</svg>"
	set, err := assets.OpenFS(fstest.MapFS{
		"manifest.json":     {Data: []byte(`{"images/hop.svg":"images/hop-01.svg"}`)},
		"images/hop-01.svg": {Data: []byte(drawing)},
	})
	if err != nil {
		t.Fatal(err)
	}
	s := newSite(t, func(c *Config) { c.Assets = set })
	for target, caching := range map[string]string{
		"/assets/images/hop-01.svg": "public, max-age=31536000, immutable",
		"/assets/images/hop.svg":    "public, no-cache",
	} {
		res, body := s.ask("GET", target)
		if res.StatusCode != 200 || body != drawing || res.Header.Get("Content-Type") != "image/svg+xml" {
			t.Errorf("%s: got %d %v", target, res.StatusCode, res.Header)
		}
		if got := res.Header.Get("Cache-Control"); got != caching {
			t.Errorf("%s: Cache-Control is %q, want %q", target, got, caching)
		}
		held, _ := s.ask("GET", target, "If-None-Match", res.Header.Get("Etag"))
		if held.StatusCode != http.StatusNotModified {
			t.Errorf("%s: got %d for what the browser has", target, held.StatusCode)
		}
		small, _ := s.ask("GET", target, "Accept-Encoding", "gzip")
		if small.Header.Get("Content-Encoding") != "gzip" {
			t.Errorf("%s: not compressed", target)
		}
	}
	for _, target := range []string{"/assets/", "/assets/manifest.json", "/assets/../go.mod", "/assets/images"} {
		if res, _ := s.ask("GET", target); res.StatusCode != 404 {
			t.Errorf("%s: got %d, want 404", target, res.StatusCode)
		}
	}
}
