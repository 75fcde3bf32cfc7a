package rehearsal

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"sneakers23/app/sleep"
)

// longestPage bounds what is read of a page.
const longestPage = 4 << 20

// reloads are the pauses of a person who reloads a page that did not come, each spread by half.
// After the last one the person gives up.
var reloads = []time.Duration{500 * time.Millisecond, time.Second, 2 * time.Second, 4 * time.Second}

// answer is what came for a request.
type answer struct {
	status   int
	words    string // the status in words
	location string
	body     string
}

// refused reports whether the answer is that of a node that stops or starts, or of a proxy that
// finds no node.
func (a answer) refused() bool {
	switch a.status {
	case http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return true
	}
	return false
}

// get asks for a page, reads it to its end, and measures how long that takes.
func (s *shopper) get(ctx context.Context, path string) (string, error) {
	began := time.Now()
	page, err := s.fetch(ctx, path)
	if err == nil {
		s.result.page.add(time.Since(began))
	}
	return page, err
}

// fetch asks for a page, and reads it to its end.
func (s *shopper) fetch(ctx context.Context, path string) (string, error) {
	a, err := s.request(ctx, http.MethodGet, path, nil)
	if err != nil {
		return "", err
	}
	if a.status >= http.StatusBadRequest {
		return "", answered(path, a)
	}
	return a.body, nil
}

// post sends a form and returns where it leads.
func (s *shopper) post(ctx context.Context, path string, form url.Values) (to string, err error) {
	a, err := s.request(ctx, http.MethodPost, path, form)
	if err != nil {
		return "", err
	}
	if a.status != http.StatusSeeOther {
		return "", answered(path, a)
	}
	return a.location, nil
}

// request sends a request, and again while it is refused: at once to the other addresses of the
// shop, then after the pauses of a person. Each of the shop's forms may be sent twice: nothing is
// bought twice by that. An answer that does not come in time is no refusal: the shopper has waited
// long enough.
func (s *shopper) request(ctx context.Context, method, path string, form url.Values) (answer, error) {
	others := len(s.route.urls) - 1
	for try := 0; ; try++ {
		a, err := s.requestOnce(ctx, method, path, form)
		if err == nil && !a.refused() || err != nil && isTimeout(err) || ctx.Err() != nil ||
			try >= others+len(reloads) {
			return a, err
		}
		s.route.next()
		if try >= others {
			_ = sleep.For(ctx, spread(reloads[try-others]))
		}
		s.result.retried.Add(1)
	}
}

func isTimeout(err error) bool {
	of, ok := errors.AsType[*url.Error](err)
	return ok && of.Timeout()
}

func (s *shopper) requestOnce(ctx context.Context, method, path string, form url.Values) (a answer, err error) {
	var body io.Reader
	if form != nil {
		body = strings.NewReader(form.Encode())
	}
	req, err := http.NewRequestWithContext(ctx, method, s.origin.String()+path, body)
	if err != nil {
		return a, err
	}
	if form != nil {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	res, err := s.client.Do(req)
	if err != nil {
		return a, err
	}
	defer res.Body.Close()
	page, err := io.ReadAll(io.LimitReader(res.Body, longestPage))
	if err != nil {
		return a, &url.Error{Op: method, Err: err}
	}
	return answer{res.StatusCode, res.Status, res.Header.Get("Location"), string(page)}, nil
}

// answered is an answer that is none. A cart's token stays out of it.
func answered(path string, a answer) error {
	path, _, _ = strings.Cut(path, "?")
	return fmt.Errorf("%s answers %s", path, a.words)
}
