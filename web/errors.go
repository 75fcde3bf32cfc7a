package web

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"github.com/labstack/echo/v4"

	"sneakers23/checkout"
	"sneakers23/inventory"
	"sneakers23/web/admin"
	"sneakers23/web/admin/products"
	"sneakers23/web/admin/shopfront"
	"sneakers23/web/images"
	"sneakers23/web/shop"
)

var errCrossOrigin = errors.New("web: request from another origin")

// statuses maps our errors to HTTP. An error that is not here, and is no echo error, is a 500.
var statuses = []struct {
	err  error
	code int
}{
	{inventory.ErrNotFound, http.StatusNotFound},
	{inventory.ErrSoldOut, http.StatusConflict},
	{checkout.ErrNoOrder, http.StatusNotFound},
	{shop.ErrNoText, http.StatusNotFound},
	{shop.ErrArchived, http.StatusGone},
	{shop.ErrNotOpen, http.StatusServiceUnavailable},
	{shop.ErrNoDatabase, http.StatusServiceUnavailable},
	{images.ErrUnavailable, http.StatusServiceUnavailable},
	{admin.ErrNotSignedIn, http.StatusUnauthorized},
	{admin.ErrTooManyAttempts, http.StatusTooManyRequests},
	{errCrossOrigin, http.StatusForbidden},
	{products.ErrForm, http.StatusBadRequest},
	{shopfront.ErrForm, http.StatusBadRequest},
	{shopfront.ErrNoPage, http.StatusNotFound},
	{context.DeadlineExceeded, http.StatusServiceUnavailable},
	{context.Canceled, http.StatusServiceUnavailable}, // no client reads it: it is gone, or we are going
}

// words are what people read about a status. They never hold the cause: that goes to the log.
var words = map[int]struct{ heading, text string }{
	http.StatusBadRequest: {
		"That made no sense to us", "Something in the request is not as it should be. Go back and try again.",
	},
	http.StatusUnauthorized: {
		"For the staff of the shop",
		"The dashboard is for those who run the shop. Sign in as admin, with the shop's admin password.",
	},
	http.StatusForbidden: {
		"That did not come from our pages", "For your safety we only take orders that start here, in the shop.",
	},
	http.StatusMethodNotAllowed: {"That does not work here", "This page exists, but it cannot be used that way."},
	http.StatusConflict:         {"Sold out", "Somebody was faster. The page shows what is left."},
	http.StatusGone: {
		"This link has expired",
		"It showed your order for ten minutes after the purchase. What you bought is yours. If you copied the link from the order's page, that link still works.",
	},
	http.StatusRequestEntityTooLarge: {"That is too much", "What was sent is larger than anything this shop needs."},
	http.StatusTooManyRequests:       {"Slow down a little", "That was a lot at once. Wait a moment and try again."},
	http.StatusInternalServerError: {
		"That went wrong", "The mistake is ours, and somebody will look at it. Try again in a moment.",
	},
	http.StatusServiceUnavailable: {
		"Back in a moment", "The shop can't answer right now. Try again in a few seconds.",
	},
}

// ErrorStatus is the status of an error that is answered elsewhere than here. It goes into
// channel.FeedConfig.
func ErrorStatus(err error) int { return statusOf(err) }

// statusOf looks an error up.
func statusOf(err error) int {
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok { // first: a body that was cut off is bad JSON too
		return http.StatusRequestEntityTooLarge
	}
	if he, ok := errors.AsType[*echo.HTTPError](err); ok {
		return he.Code
	}
	for _, s := range statuses {
		if errors.Is(err, s.err) {
			return s.code
		}
	}
	return http.StatusInternalServerError
}

// errorPage is the page of every error that has none of its own.
type errorPage struct {
	shop.Layout
	Status    int
	Heading   string
	Words     string
	SignIn    bool   // would help
	Again     bool   // the same request may succeed in a moment
	RequestID string // only where we would like to hear about it
}

type notFoundPage struct {
	shop.Layout
	Order bool // an order was asked for
	Left  bool // a product was, which has left the shop
}

// errorBody is the same for those who ask for JSON.
type errorBody struct {
	Status    int    `json:"status"`
	Error     string `json:"error"`
	RequestID string `json:"request_id"`
}

