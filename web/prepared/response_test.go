package prepared

import (
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

var page = strings.Repeat("<p>shoes</p>", 100)

func prepare(t testing.TB, body string) *Response {
	t.Helper()
	return New([]byte(body), Options{ContentType: "text/html", CacheControl: "no-cache", Vary: "Cookie"})
}

func ask(p *Response, method string, header map[string]string) *http.Response {
	r := httptest.NewRequest(method, "/", nil)
	for k, v := range header {
		r.Header.Set(k, v)
	}
	w := httptest.NewRecorder()
	p.ServeHTTP(w, r)
	return w.Result()
}

func TestNegotiation(t *testing.T) {
	p := prepare(t, page)
	tests := map[string]bool{
		"":                        false,
		"gzip":                    true,
		"GZIP":                    true,
		"gzip, deflate, br, zstd": true,
		"br;q=1.0, gzip;q=0.8":    true,
		"gzip;q=0":                false,
		"gzip; q=0.000":           false,
		"gzip;q=0, *":             false,
		"*":                       true,
		"*;q=0":                   false,
		"br":                      false,
		"notgzip":                 false,
		"x-gzip":                  true,
	}
	for accept, want := range tests {
		res := ask(p, "GET", map[string]string{"Accept-Encoding": accept})
		got := res.Header.Get("Content-Encoding") == "gzip"
		if got != want {
			t.Errorf("Accept-Encoding %q: gzip %v, want %v", accept, got, want)
		}
		var body io.Reader = res.Body
		if got {
			unzipped, err := gzip.NewReader(res.Body)
			if err != nil {
				t.Fatal(err)
			}
			body = unzipped
		}
		if b, err := io.ReadAll(body); err != nil || string(b) != page {
			t.Errorf("Accept-Encoding %q: got %d bytes, %v", accept, len(b), err)
		}
		if vary := res.Header.Get("Vary"); vary != "Cookie, Accept-Encoding" {
			t.Errorf("got Vary %q", vary)
		}
	}
}

func TestNotModified(t *testing.T) {
	p := prepare(t, page)
	plain := ask(p, "GET", nil).Header.Get("Etag")
	zipped := ask(p, "GET", map[string]string{"Accept-Encoding": "gzip"}).Header.Get("Etag")
	if plain == zipped {
		t.Errorf("both encodings have the tag %s", plain)
	}
	tests := []struct {
		held, accept string
		want         int
	}{
		{plain, "", 304},
		{"W/" + plain, "", 304},
		{`"old", ` + plain, "", 304},
		{"*", "", 304},
		{zipped, "gzip", 304},
		{zipped, "", 200},
		{plain, "gzip", 200},
		{`"old"`, "", 200},
		{"", "", 200},
	}
	for _, test := range tests {
		for _, method := range []string{"GET", "HEAD"} {
			res := ask(p, method, map[string]string{"If-None-Match": test.held, "Accept-Encoding": test.accept})
			if res.StatusCode != test.want {
				t.Errorf("%s with %q: got %d, want %d", method, test.held, res.StatusCode, test.want)
			}
			if res.Header.Get("Etag") == "" || res.Header.Get("Cache-Control") != "no-cache" {
				t.Errorf("%s with %q: headers are %v", method, test.held, res.Header)
			}
			if body, _ := io.ReadAll(res.Body); test.want == 304 && len(body) > 0 {
				t.Errorf("%s with %q: a body came with 304", method, test.held)
			}
		}
	}
}

func TestHead(t *testing.T) {
	p := prepare(t, page)
	get, head := ask(p, "GET", nil), ask(p, "HEAD", nil)
	if body, _ := io.ReadAll(head.Body); len(body) > 0 {
		t.Errorf("HEAD has a body of %d bytes", len(body))
	}
	for name := range get.Header {
		if g, h := get.Header.Get(name), head.Header.Get(name); g != h {
			t.Errorf("%s is %q for GET and %q for HEAD", name, g, h)
		}
	}
}

func TestSmallBodyIsNotCompressed(t *testing.T) {
	res := ask(prepare(t, "hi"), "GET", map[string]string{"Accept-Encoding": "gzip"})
	if got := res.Header.Get("Content-Encoding"); got != "" {
		t.Errorf("got Content-Encoding %q for two bytes", got)
	}
}
