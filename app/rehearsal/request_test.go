package rehearsal

import (
	"context"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// node answers the requests of a test in place of a network.
type node func(*http.Request) (*http.Response, error)

func (n node) RoundTrip(r *http.Request) (*http.Response, error) { return n(r) }

func response(status int, header http.Header) (*http.Response, error) {
	return &http.Response{
		StatusCode: status, Status: http.StatusText(status), Header: header,
		Body: io.NopCloser(strings.NewReader("page")),
	}, nil
}

// browser is a shopper of the shop at some nodes. It is used in a bubble.
func browser(n node, hosts ...string) *shopper {
	r := &rehearsal{cfg: Config{Patience: 10 * time.Second, Wait: -1}}
	for _, host := range hosts {
		r.urls = append(r.urls, &url.URL{Scheme: "http", Host: host})
	}
	s := r.shopper(0)
	s.client.Transport = byRoute{s.route, n}
	return s
}

// TestRefusedRequest sends a request again while a node restarts, and gives up as a person does.
func TestRefusedRequest(t *testing.T) {
	t.Parallel()
	refusals := map[string]func() (*http.Response, error){
		"a connection that is refused": func() (*http.Response, error) { return nil, io.ErrUnexpectedEOF },
		"a node that stops": func() (*http.Response, error) {
			return response(http.StatusServiceUnavailable, nil)
		},
		"a proxy without a node": func() (*http.Response, error) { return response(http.StatusBadGateway, nil) },
	}
	for name, refuse := range refusals {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				began, asked := time.Now(), 0
				back := 3 * time.Second
				s := browser(func(*http.Request) (*http.Response, error) {
					if asked++; time.Since(began) < back {
						return refuse()
					}
					return response(http.StatusOK, nil)
				}, "shop")
				page, err := s.get(t.Context(), "/")
				took, retried := time.Since(began), s.result.retried.Load()
				if err != nil || page != "page" || retried < 2 || retried != int64(asked)-1 ||
					s.result.page.latency().Max != milliseconds(took) {
					t.Errorf("page %q, %v after %v and %d retries; measured is %+v",
						page, err, took, retried, s.result.page.latency())
				}
				back, asked = time.Hour, 0
				if _, err := s.get(t.Context(), "/"); err == nil || asked != 1+len(reloads) ||
					s.result.page.latency().Count != 1 {
					t.Errorf("a shop that stays away was asked %d times: %v", asked, err)
				}
			})
		})
	}
}

// TestOtherNode leads a shopper on to the next node at once, with the cookies that the first one
// has set.
func TestOtherNode(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		gone := ""
		s := browser(func(r *http.Request) (*http.Response, error) {
			switch {
			case r.Host != r.URL.Host:
				t.Errorf("%s is asked as %s", r.URL, r.Host)
			case r.Host == gone:
				return nil, io.EOF
			case r.Header.Get("Cookie") == "":
				return response(http.StatusOK, http.Header{"Set-Cookie": {"session=1; Path=/"}})
			}
			return response(http.StatusOK, nil)
		}, "a", "b", "c")
		began := time.Now()
		for range 2 {
			for gone = range map[string]bool{"a": true, "b": true, "c": true} {
				if _, err := s.get(t.Context(), "/"); err != nil {
					t.Errorf("without %s: %v", gone, err)
				}
			}
		}
		if took := time.Since(began); took > 0 {
			t.Errorf("it took %v", took)
		}
		if cookies := s.client.Jar.Cookies(s.origin); len(cookies) != 1 || s.origin.Host != "a" {
			t.Errorf("the cookies of %s are %v", s.origin, cookies)
		}
	})
}

// TestSilentNode waits for an answer once: a shopper has no more patience than that.
func TestSilentNode(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		asked := 0
		s := browser(func(r *http.Request) (*http.Response, error) {
			asked++
			<-r.Context().Done()
			return nil, context.Cause(r.Context())
		}, "a", "b")
		if _, err := s.get(t.Context(), "/"); err == nil || asked != 1 {
			t.Errorf("asked %d times: %v", asked, err)
		}
	})
}
