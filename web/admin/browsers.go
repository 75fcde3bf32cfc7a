package admin

import (
	"crypto/rand"
	"net/http"
	"time"

	"github.com/gorilla/securecookie"
	"github.com/labstack/echo/v4"
)

// browsers knows the browsers that have signed in, by a signed cookie. Their attempts are judged
// apart from those of their address, so guesses from there do not keep them out. The idea is
// OWASP's "device cookies".
//
// The cookie replaces no password. A stolen one gains a few guesses that no other client's use up.
type browsers struct {
	codecs []securecookie.Codec
	scheme func(*http.Request) string // how a browser asked, "http" or "https"
}

const (
	browserCookie = "sneakers23_admin_device"
	browserAge    = 90 * 24 * time.Hour
)

// of returns the browser's id, "" for one that is not known.
func (b browsers) of(r *http.Request) (id string) {
	cookie, err := r.Cookie(browserCookie)
	if err != nil || len(cookie.Value) > mostToken {
		return ""
	}
	var raw []byte
	if securecookie.DecodeMulti(browserCookie, cookie.Value, &raw, b.codecs...) != nil {
		return ""
	}
	return string(raw)
}

// keep makes the browser known, as the one that it was or as a new one, from now on for browserAge.
func (b browsers) keep(c echo.Context, id string) error {
	if id == "" {
		id = rand.Text()
	}
	value, err := b.codecs[0].Encode(browserCookie, []byte(id))
	if err != nil {
		return err
	}
	c.SetCookie(&http.Cookie{
		Name: browserCookie, Value: value, Path: "/admin", MaxAge: int(browserAge / time.Second),
		HttpOnly: true, SameSite: http.SameSiteStrictMode, Secure: b.scheme(c.Request()) == "https",
	})
	return nil
}
