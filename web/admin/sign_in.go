package admin

import (
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"net/netip"
	"strconv"
	"time"

	"github.com/labstack/echo/v4"
)

var (
	// ErrNotSignedIn says that a request brought no password, or a wrong one.
	ErrNotSignedIn = errors.New("admin: not signed in")
	// ErrTooManyAttempts says that wrong passwords came from the same address just now, as many as may at a time.
	ErrTooManyAttempts = errors.New("admin: too many attempts to sign in")
)

// user is the one who signs in.
const user = "admin"

// SignIn lets the user admin in, by HTTP basic auth. A wrong password is answered after a while, which grows with the
// failures of the address that it came from; the right one at once. Somebody who guesses without a pause keeps others of his
// address waiting, but none whose browser was let in before, and nobody elsewhere: see attempts and devices.
// A password is never logged.
type SignIn struct {
	user, password [sha256.Size]byte // hashes, which are all of one length
	attempts       attempts
	devices        devices
}

// NewSignIn lets those in who know the password. Of the secrets the first signs what a browser is known by, and all verify it.
func NewSignIn(secrets []string, password string) (*SignIn, error) {
	known, err := codecs(secrets, password, "sneakers23 admin device", deviceAge)
	if err != nil {
		return nil, err
	}
	return &SignIn{user: sha256.Sum256([]byte(user)), password: sha256.Sum256([]byte(password)), devices: devices{known}}, nil
}

// Guard stands before what only an admin may see.
func (s *SignIn) Guard(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		if err := s.check(c); err != nil {
			return err
		}
		return next(c)
	}
}

// check returns nil for the right password. Else it sets the headers that go with the error.
func (s *SignIn) check(c echo.Context) error {
	h := c.Response().Header()
	name, password, given := c.Request().BasicAuth()
	if !given { // how a browser begins: this is no attempt
		h.Set("WWW-Authenticate", challenge)
		return ErrNotSignedIn
	}
	device := s.devices.of(c.Request())
	from := "device " + device
	if device == "" {
		from = networkOf(c.RealIP()).String()
	}
	delay, verdict := s.attempts.judge(from, s.knows(name, password))
	switch verdict {
	case welcome:
		return s.devices.keep(c, device)
	case tooMany:
		h.Set("Retry-After", strconv.Itoa(int((delay+time.Second-1)/time.Second)))
		return ErrTooManyAttempts
	default:
		wait(c.Request().Context(), delay) // who does not wait for his answer gains nothing, see attempts
		h.Set("WWW-Authenticate", challenge)
		return ErrNotSignedIn
	}
}

// challenge makes a browser ask for a password.
const challenge = `Basic realm="Sneakers23 dashboard", charset="UTF-8"`

// knows takes the same time for every name and password of a length.
func (s *SignIn) knows(name, password string) bool {
	n, p := sha256.Sum256([]byte(name)), sha256.Sum256([]byte(password))
	return subtle.ConstantTimeCompare(n[:], s.user[:])&subtle.ConstantTimeCompare(p[:], s.password[:]) == 1
}

// networkOf is who an address counts as: itself or, as one household has more of these than could be counted, all of the
// /64 that it is in. What is no address counts as one, too.
func networkOf(address string) netip.Prefix {
	a, err := netip.ParseAddr(address)
	if err != nil {
		return netip.Prefix{}
	}
	a = a.Unmap().WithZone("")
	bits := a.BitLen()
	if a.Is6() {
		bits = 64
	}
	network, _ := a.Prefix(bits) // bits fit
	return network
}
