package origin

import "testing"

func TestParse(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"https://shop.example":      "https://shop.example",
		"https://shop.example/":     "https://shop.example",
		"HTTPS://Shop.Example":      "https://shop.example",
		"https://shop.example:443":  "https://shop.example",
		"http://shop.example:80/":   "http://shop.example",
		"https://shop.example:80":   "https://shop.example:80",
		"http://localhost:4000":     "http://localhost:4000",
		"http://[2001:DB8::1]:4000": "http://[2001:db8::1]:4000",
		"http://[::1]":              "http://[::1]",
		"chrome-extension://abc:1":  "chrome-extension://abc:1",
		"":                          "",
		"null":                      "",
		"shop.example":              "",
		"https://":                  "",
		"https://shop.example/cart": "",
		"https://shop.example?a":    "",
		"https://shop.example#a":    "",
		"https://me@shop.example":   "",
		"https://shop.example//":    "",
		"https://shop .example":     "",
		"chrome-extension://abc":    "", // its port is unknown
	} {
		got, err := Parse(text)
		if want == "" {
			if err == nil {
				t.Errorf("%q was taken as %v", text, got)
			}
			continue
		}
		if err != nil || got.String() != want {
			t.Errorf("%q: got %v, %v, want %s", text, got, err, want)
		}
		if again, err := Parse(got.String()); err != nil || again != got {
			t.Errorf("%q is not the same as %v", text, got)
		}
	}
}
