package web

import (
	"context"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"
)

// readyPatience is how long a load balancer's question may take.
const readyPatience = 2 * time.Second

// readiness is what GET /readyz says.
type readiness struct {
	Ready   bool     `json:"ready"`
	Missing []string `json:"missing"`
}

// readyz tells whether this node should be sent requests, and if not, why.
func (s *Server) readyz(c echo.Context) error {
	ctx, cancel := context.WithTimeout(c.Request().Context(), readyPatience)
	defer cancel()
	answer := readiness{Ready: true, Missing: []string{}}
	code := http.StatusOK
	if s.ready != nil {
		if err := s.ready(ctx); err != nil {
			answer = readiness{Missing: each(err)}
			code = http.StatusServiceUnavailable
		}
	}
	c.Response().Header().Set("Cache-Control", "no-store")
	return c.JSON(code, answer)
}

// each lists the texts of errors that were joined.
func each(err error) []string {
	joined, ok := err.(interface{ Unwrap() []error })
	if !ok {
		return []string{err.Error()}
	}
	var texts []string
	for _, err := range joined.Unwrap() {
		texts = append(texts, each(err)...)
	}
	return texts
}
