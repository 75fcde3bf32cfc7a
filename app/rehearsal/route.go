package rehearsal

import (
	"net/http"
	"net/url"
)

// route leads to one of the shop's addresses. It goes on to the next one when that refuses, as a
// proxy before them would. It belongs to one goroutine.
type route struct {
	urls []*url.URL
	at   int
}

func (r *route) url() *url.URL { return r.urls[r.at%len(r.urls)] }

func (r *route) next() { r.at = (r.at + 1) % len(r.urls) }

// parseURLs reads the addresses, which are all http or https.
func parseURLs(texts []string) (urls []*url.URL, err error) {
	for _, text := range texts {
		u, err := url.Parse(text)
		if err != nil {
			return nil, err
		}
		urls = append(urls, u)
	}
	return urls, nil
}

// byRoute sends requests where a route leads. The client above it asks one address all the time, so
// its cookies go to every node, as those of a browser do that knows only the proxy.
type byRoute struct {
	route *route
	by    http.RoundTripper
}

// RoundTrip is called on the goroutine of the shopper.
func (b byRoute) RoundTrip(req *http.Request) (*http.Response, error) {
	node, u := b.route.url(), *req.URL
	u.Scheme, u.Host = node.Scheme, node.Host
	req = req.WithContext(req.Context()) // a copy
	req.URL, req.Host = &u, node.Host
	return b.by.RoundTrip(req)
}
