// Package auth knows its users by a signed token, and lets them join their own topic
// only.
package auth

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"time"

	"sneakers23/web/channel"

	"github.com/gorilla/securecookie"
)

// Tokens signs who a user is. The page that opens the socket gets one.
type Tokens struct{ codec *securecookie.SecureCookie }

// NewTokens returns tokens signed with the key, good for a day.
func NewTokens(key []byte) *Tokens {
	return &Tokens{securecookie.New(key, nil).MaxAge(int((24 * time.Hour).Seconds()))}
}

// Sign returns a token for the user.
func (t *Tokens) Sign(user string) (string, error) { return t.codec.Encode("user", user) }

// user returns whose token it is.
func (t *Tokens) user(token string) (user string, err error) {
	err = t.codec.Decode("user", token, &user)
	return user, err
}

// Config is that of a socket which opens for a token only. A broadcast of "disconnect"
// to "auth_socket:ID" closes the sockets of a user.
func Config(tokens *Tokens) channel.Config {
	return channel.Config{
		Connect: func(info channel.ConnectInfo) (any, error) {
			user, err := tokens.user(info.Params.Get("token"))
			if err != nil { // the client is not told why
				return nil, &channel.ConnectError{Status: http.StatusForbidden, Reason: "no valid token"}
			}
			return user, nil
		},
		ID:     func(user any) string { return "auth_socket:" + user.(string) },
		Routes: []channel.Route{{Pattern: "user:*", New: func() channel.Channel { return userChannel{} }}},
	}
}

// userChannel is a user's own topic, user:ID.
type userChannel struct{}

// Join lets in the user himself.
func (userChannel) Join(_ context.Context, s *channel.Socket, _ json.RawMessage) (any, error) {
	if strings.TrimPrefix(s.Topic(), "user:") != channel.Assigns[string](s) {
		return nil, channel.Refuse(map[string]string{"reason": "unauthorized"})
	}
	return nil, nil
}
