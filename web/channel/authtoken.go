package channel

import (
	"encoding/base64"
	"net/http"
	"slices"
	"strings"
)

// The values of Sec-WebSocket-Protocol that a client asks for.
const (
	subprotocol  = "phoenix"
	bearerPrefix = "base64url.bearer.phx."
)

// tokenFromSubprotocol returns the token that a client sends as one of its
// subprotocols: a browser cannot send one as a header with a WebSocket, and in the
// query it would be logged. The server must choose one of the subprotocols, and
// never that which holds the token, so that "phoenix" has to be among them.
// Chosen tells whether there were any.
func tokenFromSubprotocol(h http.Header) (token string, chosen bool, err error) {
	lines := h.Values("Sec-Websocket-Protocol")
	if len(lines) == 0 {
		return "", false, nil
	}
	refused := &ConnectError{http.StatusForbidden, "this server speaks the subprotocol phoenix"}
	var bearers, others []string
	for name := range strings.SplitSeq(strings.Join(lines, ","), ",") {
		name = strings.TrimSpace(name)
		if encoded, ok := strings.CutPrefix(name, bearerPrefix); ok {
			bearers = append(bearers, encoded)
		} else {
			others = append(others, name)
		}
	}
	if !slices.Contains(others, subprotocol) || len(bearers) > 1 {
		return "", false, refused
	}
	if len(bearers) == 0 {
		return "", true, nil
	}
	decoded, err := decodeBearer(bearers[0])
	if err != nil {
		return "", false, &ConnectError{http.StatusForbidden, "the auth token is not base64"}
	}
	return decoded, true, nil
}

// decodeBearer takes base64 and base64url, without padding.
func decodeBearer(encoded string) (string, error) {
	b, err := base64.RawURLEncoding.DecodeString(strings.NewReplacer("+", "-", "/", "_").Replace(encoded))
	return string(b), err
}