// answerError is the one place where an error becomes a response.
func (s *Server) answerError(err error, c echo.Context) {
	code := statusOf(err)
	id := requestID(c)
	s.logError(err, code, c)
	if c.Response().Committed {
		return
	}
	h := c.Response().Header()
	for _, name := range []string{"Etag", "Content-Encoding", "Content-Length", "Last-Modified"} {
		h.Del(name) // of the page that was not to be
	}
	h.Set("Cache-Control", "no-store")
	h.Set("Vary", "Accept")
	if code == http.StatusServiceUnavailable {
		h.Set("Retry-After", "2")
	}
	if asksJSON(c.Request()) {
		err = c.JSON(code, errorBody{code, headingOf(code), id})
	} else if html, renderErr := s.errorHTML(err, code, c); renderErr == nil {
		err = c.HTMLBlob(code, html)
	} else {
		s.log.Error("error page not rendered", "err", renderErr, "request_id", id)
		err = c.String(code, headingOf(code)+"\n")
	}
	if err != nil {
		s.log.Debug("error not answered", "err", err, "request_id", id)
	}
}

func (s *Server) logError(err error, code int, c echo.Context) {
	attrs := []any{"err", err, "route", route(c), "method", c.Request().Method, "request_id", requestID(c)}
	if p, ok := errors.AsType[*panicError](err); ok {
		attrs = append(attrs, "stack", string(p.stack))
	}
	if code == http.StatusInternalServerError {
		s.log.Error("request failed", attrs...)
		return
	}
	s.log.Debug("request refused", append(attrs, "status", code)...)
}

func headingOf(code int) string {
	if code == http.StatusNotFound {
		return "Not on our shelves"
	}
	if w, ok := words[code]; ok {
		return w.heading
	}
	return http.StatusText(code)
}

func (s *Server) errorHTML(err error, code int, c echo.Context) ([]byte, error) {
	const nothing = "This page has nothing to sell."
	frame := s.pages.Frame(headingOf(code), nothing)
	var html strings.Builder
	if left := errors.Is(err, shop.ErrArchived); code == http.StatusNotFound || left {
		page := notFoundPage{Layout: frame, Order: errors.Is(err, checkout.ErrNoOrder), Left: left}
		switch {
		case page.Order:
			page.Layout = s.pages.Frame("No such order", nothing)
		case page.Left:
			page.Layout = s.pages.Frame("No longer in the shop", nothing)
		}
		err := s.templates.Page(&html, "not_found", page)
		return []byte(html.String()), err
	}
	page := errorPage{
		Layout: frame, Status: code, Heading: headingOf(code), Words: words[code].text,
		SignIn: code == http.StatusUnauthorized,
		Again: c.Request().Method == http.MethodGet &&
			(code >= http.StatusInternalServerError || code == http.StatusTooManyRequests),
	}
	if code >= http.StatusInternalServerError {
		page.RequestID = requestID(c)
	}
	err = s.templates.Page(&html, "error", page)
	return []byte(html.String()), err
}

// asksJSON tells whether the client would rather have JSON than a page.
func asksJSON(r *http.Request) bool {
	var json, html float64
	for _, line := range r.Header["Accept"] {
		for entry := range strings.SplitSeq(line, ",") {
			kind, params, _ := strings.Cut(entry, ";")
			q := 1.0
			if _, value, ok := strings.Cut(params, "q="); ok {
				if given, err := strconv.ParseFloat(strings.TrimSpace(value), 64); err == nil {
					q = given
				}
			}
			switch kind = strings.ToLower(strings.TrimSpace(kind)); {
			case kind == "application/json", strings.HasSuffix(kind, "+json"):
				json = max(json, q)
			case kind == "text/html", kind == "application/xhtml+xml":
				html = max(html, q)
			}
		}
	}
	return json > html
}

// panicError is a handler's panic on its way to the log. It hides the value: what panicked with
// ErrNotFound is still a mistake of ours, and a 500.
type panicError struct {
	value any
	stack []byte
}

func (p *panicError) Error() string { return fmt.Sprintf("panic: %v", p.value) }
