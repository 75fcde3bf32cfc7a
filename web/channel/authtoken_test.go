package channel

import (
	"net/http"
	"testing"

	"github.com/gorilla/websocket"
)

// The auth token of phoenix.js stands beside the subprotocol, which is answered.
func TestAuthTokenBySubprotocol(t *testing.T) {
	tokens := make(chan string, 1)
	site := start(t, Config{
		Connect: func(info ConnectInfo) (any, error) { tokens <- info.AuthToken; return nil, nil },
		Routes:  routeTo(&fake{}),
	})
	for _, test := range []struct {
		header []string
		status int
		token  string
		answer string
	}{
		{nil, 101, "", ""},
		{[]string{"phoenix"}, 101, "", "phoenix"},
		{[]string{"phoenix, base64url.bearer.phx.c2VjcmV0"}, 101, "secret", "phoenix"},
		{[]string{"base64url.bearer.phx.c2VjcmV0,phoenix"}, 101, "secret", "phoenix"},
		{[]string{"phoenix", "base64url.bearer.phx.c2VjcmV0"}, 101, "secret", "phoenix"},
		{[]string{"phoenix, base64url.bearer.phx.c2VjcmV0Pw"}, 101, "secret?", "phoenix"}, // padding left out
		{[]string{"phoenix, base64url.bearer.phx.-_-_"}, 101, "\xfb\xff\xbf", "phoenix"},
		{[]string{"phoenix, base64url.bearer.phx.+/+/"}, 101, "\xfb\xff\xbf", "phoenix"},
		{[]string{"phoenix, base64url.bearer.phx."}, 101, "", "phoenix"},
		{[]string{"phoenix, other"}, 101, "", "phoenix"},
		{[]string{"other"}, 403, "", ""},
		{[]string{""}, 403, "", ""},
		{[]string{"Phoenix"}, 403, "", ""},
		{[]string{"base64url.bearer.phx.c2VjcmV0"}, 403, "", ""},
		{[]string{"other, base64url.bearer.phx.c2VjcmV0"}, 403, "", ""},
		{[]string{"phoenix, base64url.bearer.phx.c2VjcmV0Pw=="}, 403, "", ""},
		{[]string{"phoenix, base64url.bearer.phx.c2Vj!"}, 403, "", ""},
		{[]string{"phoenix, base64url.bearer.phx.c2VjcmV0P"}, 403, "", ""},
		{[]string{"phoenix, base64url.bearer.phx.YQ, base64url.bearer.phx.Yg"}, 403, "", ""},
	} {
		header := http.Header{"Sec-Websocket-Protocol": test.header}
		conn, response, err := websocket.DefaultDialer.Dial(site.url(), header)
		if response == nil {
			t.Fatalf("%q: %v", test.header, err)
		}
		if response.StatusCode != test.status {
			t.Errorf("%q: status %d, want %d", test.header, response.StatusCode, test.status)
		}
		if err != nil {
			continue
		}
		conn.Close()
		if got := <-tokens; got != test.token {
			t.Errorf("%q: token %q, want %q", test.header, got, test.token)
		}
		if got := response.Header.Get("Sec-Websocket-Protocol"); got != test.answer {
			t.Errorf("%q: answered with %q, want %q", test.header, got, test.answer)
		}
	}
}

// Over a WebSocket the header is no way in: a browser cannot send it.
func TestAuthTokenHeaderIsForLongPoll(t *testing.T) {
	tokens := make(chan string, 1)
	site := start(t, Config{
		Connect: func(info ConnectInfo) (any, error) { tokens <- info.AuthToken; return nil, nil },
		Routes:  routeTo(&fake{}),
	})
	site.status(site.url(), http.Header{"X-Phoenix-Authtoken": {"secret"}})
	if got := <-tokens; got != "" {
		t.Errorf("token %q", got)
	}
}
