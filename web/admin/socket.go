package admin

import (
	"cmp"
	"context"
	"net/http"
	"time"

	"sneakers23/app/sleep"
	"sneakers23/replication/presence"
	"sneakers23/web/channel"
)

// visit is what the admins' socket knows of its client: the assigns of its channels.
type visit struct {
	signed time.Time // when the token was with which it came
}

// Routes leads the topics of the admins' socket to their channels.
func Routes(tokens *Tokens, tracker *presence.Tracker, board *Board, desk Desk) []channel.Route {
	return []channel.Route{
		{Pattern: CartTracker, New: func() channel.Channel { return cartTracker{tokens, tracker} }},
		{Pattern: Dashboard, New: func() channel.Channel { return dashboardChannel{tokens, board, desk} }},
	}
}

// Connect opens the admins' socket for clients with a valid token. The dashboard sends it as
// phoenix.js's authToken, which is in no address and so in no proxy's log. Other clients may send
// it as the param "token", which counts if there is no authToken. Connect goes into channel.Config.
func (t *Tokens) Connect(info channel.ConnectInfo) (any, error) {
	signed, ok := t.open(cmp.Or(info.AuthToken, info.Params.Get("token")))
	if !ok { // the client is not told why
		return nil, &channel.ConnectError{Status: http.StatusForbidden, Reason: "no valid token: sign in at /admin"}
	}
	return visit{signed}, nil
}

// renewedAfter is the age at which a token is replaced: early enough for a page that is away for
// some hours.
const renewedAfter = TokenAge * 3 / 4

// newToken is the event that brings a page its next token.
const newToken = "new_token"

// KeepFresh pushes new_token {"token"} to the channel's client before the token ends with which the
// socket was opened, and again and again after that, until the channel ends. A channel of the
// admins' socket calls it in its Join, and returns its error. It takes one of the channel's tasks.
func (t *Tokens) KeepFresh(s *channel.Socket) error {
	due := channel.Assigns[visit](s).signed.Add(renewedAfter)
	return s.Go(func(ctx context.Context) {
		for sleep.For(ctx, time.Until(due)) == nil {
			token, err := t.Sign()
			if err != nil || s.Push(newToken, map[string]string{"token": token}) != nil {
				return // the channel has ended; signing does not fail
			}
			due = time.Now().Add(renewedAfter)
		}
	})
}
