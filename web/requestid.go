package web

import (
	"crypto/rand"
	"encoding/hex"
	"strconv"
	"sync/atomic"

	"github.com/labstack/echo/v4"
)

// requestIDs numbers the requests of this process, behind a random start so that nodes and restarts
// differ. An id is for finding a request in the log; it is no secret and proves nothing.
type requestIDs struct {
	prefix string
	count  *atomic.Uint64
}

func newRequestIDs() requestIDs {
	var raw [4]byte
	_, _ = rand.Read(raw[:]) // never fails
	return requestIDs{prefix: hex.EncodeToString(raw[:]) + "-", count: new(atomic.Uint64)}
}

func (ids requestIDs) next() string {
	return ids.prefix + strconv.FormatUint(ids.count.Add(1), 36)
}

// requestID is the id that the response carries.
func requestID(c echo.Context) string {
	return c.Response().Header().Get("X-Request-Id")
}
