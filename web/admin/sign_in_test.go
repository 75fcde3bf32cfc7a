package admin

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/labstack/echo/v4"
)

// door is a SignIn in front of a handler that counts.
type door struct {
	t       *testing.T
	signIn  *SignIn
	handler echo.HandlerFunc
	log     bytes.Buffer   // of one who asks at a time
	let     int            // in
	jar     []*http.Cookie // that the next one brings
	header  http.Header    // of the next one, beside the usual
	scheme  string         // that the next one came by
}

func newDoor(t *testing.T) *door {
	t.Helper()
	d := &door{t: t, scheme: "http"}
	var err error
	d.signIn, err = NewSignIn(SignInConfig{
		Secrets: []string{"secret"}, Password: password, Log: slog.New(slog.NewTextHandler(&d.log, nil)),
		Scheme: func(*http.Request) string { return d.scheme },
	})
	if err != nil {
		t.Fatal(err)
	}
	d.handler = d.signIn.Guard(func(echo.Context) error { d.let++; return nil })
	return d
}

// knock sends a request from an address, and returns how long the answer took. Without a name it
// brings no password.
func (d *door) knock(ctx context.Context, from, name, password string) (http.Header, time.Duration, error) {
	d.t.Helper()
	r := httptest.NewRequestWithContext(ctx, http.MethodGet, "/admin", nil)
	r.RemoteAddr = from
	maps.Copy(r.Header, d.header)
	for _, cookie := range d.jar {
		r.AddCookie(cookie)
	}
	if name != "" {
		r.SetBasicAuth(name, password)
	}
	w := httptest.NewRecorder()
	began := time.Now()
	err := d.handler(echo.New().NewContext(r, w))
	return w.Result().Header, time.Since(began), err
}

func TestSignIn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDoor(t)
		const from = "192.0.2.1:5000"
		for range 10 { // browsers begin so: it counts for nothing
			h, took, err := d.knock(t.Context(), from, "", "")
			if !errors.Is(err, ErrNotSignedIn) || h.Get("WWW-Authenticate") != challenge || took != 0 {
				t.Fatalf("without a password: %v after %v, %v", err, took, h)
			}
		}
		for _, tt := range []struct {
			name, password string
			after          time.Duration
		}{
			{user, "wrong", 500 * time.Millisecond},
			{user, "", time.Second},
			{user, password + " ", 2 * time.Second},
			{"Admin", password, 4 * time.Second},
			{password, user, 8 * time.Second},
		} {
			h, took, err := d.knock(t.Context(), from, tt.name, tt.password)
			if !errors.Is(err, ErrNotSignedIn) || h.Get("WWW-Authenticate") != challenge || took != tt.after {
				t.Errorf("%s with %q: %v after %v, want %v; %v", tt.name, tt.password, err, took, tt.after, h)
			}
			if _, took, err := d.knock(t.Context(), from, user, password); err != nil || took != 0 {
				t.Errorf("the right password: %v after %v", err, took)
			}
		}
		if d.let != 5 {
			t.Errorf("%d were let in, want 5", d.let)
		}
	})
}

func TestWhoDoesNotWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDoor(t)
		gone, cancel := context.WithCancel(t.Context())
		cancel()
		for range mostAtOnce {
			if _, took, err := d.knock(gone, "192.0.2.1:5000", user, "wrong"); !errors.Is(err, ErrNotSignedIn) ||
				took != 0 {
				t.Errorf("%v after %v: the client is gone, and nobody waits", err, took)
			}
		}
		h, _, err := d.knock(t.Context(), "192.0.2.1:6000", user, password)
		if !errors.Is(err, ErrTooManyAttempts) || h.Get("Retry-After") != "1" || h.Get("WWW-Authenticate") != "" {
			t.Errorf("the fifth at once: %v, %v", err, h)
		}
		if _, _, err := d.knock(t.Context(), "192.0.2.2:5000", user, password); err != nil {
			t.Errorf("from another address: %v", err)
		}
		time.Sleep(time.Second)
		if _, _, err := d.knock(t.Context(), "192.0.2.1:6000", user, password); err != nil {
			t.Errorf("after Retry-After: %v", err)
		}
	})
}

