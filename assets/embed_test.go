package assets

import (
	"errors"
	"strings"
	"testing"
	"testing/fstest"
)

func TestOpen(t *testing.T) {
	built := fstest.MapFS{
		"manifest.json":          {Data: []byte(`{"app.js":"app-01.js","images/a.svg":"images/a-02.svg"}`)},
		"app-01.js":              {Data: []byte("start()")},
		"images/a-02.svg":        {Data: []byte("<svg/>")},
		"left-from-yesterday.js": {Data: []byte("no")},
	}
	set, err := OpenFS(built)
	if err != nil {
		t.Fatal(err)
	}
	if url, err := set.URL("images/a.svg"); err != nil || url != "/assets/images/a-02.svg" {
		t.Errorf("got %q, %v", url, err)
	}
	if _, err := set.URL("b.svg"); err == nil {
		t.Error("a file that is not there has an address")
	}
	got := map[string]File{}
	for _, f := range set.Files() {
		got[f.URL] = f
	}
	if len(got) != 4 {
		t.Errorf("got %d files, want both under both names", len(got))
	}
	if f := got["/assets/app-01.js"]; !f.Hashed || string(f.Body) != "start()" ||
		!strings.HasPrefix(f.Type, "text/javascript") {
		t.Errorf("got %+v", f)
	}
	if f := got["/assets/images/a.svg"]; f.Hashed || string(f.Body) != "<svg/>" || f.Type != "image/svg+xml" {
		t.Errorf("got %+v", f)
	}
}

func TestOpenBroken(t *testing.T) {
	tests := map[string]struct {
		built fstest.MapFS
		want  string
	}{
		"not built":    {fstest.MapFS{".gitkeep": {}}, "run make assets"},
		"bad manifest": {fstest.MapFS{"manifest.json": {Data: []byte("{")}}, "manifest"},
		"file is gone": {fstest.MapFS{"manifest.json": {Data: []byte(`{"app.js":"app-01.js"}`)}}, "app-01.js"},
		"unknown ending": {
			fstest.MapFS{"manifest.json": {Data: []byte(`{"a.exe":"a.exe"}`)}, "a.exe": {}}, "no content type",
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := OpenFS(test.built)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %q in it", err, test.want)
			}
			if got := errors.Is(err, ErrNotBuilt); got != (name == "not built") {
				t.Errorf("ErrNotBuilt: %v", got)
			}
		})
	}
}
