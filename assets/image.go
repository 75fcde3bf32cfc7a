package assets

import "strings"

// NoPicture is the image of a product that has none yet.
const NoPicture = Prefix + "images/no-picture.svg"

// ImageURL returns the hashed address of an image that we built, and other addresses of this site
// as they are. Pages may not show what other sites serve (see img-src in the
// Content-Security-Policy): such an address, and the empty one, mean [NoPicture]. hashed finds the
// address of a file by its source name.
func ImageURL(url string, hashed func(name string) (string, error)) string {
	if !strings.HasPrefix(url, "/") || strings.HasPrefix(url, "//") {
		url = NoPicture
	}
	if name, ok := strings.CutPrefix(url, Prefix); ok {
		if found, err := hashed(name); err == nil {
			return found
		}
	}
	return url
}