// A browser that was let in before is let in again, whoever guesses from its address, and can guess
// no better itself.
func TestKnownDevice(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDoor(t)
		const from = "192.0.2.1:5000"
		h, _, err := d.knock(t.Context(), from, user, password)
		cookies := (&http.Response{Header: h}).Cookies()
		if err != nil || len(cookies) != 1 || !cookies[0].HttpOnly || cookies[0].Path != "/admin" {
			t.Fatalf("%v, cookies %v", err, cookies)
		}
		gone, cancel := context.WithCancel(t.Context())
		cancel()
		guess := func() (err error) {
			for range mostAtOnce + 1 {
				_, _, err = d.knock(gone, from, user, "wrong")
			}
			return err
		}
		time.Sleep(browserAge - time.Second)
		if err := guess(); !errors.Is(err, ErrTooManyAttempts) {
			t.Fatal(err)
		}
		for name, value := range map[string]string{"made up": "AAAA", "another secret's": "x" + cookies[0].Value} {
			d.jar = []*http.Cookie{{Name: browserCookie, Value: value}}
			if _, _, err := d.knock(t.Context(), from, user, password); !errors.Is(err, ErrTooManyAttempts) {
				t.Errorf("a cookie that is %s: %v", name, err)
			}
		}
		d.jar = cookies
		h, _, err = d.knock(t.Context(), from, user, password)
		d.jar = (&http.Response{Header: h}).Cookies()
		if err != nil || len(d.jar) != 1 {
			t.Fatalf("who was there before: %v, %v", err, h)
		}
		if err := guess(); !errors.Is(err, ErrTooManyAttempts) {
			t.Errorf("with a cookie one may guess: %v", err)
		}
		time.Sleep(browserAge - time.Second) // it is good for as long again
		renewed := d.jar
		d.jar = nil
		if err := guess(); !errors.Is(err, ErrTooManyAttempts) {
			t.Fatal(err)
		}
		d.jar = renewed
		if _, _, err := d.knock(t.Context(), from, user, password); err != nil {
			t.Errorf("long after: %v", err)
		}
	})
}

// Wrong passwords are logged with where they came from and how many there were, one line a minute;
// nothing else is.
func TestWrongPasswordsAreLogged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDoor(t)
		ctx, cancel := context.WithCancel(t.Context())
		served := make(chan error, 1)
		go func() { served <- d.signIn.Serve(ctx) }()
		const from, other = "192.0.2.1:5000", "[2001:db8::7]:5000"
		for range 20 {
			_, _, _ = d.knock(t.Context(), from, user, "wrong-horse")
		}
		_, _, _ = d.knock(t.Context(), other, user, "wrong-horse")
		_, _, _ = d.knock(t.Context(), "192.0.2.3:5000", user, password)
		_, _, _ = d.knock(t.Context(), "192.0.2.4:5000", "", "")
		time.Sleep(2 * time.Minute)
		synctest.Wait()
		cancel()
		<-served
		lines := strings.Split(strings.TrimSpace(d.log.String()), "\n")
		sum := 0
		for _, line := range lines {
			var count int
			if _, err := fmt.Sscanf(line[strings.Index(line, "count="):], "count=%d", &count); err != nil {
				t.Errorf("%v in %s", err, line)
			}
			if strings.Contains(line, "address=192.0.2.1 ") {
				sum += count
			} else if !strings.Contains(line, "address=2001:db8::/64 ") || count != 1 {
				t.Errorf("unexpected: %s", line)
			}
			if !strings.Contains(line, "level=WARN") || strings.Contains(line, "horse") {
				t.Errorf("got %s", line)
			}
		}
		if sum != 20 || len(lines) > 6 { // they take two and a half minutes, and one is of the other address
			t.Errorf("%d of 20 were counted, in these lines:\n%s", sum, d.log.String())
		}
	})
}

// The cookie goes back by https only if it came so, as those say who may be believed.
func TestDeviceCookieAsksForHTTPS(t *testing.T) {
	for scheme, want := range map[string]bool{"http": false, "https": true} {
		d := newDoor(t)
		d.scheme = scheme
		d.header = http.Header{"X-Forwarded-Proto": {"https"}} // anybody's word
		h, _, err := d.knock(t.Context(), "192.0.2.1:5000", user, password)
		cookies := (&http.Response{Header: h}).Cookies()
		if err != nil || len(cookies) != 1 || cookies[0].Secure != want {
			t.Errorf("%s: %v, %v", scheme, cookies, err)
		}
	}
}

func TestEmptyPassword(t *testing.T) {
	cfg := SignInConfig{
		Secrets: []string{"secret"}, Log: slog.New(slog.DiscardHandler),
		Scheme: func(*http.Request) string { return "http" },
	}
	if _, err := NewSignIn(cfg); err == nil {
		t.Error("an empty password opens the dashboard to everybody")
	}
}
