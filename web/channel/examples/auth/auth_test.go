package auth_test

import (
	"net/http"
	"net/url"
	"testing"
	"testing/synctest"
	"time"

	"sneakers23/web/channel/channeltest"
	"sneakers23/web/channel/examples/auth"
)

var key = []byte("thirty-two bytes that nobody has")

func sign(t *testing.T, tokens *auth.Tokens, user string) url.Values {
	t.Helper()
	token, err := tokens.Sign(user)
	if err != nil {
		t.Fatal(err)
	}
	return url.Values{"token": {token}}
}

func TestOnlyWithAToken(t *testing.T) {
	tokens := auth.NewTokens(key)
	server := channeltest.Start(t, auth.Config(tokens))
	good := sign(t, tokens, "1")
	for name, params := range map[string]url.Values{
		"none":            {},
		"nonsense":        {"token": {"1"}},
		"another's key":   sign(t, auth.NewTokens([]byte("thirty-two bytes of somebody else")), "1"),
		"with an error":   {"token": {good.Get("token")[1:]}},
		"something after": {"token": {good.Get("token") + "A"}},
	} {
		t.Run(name, func(*testing.T) { server.AssertRefused(params, http.StatusForbidden) })
	}
	server.Connect(good)
}

func TestTokensExpire(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tokens := auth.NewTokens(key)
		server := channeltest.Start(t, auth.Config(tokens))
		params := sign(t, tokens, "1")
		time.Sleep(24 * time.Hour)
		server.Connect(params)
		time.Sleep(time.Second)
		server.AssertRefused(params, http.StatusForbidden)
	})
}

func TestOnlyTheUserHimself(t *testing.T) {
	tokens := auth.NewTokens(key)
	server := channeltest.Start(t, auth.Config(tokens))
	socket := server.Connect(sign(t, tokens, "1"))
	one := socket.Join("user:1", nil)
	for _, topic := range []string{"user:2", "user:", "user:1:2", "user:11"} {
		socket.AssertRefused(topic, nil, map[string]string{"reason": "unauthorized"})
	}
	two := server.Connect(sign(t, tokens, "2")).Join("user:2", nil)
	server.PubSub.Broadcast("user:1", "hello", nil)
	one.AssertPush("hello", nil)
	two.RefutePush("hello")

	server.PubSub.Broadcast("auth_socket:1", "disconnect", nil)
	socket.AssertClosed(1001)
	two.Push("anything", nil).AssertError(map[string]string{"reason": "unknown event"})
}
