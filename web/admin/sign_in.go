package admin

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"log/slog"
	"net/http"
	"net/netip"
	"strconv"
	"time"

	"github.com/labstack/echo/v4"

	"sneakers23/app/sleep"
	"sneakers23/web/quota"
	"sneakers23/web/tally"
)

var (
	// ErrNotSignedIn says that a request brought no password, or a wrong one.
	ErrNotSignedIn = errors.New("admin: not signed in")
	// ErrTooManyAttempts says that wrong passwords came from the same address just now, as many as
	// may at a time.
	ErrTooManyAttempts = errors.New("admin: too many attempts to sign in")
)

// user is the one who signs in.
const user = "admin"

// SignIn lets the user admin in, by HTTP basic auth. The right password is answered at once, a
// wrong one after a delay, which grows with the failures of its address. A client that guesses
// without a pause keeps others of its address waiting, except browsers that were let in before.
// Other addresses are not affected: see attempts and browsers.
//
// Wrong passwords are logged, one line a minute for each address, with their count; a password
// never is. It is a service: Serve logs the counts.
type SignIn struct {
	user, password [sha256.Size]byte // hashes, which are all of one length
	attempts       attempts
	browsers       browsers
	wrong          *tally.Tally
}

// SignInConfig is what a SignIn is made of. All of it must be there.
type SignInConfig struct {
	Secrets  []string                   // the first signs what a browser is known by, and all verify it
	Password string                     // of the user admin
	Scheme   func(*http.Request) string // how a browser asked, "http" or "https"
	Log      *slog.Logger
}

// NewSignIn lets those in who know the password.
func NewSignIn(cfg SignInConfig) (*SignIn, error) {
	if cfg.Scheme == nil || cfg.Log == nil {
		return nil, errors.New("admin: SignInConfig.Scheme and Log must be set")
	}
	known, err := codecs(cfg.Secrets, cfg.Password, "sneakers23 admin device", browserAge)
	if err != nil {
		return nil, err
	}
	return &SignIn{
		user: sha256.Sum256([]byte(user)), password: sha256.Sum256([]byte(cfg.Password)),
		browsers: browsers{known, cfg.Scheme},
		wrong: tally.New(func(client netip.Prefix, count int) {
			cfg.Log.Warn("wrong password for the dashboard", "address", quota.Name(client), "count", count)
		}),
	}, nil
}

// String names the service in logs.
func (s *SignIn) String() string { return "admin.SignIn" }

// Serve logs wrong passwords that were not logged when they came, until ctx ends.
func (s *SignIn) Serve(ctx context.Context) error { return s.wrong.Serve(ctx) }

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
	device := s.browsers.of(c.Request())
	client := quota.Parse(c.RealIP())
	from := "device " + device
	if device == "" {
		from = client.String()
	}
	delay, verdict := s.attempts.judge(from, s.knows(name, password))
	switch verdict {
	case welcome:
		return s.browsers.keep(c, device)
	case tooMany:
		h.Set("Retry-After", strconv.Itoa(int((delay+time.Second-1)/time.Second)))
		return ErrTooManyAttempts
	default:
		s.wrong.Note(client)
		_ = sleep.For(c.Request().Context(), delay) // who does not wait for his answer gains nothing, see attempts
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
