package recurring_test

import (
	"encoding/json"
	"testing"
	"testing/synctest"
	"time"

	"sneakers23/web/channel"
	"sneakers23/web/channel/channeltest"
	"sneakers23/web/channel/examples/recurring"

	"github.com/gorilla/securecookie"
)

func TestTokenEveryFiveSeconds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		codec := securecookie.New([]byte("thirty-two bytes that nobody has"), nil)
		c := channeltest.Join(t, channel.Config{
			Connect: func(channel.ConnectInfo) (any, error) { return "ann", nil },
			Routes:  []channel.Route{recurring.Route(codec)},
		}, "recurring", nil)
		joined := time.Now()
		seen := map[string]bool{}
		for i := range 3 {
			c.RefutePush("new_token")
			var push struct{ Token string }
			if err := json.Unmarshal(c.Receive("new_token"), &push); err != nil {
				t.Fatal(err)
			}
			if passed, want := time.Since(joined), time.Duration(i+1)*5*time.Second; passed != want {
				t.Errorf("token %d came after %v, want %v", i, passed, want)
			}
			var user string
			if err := codec.Decode("user", push.Token, &user); err != nil || user != "ann" {
				t.Errorf("token %d is %q's: %v", i, user, err)
			}
			if seen[push.Token] {
				t.Errorf("token %d is not new", i)
			}
			seen[push.Token] = true
		}
		c.Leave()
		time.Sleep(time.Minute)
		c.RefutePush("new_token")
	})
}
