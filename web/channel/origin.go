package channel

import (
	"fmt"
	"net/http"

	"sneakers23/web/origin"
)

func parseOrigins(texts []string) ([]origin.Origin, error) {
	var origins []origin.Origin
	for _, text := range texts {
		o, err := origin.Parse(text)
		if err != nil {
			return nil, fmt.Errorf("channel: %w", err)
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
func originAllowed(r *http.Request, others []origin.Origin, scheme func(*http.Request) string) bool {
	from := r.Header.Values("Origin")
	if len(from) == 0 {
		return true // no browser, or the same origin asked by GET
	}
	o, err := origin.Parse(from[0])
	if err != nil || len(from) > 1 {
		return false
	}
	for _, allowed := range others {
		if o == allowed {
			return true
		}
	}
	own, err := origin.Parse(scheme(r) + "://" + r.Host)
	return err == nil && o == own
}

func schemeOf(r *http.Request) string {
	if r.TLS != nil {
		return "https"
	}
	return "http"
}
