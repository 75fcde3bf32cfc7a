package web

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"strconv"
	"time"

	"github.com/labstack/echo/v4"

	"sneakers23/web/origin"
)

// The headers of every response: slices that all requests share, because a page costs little more
// than its headers.
var (
	contentSecurityPolicy = []string{
		"default-src 'self'; img-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'",
	}
	referrerPolicy     = []string{"same-origin"}
	contentTypeOptions = []string{"nosniff"}
)

// The headers of answers that are one visitor's.
var (
	noStore = []string{"no-store"}
	noIndex = []string{"noindex"}
)

// private marks answers that belong to one visitor or admin. No cache keeps them, redirects
// included, and no search engine lists them, even if their address was published.
func private(h echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		header := c.Response().Header()
		header["Cache-Control"] = noStore
		header["X-Robots-Tag"] = noIndex
		return h(c)
	}
}

// sameOrigin refuses a form that a page of another origin makes a browser send, and bounds its
// body.
func (s *Server) sameOrigin(maxBody int64, h echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		r := c.Request()
		if err := s.checkOrigin(r); err != nil {
			return fmt.Errorf("%w: %w", errCrossOrigin, err)
		}
		r.Body = http.MaxBytesReader(c.Response(), r.Body, maxBody)
		return h(c)
	}
}

// every is the middleware of every request: request id, headers, panics, errors, log, metrics.
func (s *Server) every(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		start := time.Now()
		r, w := c.Request(), c.Response()
		h := w.Header()
		h["X-Request-Id"] = []string{s.ids.next()}
		h["Content-Security-Policy"] = contentSecurityPolicy
		h["Referrer-Policy"] = referrerPolicy
		h["X-Content-Type-Options"] = contentTypeOptions
		if s.unnamed != nil {
			if peer, ok := s.proxies.Unnamed(r); ok {
				s.unnamed(peer)
			}
		}

		if err := try(next, c); err != nil {
			c.Error(err)
		}
		s.count(route(c), w.Status)
		if s.log.Enabled(r.Context(), slog.LevelDebug) {
			s.logRequest(r.Context(), c, time.Since(start))
		}
		return nil
	}
}

// try runs the handler. A panic becomes an error, except the one that means to cut the connection.
func try(next echo.HandlerFunc, c echo.Context) (err error) {
	defer func() {
		if p := recover(); p != nil {
			if p == http.ErrAbortHandler {
				panic(p)
			}
			err = &panicError{value: p, stack: debug.Stack()}
		}
	}()
	return next(c)
}

// checkOrigin refuses requests that a page of another origin makes a browser send. Origins are
// compared as such, in whatever case they are written, and with a slash at the end or without.
func (s *Server) checkOrigin(r *http.Request) error {
	from := r.Header.Values("Origin")
	if len(from) != 1 {
		return s.origins.Check(r)
	}
	given, err := origin.Parse(from[0])
	if err != nil {
		return s.origins.Check(r)
	}
	// Browsers that tell no more than the origin: it must be of the host that was asked, by
	// whichever scheme, since TLS may end before a proxy that is not configured.
	own, err := origin.Parse(given.Scheme() + "://" + r.Host)
	if err == nil && given == own && r.Header.Get("Sec-Fetch-Site") == "" {
		return nil
	}
	r.Header.Set("Origin", given.String()) // as the trusted ones are written
	return s.origins.Check(r)
}

// logRequest names the route, not the path: paths and queries hold what must not be logged, such as
// order ids.
func (s *Server) logRequest(ctx context.Context, c echo.Context, took time.Duration) {
	s.log.LogAttrs(ctx, slog.LevelDebug, "request",
		slog.String("method", c.Request().Method),
		slog.String("route", route(c)),
		slog.Int("status", c.Response().Status),
		slog.Int64("bytes", c.Response().Size),
		slog.Duration("took", took),
		slog.String("client", c.RealIP()),
		slog.String("request_id", requestID(c)),
	)
}

// route is the pattern that the request matched, or none.
func route(c echo.Context) string {
	if path := c.Path(); path != "" {
		return path
	}
	return "none"
}

func (s *Server) count(route string, status int) {
	s.requests.WithLabelValues(route, strconv.Itoa(status)).Inc()
}
