package channel

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
)

// origin is where a page comes from, in a form that can be compared.
type origin struct{ scheme, host, port string }

// parseOrigin reads scheme://host[:port]. The usual port is filled in.
func parseOrigin(text string) (origin, error) {
	u, err := url.Parse(text)
	if err != nil {
		return origin{}, fmt.Errorf("channel: bad origin: %w", err)
	}
	o := origin{scheme: strings.ToLower(u.Scheme), host: strings.ToLower(u.Hostname()), port: u.Port()}
	if o.port == "" {
		o.port = map[string]string{"http": "80", "https": "443"}[o.scheme]
	}
	if o.host == "" || o.port == "" || u.Path != "" && u.Path != "/" || u.RawQuery != "" || u.User != nil {
		return origin{}, fmt.Errorf("channel: bad origin %q: want scheme://host or scheme://host:port", text)
	}
	return o, nil
}

func parseOrigins(texts []string) ([]origin, error) {
	var origins []origin
	for _, text := range texts {
		o, err := parseOrigin(text)
		if err != nil {
			return nil, err
		}
		origins = append(origins, o)
	}
	return origins, nil
}

// allowed says whether the page that sent the request may talk to us.
func (s *Server) allowed(r *http.Request) bool {
	return originAllowed(r, s.origins, s.cfg.Scheme)
}

// originAllowed says whether the page that sent the request is of the host that is
// asked, or of one of the others.
func originAllowed(r *http.Request, others []origin, scheme func(*http.Request) string) bool {
	from := r.Header.Values("Origin")
	if len(from) == 0 {
		return true // no browser, or the same origin asked by GET
	}
	o, err := parseOrigin(from[0])
	if err != nil || len(from) > 1 {
		return false
	}
	for _, allowed := range others {
		if o == allowed {
			return true
		}
	}
	own, err := parseOrigin(scheme(r) + "://" + r.Host)
	return err == nil && o == own
}

func schemeOf(r *http.Request) string {
	if r.TLS != nil {
		return "https"
	}
	return "http"
}
