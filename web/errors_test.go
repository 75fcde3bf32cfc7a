package web

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/labstack/echo/v4"

	"sneakers23/checkout"
	"sneakers23/inventory"
	"sneakers23/web/shop"
	"sneakers23/web/webtest"
)

func TestErrorTable(t *testing.T) {
	tests := []struct {
		err    error
		status int
		words  string
	}{
		{inventory.ErrNotFound, 404, "Not on our shelves"},
		{fmt.Errorf("show product: %w", inventory.ErrNotFound), 404, "Not on our shelves"},
		{echo.ErrNotFound, 404, "Not on our shelves"},
		{checkout.ErrNoOrder, 404, "No such order"},
		{inventory.ErrSoldOut, 409, "Sold out"},
		{shop.ErrNotOpen, 503, "Back in a moment"},
		{fmt.Errorf("%w: %w", shop.ErrNoDatabase, errors.New("refused")), 503, "Back in a moment"},
		{context.DeadlineExceeded, 503, "Back in a moment"},
		{errCrossOrigin, 403, "That did not come from our pages"},
		{echo.ErrTooManyRequests, 429, "Slow down a little"},
		{&http.MaxBytesError{Limit: 1}, 413, "That is too much"},
		{echo.NewHTTPError(http.StatusTeapot, "tell nobody"), 418, "I&#39;m a teapot"},
		{errors.New("password is tell nobody"), 500, "That went wrong"},
		{&panicError{value: inventory.ErrNotFound}, 500, "That went wrong"},
	}
	s := newSite(t, nil)
	var err error
	s.get("/fails", func(echo.Context) error { return err })
	for _, test := range tests {
		err = test.err
		t.Run(err.Error(), func(t *testing.T) {
			res, body := s.ask("GET", "/fails", "Accept", "text/html,application/xhtml+xml,*/*;q=0.8")
			if res.StatusCode != test.status || !strings.Contains(body, test.words) {
				t.Errorf("got %d, want %d with %q in %s", res.StatusCode, test.status, test.words, body)
			}
			if got := res.Header.Get("Content-Type"); got != "text/html; charset=UTF-8" {
				t.Errorf("Content-Type is %q", got)
			}
			if got := res.Header.Get("Cache-Control"); got != "no-store" {
				t.Errorf("Cache-Control is %q", got)
			}
			asJSON, text := s.ask("GET", "/fails", "Accept", "application/json")
			if asJSON.StatusCode != test.status ||
				!strings.HasPrefix(text, fmt.Sprintf(`{"status":%d,"error":"`, test.status)) {
				t.Errorf("as JSON: got %d, %s", asJSON.StatusCode, text)
			}
			if got := asJSON.Header.Get("Content-Type"); got != "application/json" {
				t.Errorf("as JSON: Content-Type is %q", got)
			}
			if strings.Contains(body+text, "tell nobody") {
				t.Error("the cause is told to everybody")
			}
			if head, _ := s.ask("HEAD", "/fails"); head.StatusCode != test.status {
				t.Errorf("HEAD: got %d", head.StatusCode)
			}
		})
	}
}

func TestAsksJSON(t *testing.T) {
	s := newSite(t, nil)
	tests := map[string]bool{
		"":                                    false,
		"*/*":                                 false,
		"text/html":                           false,
		"application/json":                    true,
		"Application/JSON; charset=utf-8":     true,
		"application/problem+json":            true,
		"text/html, application/json":         false,
		"text/html;q=0.5, application/json":   true,
		"application/json;q=0.5, text/html":   false,
		"application/json;q=0":                false,
		"application/json, text/plain, */*":   true,
		"text/html,application/xml;q=0.9,*/*": false,
	}
	for accept, want := range tests {
		_, body := s.ask("GET", "/nothing", "Accept", accept)
		if got := strings.HasPrefix(body, "{"); got != want {
			t.Errorf("Accept %q: JSON %v, want %v", accept, got, want)
		}
	}
}

func TestPanic(t *testing.T) {
	s := newSite(t, nil)
	s.echo.GET("/panics", func(c echo.Context) error {
		c.Response().Header().Set("Etag", `"of a page that was not to be"`)
		panic("tell nobody")
	})
	res, body := s.ask("GET", "/panics")
	if res.StatusCode != 500 || !strings.Contains(body, "That went wrong") || strings.Contains(body, "tell nobody") {
		t.Errorf("got %d, %s", res.StatusCode, body)
	}
	if id := res.Header.Get("X-Request-Id"); !strings.Contains(body, "<code>"+id+"</code>") {
		t.Errorf("the page does not say request id %s", id)
	}
	if res.Header.Get("Etag") != "" {
		t.Error("the error page has the tag of the page that was not to be")
	}
	log := s.log.String()
	for _, want := range []string{"level=ERROR", "tell nobody", "stack=", "errors_test.go"} {
		if !strings.Contains(log, want) {
			t.Errorf("no %q in the log: %s", want, log)
		}
	}
	defer func() {
		if p := recover(); p != http.ErrAbortHandler {
			t.Errorf("got %v, want the panic that cuts the connection", p)
		}
	}()
	s.echo.GET("/cuts", func(echo.Context) error { panic(http.ErrAbortHandler) })
	s.ask("GET", "/cuts")
}

// An error after the first byte can only be logged.
func TestErrorAfterTheResponse(t *testing.T) {
	s := newSite(t, nil)
	s.echo.GET("/late", func(c echo.Context) error {
		_ = c.String(200, "done")
		return errors.New("too late")
	})
	if res, body := s.ask("GET", "/late"); res.StatusCode != 200 || body != "done" {
		t.Errorf("got %d, %s", res.StatusCode, body)
	}
	if !strings.Contains(s.log.String(), "too late") {
		t.Error("not logged")
	}
}

func TestGoldenErrorPages(t *testing.T) {
	s := newSite(t, nil)
	for name, cause := range map[string]error{
		"not_found.html":     echo.ErrNotFound,
		"no_such_order.html": checkout.ErrNoOrder,
		"archived.html":      shop.ErrArchived,
		"forbidden.html":     errCrossOrigin,
		"broken.html":        errors.New("broken"),
	} {
		c := echo.New().NewContext(httptest.NewRequest(http.MethodGet, "/", nil), httptest.NewRecorder())
		c.Response().Header().Set("X-Request-Id", "REQUEST-ID")
		html, err := s.errorHTML(cause, statusOf(cause), c)
		if err != nil {
			t.Fatal(err)
		}
		webtest.Golden(t, name, html)
	}
}
