package web

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// A feed can lift the write timeout through all that is wrapped around it, and is counted with its
// real status.
func TestFeedIsMounted(t *testing.T) {
	lifted := make(chan error, 2) // one for each request
	s := newSite(t, func(cfg *Config) {
		cfg.Feed = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(http.StatusAccepted)
			c := http.NewResponseController(w)
			lifted <- errors.Join(c.SetWriteDeadline(time.Time{}), c.Flush())
		})
	})
	site := httptest.NewServer(s)
	defer site.Close()
	for _, method := range []string{http.MethodGet, http.MethodHead} {
		r, err := http.NewRequest(method, site.URL+"/feed?topic=product:1", nil)
		if err != nil {
			t.Fatal(err)
		}
		response, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
		if err := <-lifted; err != nil {
			t.Errorf("%s: %v", method, err)
		}
		if response.StatusCode != http.StatusAccepted {
			t.Errorf("%s: status %d", method, response.StatusCode)
		}
	}
	site.Close() // waits for the handlers, which may still run: a request is counted at its end
	if _, metrics := s.ask(http.MethodGet, "/metrics"); !strings.Contains(metrics,
		`sneakers23_http_requests_total{route="/feed",status="202"} 2`) {
		t.Errorf("feeds are not counted:\n%s", metrics)
	}
	if response, _ := s.ask(http.MethodPost, "/feed"); response.StatusCode != http.StatusMethodNotAllowed {
		t.Errorf("POST: status %d, want 405", response.StatusCode)
	}
}
