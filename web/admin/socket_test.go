package admin

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"sneakers23/checkout"
	"sneakers23/web/channel"
	"sneakers23/web/channel/channeltest"
)

// fresh is a topic of the tests whose channel keeps its page's token fresh, and does nothing else.
type fresh struct{ tokens *Tokens }

func (f fresh) Join(_ context.Context, s *channel.Socket, _ json.RawMessage) (any, error) {
	return nil, f.tokens.KeepFresh(s)
}

func socketOf(tokens *Tokens) channel.Config {
	return channel.Config{
		Connect: tokens.Connect,
		Routes:  []channel.Route{{Pattern: "test:*", New: func() channel.Channel { return fresh{tokens} }}},
	}
}

func param(token string) url.Values { return url.Values{"token": {token}} }

func TestOnlyWithAToken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tokens := newTokens(t, password, "secret")
		server := channeltest.Start(t, socketOf(tokens))
		carts, err := checkout.NewTokens([]string{"secret"})
		if err != nil {
			t.Fatal(err)
		}
		good := param(sign(t, tokens))
		for name, params := range map[string]url.Values{
			"nothing":             nil,
			"an empty one":        param(""),
			"a cart's":            param(carts.Sign(checkout.Cart{}, "")),
			"a forged one":        param(sign(t, newTokens(t, password, "another secret"))),
			"of another password": param(sign(t, newTokens(t, "another password", "secret"))),
			"by another name": {
				"auth_token": good["token"],
			},
		} {
			t.Logf("with %s", name)
			server.AssertRefused(params, http.StatusForbidden)
		}
		server.Connect(good).Join("test:topic", nil)
		time.Sleep(TokenAge)
		server.Connect(good)
		time.Sleep(time.Second)
		server.AssertRefused(good, http.StatusForbidden)
	})
}

// TestTokenByAuthToken sends the token as phoenix.js sends its authToken, which wins over the
// param.
func TestTokenByAuthToken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tokens := newTokens(t, password, "secret")
		server := channeltest.Start(t, socketOf(tokens))
		good := sign(t, tokens)
		for name, tt := range map[string]struct {
			authToken string
			params    url.Values
			refused   bool
		}{
			"a good one":                  {authToken: good},
			"a good one, and a bad param": {authToken: good, params: param("bad")},
			"a bad one":                   {authToken: "bad", refused: true},
			"a bad one, and a good param": {authToken: "bad", params: param(good), refused: true},
			"an empty one, a good param":  {authToken: "", params: param(good)},
			"an empty one":                {authToken: "", refused: true},
		} {
			_, err := server.Dial(tt.params, bearer(tt.authToken))
			refused, is := errors.AsType[*channel.ConnectError](err)
			if is != tt.refused || is && refused.Status != http.StatusForbidden || !is && err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
	})
}

// bearer is how phoenix.js sends its authToken with a WebSocket.
func bearer(token string) http.Header {
	return http.Header{
		"Sec-Websocket-Protocol": {
			"phoenix, base64url.bearer.phx." + base64.RawStdEncoding.EncodeToString([]byte(token)),
		},
	}
}

func TestNewTokenBeforeTheOldOneEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tokens := newTokens(t, password, "secret")
		server := channeltest.Start(t, socketOf(tokens))
		began := time.Now()
		token := sign(t, tokens)
		time.Sleep(time.Hour) // the token is older than the socket
		socket := server.Connect(param(token))
		one := socket.Join("test:one", nil)
		for i := range 3 {
			time.Sleep(time.Until(began.Add(time.Duration(i+1)*renewedAfter)) - time.Second)
			one.RefutePush(newToken)
			time.Sleep(time.Second)
			next := tokenIn(t, one.Receive(newToken))
			if next == token {
				t.Errorf("token %d is not new", i)
			}
			server.Connect(param(next)).Close()
			token = next
		}
		server.AssertRefused(param("old"), http.StatusForbidden)

		two := socket.Join("test:two", nil) // late: the socket's token is long over
		server.Connect(param(tokenIn(t, two.Receive(newToken)))).Close()
		two.RefutePush(newToken)
		one.Leave()
		time.Sleep(renewedAfter)
		two.Receive(newToken)
		one.RefutePush(newToken)
	})
}

func tokenIn(t *testing.T, payload json.RawMessage) string {
	t.Helper()
	var p map[string]string
	if err := json.Unmarshal(payload, &p); err != nil || len(p) != 1 || p["token"] == "" {
		t.Fatalf("new_token %s: %v", payload, err)
	}
	return p["token"]
}

// TestLongPoll polls as phoenix.js does, whose session comes as a second token behind the admin's
// own.
func TestLongPoll(t *testing.T) {
	t.Parallel()
	tokens := newTokens(t, password, "secret")
	server, err := channel.New(socketOf(tokens))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Close)
	authToken := ""
	poll := func(method, query, body string) (a struct {
		Status   int
		Token    string
		Messages []string
	}) {
		t.Helper()
		w := httptest.NewRecorder()
		r := httptest.NewRequest(method, "/admin_socket/longpoll?"+query, strings.NewReader(body))
		r.Header.Set("X-Phoenix-AuthToken", authToken)
		server.ServeHTTP(w, r)
		if err := json.Unmarshal(w.Body.Bytes(), &a); err != nil || w.Code != http.StatusOK {
			t.Fatalf("%d %s: %v", w.Code, w.Body, err)
		}
		return a
	}
	own := "token=" + url.QueryEscape(sign(t, tokens)) + "&vsn=2.0.0"
	for _, query := range []string{"vsn=2.0.0", "token=x&vsn=2.0.0", "token=x&vsn=2.0.0&token=phxlp.x"} {
		if a := poll(http.MethodGet, query, ""); a.Status != http.StatusForbidden {
			t.Errorf("polled %s: %+v, want 403", query, a)
		}
	}
	opened := poll(http.MethodGet, own, "")
	if opened.Status != http.StatusGone || opened.Token == "" {
		t.Fatalf("opened %+v", opened)
	}
	session := own + "&token=" + url.QueryEscape(opened.Token)
	if a := poll(http.MethodPost, session, `["1","1","test:topic","phx_join",{}]`); a.Status != http.StatusOK {
		t.Fatalf("published: %+v", a)
	}
	if a := poll(http.MethodGet, session, ""); a.Status != http.StatusOK || len(a.Messages) != 1 ||
		!strings.Contains(a.Messages[0], `"ok"`) {
		t.Errorf("polled %+v", a)
	}

	authToken = sign(t, tokens)
	opened = poll(http.MethodGet, "vsn=2.0.0", "")
	if opened.Status != http.StatusGone || opened.Token == "" {
		t.Fatalf("opened with the header: %+v", opened)
	}
	authToken = "" // the session's own token is enough for the session
	if a := poll(http.MethodPost, "vsn=2.0.0&token="+url.QueryEscape(opened.Token),
		`["1","1","test:topic","phx_join",{}]`); a.Status != http.StatusOK {
		t.Errorf("published with the session's token: %+v", a)
	}
}
