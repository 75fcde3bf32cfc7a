package admin

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"

	"github.com/labstack/echo/v4"
)

// door is a SignIn with somebody behind it who counts.
type door struct {
	t       *testing.T
	handler echo.HandlerFunc
	let     int            // in
	jar     []*http.Cookie // that the next one brings
}

func newDoor(t *testing.T) *door {
	t.Helper()
	s, err := NewSignIn([]string{"secret"}, password)
	if err != nil {
		t.Fatal(err)
	}
	d := &door{t: t}
	d.handler = s.Guard(func(echo.Context) error { d.let++; return nil })
	return d
}

// knock sends a request from an address, and returns how long the answer took. Without a name it brings no password.
func (d *door) knock(ctx context.Context, from, name, password string) (http.Header, time.Duration, error) {
	d.t.Helper()
	r := httptest.NewRequestWithContext(ctx, http.MethodGet, "/admin", nil)
	r.RemoteAddr = from
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
			if _, took, err := d.knock(gone, "192.0.2.1:5000", user, "wrong"); !errors.Is(err, ErrNotSignedIn) || took != 0 {
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

// Who has been let in before is let in again, whoever guesses at his address, and is himself no better at guessing.
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
		time.Sleep(deviceAge - time.Second)
		if err := guess(); !errors.Is(err, ErrTooManyAttempts) {
			t.Fatal(err)
		}
		for name, value := range map[string]string{"made up": "AAAA", "another secret's": "x" + cookies[0].Value} {
			d.jar = []*http.Cookie{{Name: deviceCookie, Value: value}}
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
		time.Sleep(deviceAge - time.Second) // it is good for as long again
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

func TestNetworkOf(t *testing.T) {
	for _, tt := range []struct{ one, other string }{
		{"2001:db8:0:1::1", "2001:db8:0:1:ffff::2"},
		{"192.0.2.1", "::ffff:192.0.2.1"},
		{"fe80::1%eth0", "fe80::2%eth1"},
		{"nonsense", ""},
	} {
		if networkOf(tt.one) != networkOf(tt.other) {
			t.Errorf("%s and %s are not the same", tt.one, tt.other)
		}
	}
	for _, tt := range []struct{ one, other string }{
		{"2001:db8:0:1::1", "2001:db8:0:2::1"},
		{"192.0.2.1", "192.0.2.2"},
		{"::ffff:192.0.2.1", "::ffff:192.0.2.2"},
		{"::", "0.0.0.0"},
		{"", "0.0.0.0"},
	} {
		if networkOf(tt.one) == networkOf(tt.other) {
			t.Errorf("%s and %s are the same", tt.one, tt.other)
		}
	}
}

func TestEmptyPassword(t *testing.T) {
	if _, err := NewSignIn([]string{"secret"}, ""); err == nil {
		t.Error("an empty password opens the dashboard to everybody")
	}
}
