package admin

import (
	"crypto/rand"
	"net/http"
	"time"

	"github.com/gorilla/securecookie"
	"github.com/labstack/echo/v4"
)

// devices knows the browsers from which somebody has signed in, by a signed cookie. Their attempts are judged apart from those of
// their address: so nobody who guesses there keeps them out. The idea is OWASP's "device cookies".
//
// The cookie lets nobody in. Whoever steals one gains a few guesses that nobody else's use up.
type devices struct {
	codecs []securecookie.Codec
	scheme func(*http.Request) string // how a browser asked, "http" or "https"
}

const (
	deviceCookie = "sneakers23_admin_device"
	deviceAge    = 90 * 24 * time.Hour
)

// of returns the device's id, "" for one that is not known.
func (d devices) of(r *http.Request) (id string) {
	cookie, err := r.Cookie(deviceCookie)
	if err != nil || len(cookie.Value) > mostToken {
		return ""
	}
	var raw []byte
	if securecookie.DecodeMulti(deviceCookie, cookie.Value, &raw, d.codecs...) != nil {
		return ""
	}
	return string(raw)
}

// keep makes the browser known, as the one that it was or as a new one, from now on for deviceAge.
func (d devices) keep(c echo.Context, id string) error {
	if id == "" {
		id = rand.Text()
	}
	value, err := d.codecs[0].Encode(deviceCookie, []byte(id))
	if err != nil {
		return err
	}
	c.SetCookie(&http.Cookie{
		Name: deviceCookie, Value: value, Path: "/admin", MaxAge: int(deviceAge / time.Second),
		HttpOnly: true, SameSite: http.SameSiteStrictMode, Secure: d.scheme(c.Request()) == "https",
	})
	return nil
}
