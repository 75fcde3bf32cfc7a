package prepared

import (
	"strconv"
	"strings"
)

// acceptsGzip reads Accept-Encoding without allocating. An encoding that is not named is not
// accepted, except by a star.
func acceptsGzip(lines []string) bool {
	star := false
	for _, line := range lines {
		for entry := range strings.SplitSeq(line, ",") {
			name, params, _ := strings.Cut(entry, ";")
			switch name = strings.TrimSpace(name); {
			case strings.EqualFold(name, "gzip"), strings.EqualFold(name, "x-gzip"):
				return !refused(params)
			case name == "*":
				star = !refused(params)
			}
		}
	}
	return star
}

// refused tells whether the parameters say q=0.
func refused(params string) bool {
	name, value, ok := strings.Cut(params, "=")
	if !ok || !strings.EqualFold(strings.TrimSpace(name), "q") {
		return false
	}
	q, err := strconv.ParseFloat(strings.TrimSpace(value), 64)
	return err == nil && q <= 0
}

// matches reads If-None-Match. Tags are compared weakly, as RFC 9110 wants it there.
func matches(lines []string, tag string) bool {
	for _, line := range lines {
		for held := range strings.SplitSeq(line, ",") {
			held = strings.TrimSpace(held)
			if held == "*" || strings.TrimPrefix(held, "W/") == tag {
				return true
			}
		}
	}
	return false
}
