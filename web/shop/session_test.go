package shop

import (
	"crypto/tls"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"github.com/labstack/echo/v4"

	"sneakers23/web/webtest"
)

// cookieWith is a session cookie as the shop itself would set it.
func cookieWith(t testing.TB, s *Sessions, change func(session)) *http.Cookie {
	t.Helper()
	r, w := httptest.NewRequest("GET", "/", nil), httptest.NewRecorder()
	sess := s.load(r)
	change(sess)
	if err := s.save(w, r, sess); err != nil {
		t.Fatal(err)
	}
	return onlyCookie(t, w.Result())
}

func onlyCookie(t testing.TB, res *http.Response) *http.Cookie {
	t.Helper()
	cookies := res.Cookies()
	if len(cookies) != 1 {
		t.Fatalf("got cookies %v, want one", cookies)
	}
	return cookies[0]
}

func askSession(t testing.TB, pages *Pages, cookies ...*http.Cookie) (visitor, *http.Response) {
	t.Helper()
	res := visit(t, pages.Session, "", cookies...)
	var v visitor
	if err := json.Unmarshal([]byte(body(t, res)), &v); err != nil {
		t.Fatal(err)
	}
	if got := res.Header.Get("Cache-Control"); got != "no-store" {
		t.Errorf("Cache-Control is %q", got)
	}
	return v, res
}

func TestSessionMakesACartIDOnce(t *testing.T) {
	pages := newPages(t, webtest.NewShelf(webtest.Rows()))
	first, res := askSession(t, pages)
	if !regexp.MustCompile(`^[A-Za-z0-9+/]{64}$`).MatchString(first.CartID) {
		t.Errorf("cart id is %q", first.CartID)
	}
	cookie := onlyCookie(t, res)
	if !cookie.HttpOnly || cookie.SameSite != http.SameSiteLaxMode || cookie.Secure || cookie.Path != "/" {
		t.Errorf("cookie is %v", cookie)
	}
	again, res := askSession(t, pages, cookie)
	if again.CartID != first.CartID {
		t.Error("the cart id changed")
	}
	if len(res.Cookies()) != 0 {
		t.Error("a cookie was set that says nothing new")
	}
	other, _ := askSession(t, pages)
	if other.CartID == first.CartID {
		t.Error("two visitors have the same cart id")
	}
}

func TestSessionShape(t *testing.T) {
	pages := newPages(t, webtest.NewShelf(webtest.Rows()))
	cookie := cookieWith(t, pages.sessions, func(s session) {
		s.setCartID("ID")
		s.setFlash(&Flash{Kind: "info", Message: "Hello"})
	})
	res := visit(t, pages.Session, "", cookie)
	want := `{"cart_id":"ID","serialized_cart":null,"flash":{"kind":"info","message":"Hello"},"now":"TIME","order_number":null}`
	got := regexp.MustCompile(`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z`).ReplaceAllString(strings.TrimSpace(body(t,
		res)), "TIME")
	if got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	v, _ := askSession(t, pages, onlyCookie(t, res))
	if v.Flash != nil || v.CartID != "ID" {
		t.Errorf("got %+v, want the cart id and no flash", v)
	}
}

// A flash is shown once, by a page that must not be stored, whatever the browser holds.
func TestFlashIsShownOnce(t *testing.T) {
	pages := newPages(t, webtest.NewShelf(webtest.Rows()))
	shared := visit(t, pages.Home, "")
	for name, handler := range map[string]echo.HandlerFunc{"home": pages.Home, "product": pages.Product} {
		cookie := cookieWith(t, pages.sessions, func(s session) {
			s.setCartID("ID")
			s.setFlash(&Flash{Kind: "error", Message: "Your cart is <empty>"})
		})
		r := httptest.NewRequest("GET", "/", nil)
		r.AddCookie(cookie)
		r.Header.Set("If-None-Match", shared.Header.Get("Etag")+", *")
		w := httptest.NewRecorder()
		c := echo.New().NewContext(r, w)
		c.SetParamNames("sku")
		c.SetParamValues("SHU6000")
		if err := handler(c); err != nil {
			t.Fatal(err)
		}
		res := w.Result()
		if res.StatusCode != http.StatusOK || res.Header.Get("Cache-Control") != "no-store" ||
			res.Header.Get("Etag") != "" {
			t.Errorf("%s: got %d with %v", name, res.StatusCode, res.Header)
		}
		if !strings.Contains(body(t, res),
			`<div class="flash flash--error"><p class="flash__words">Your cart is &lt;empty&gt;</p></div>`) {
			t.Errorf("%s: the flash is not shown", name)
		}
		after := onlyCookie(t, res)
		next := visit(t, handler, "SHU6000", after)
		if next.Header.Get("Cache-Control") != "private, no-cache" || strings.Contains(body(t, next), "flash--error") {
			t.Errorf("%s: the flash is shown twice", name)
		}
		if v, _ := askSession(t, pages, after); v.CartID != "ID" {
			t.Errorf("%s: showing the flash lost the cart id", name)
		}
	}
}

// HEAD shows nothing, so it takes no flash away.
func TestHeadKeepsTheFlash(t *testing.T) {
	pages := newPages(t, webtest.NewShelf(webtest.Rows()))
	cookie := cookieWith(t, pages.sessions, func(s session) { s.setFlash(&Flash{Kind: "info", Message: "Hello"}) })
	for name, handler := range map[string]echo.HandlerFunc{"home": pages.Home, "session": pages.Session} {
		r, w := httptest.NewRequest("HEAD", "/", nil), httptest.NewRecorder()
		r.AddCookie(cookie)
		if err := handler(echo.New().NewContext(r, w)); err != nil {
			t.Fatal(err)
		}
		if cookies := w.Result().Cookies(); len(cookies) != 0 {
			t.Errorf("%s: HEAD set %v", name, cookies)
		}
	}
}

func TestSecretsRotate(t *testing.T) {
	sessions := func(secrets ...string) *Sessions {
		s, err := NewSessions(secrets, schemeOf)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	cookie := cookieWith(t, sessions("old"), func(s session) { s.setCartID("ID") })
	r := httptest.NewRequest("GET", "/", nil)
	r.AddCookie(cookie)
	if got := sessions("new", "old").load(r).cartID(); got != "ID" {
		t.Errorf("got %q with the old secret still listed", got)
	}
	if got := sessions("new").load(r).cartID(); got != "" {
		t.Errorf("got %q with the old secret gone", got)
	}
	rotated := httptest.NewRequest("GET", "/", nil)
	rotated.AddCookie(cookieWith(t, sessions("new", "old"), func(s session) { s.setCartID("ID") }))
	if got := sessions("new").load(rotated).cartID(); got != "ID" {
		t.Error("the first secret does not sign")
	}
	for _, bad := range [][]string{nil, {""}, {"a", ""}} {
		if _, err := NewSessions(bad, schemeOf); err == nil {
			t.Errorf("NewSessions(%q) has no complaint", bad)
		}
	}
}

// Values that another version of the program keeps in the session survive this one.
func TestSessionKeepsWhatItDoesNotKnow(t *testing.T) {
	pages := newPages(t, webtest.NewShelf(webtest.Rows()))
	cookie := cookieWith(t, pages.sessions, func(s session) { s.held.Values["later"] = "thing" })
	_, res := askSession(t, pages, cookie)
	r := httptest.NewRequest("GET", "/", nil)
	r.AddCookie(onlyCookie(t, res))
	if got := pages.sessions.load(r).word("later"); got != "thing" {
		t.Errorf("got %q", got)
	}
}

func TestBadCookiesAreNone(t *testing.T) {
	pages := newPages(t, webtest.NewShelf(webtest.Rows()))
	for _, value := range []string{"", "x", strings.Repeat("A", 5000), "MTIzfGZvb3xiYXI="} {
		cookie := &http.Cookie{Name: sessionName, Value: value}
		if res := visit(t, pages.Home, "", cookie); res.Header.Get("Cache-Control") != "private, no-cache" {
			t.Errorf("cookie %.10q: got a page of one's own", value)
		}
		if v, _ := askSession(t, pages, cookie); len(v.CartID) != 64 {
			t.Errorf("cookie %.10q: got cart id %q", value, v.CartID)
		}
	}
}

func TestCookieIsSecureUnderTLS(t *testing.T) {
	sessions, err := NewSessions([]string{"secret"}, schemeOf)
	if err != nil {
		t.Fatal(err)
	}
	r, w := httptest.NewRequest("GET", "/", nil), httptest.NewRecorder()
	r.TLS = new(tls.ConnectionState)
	if err := sessions.save(w, r, sessions.load(r)); err != nil {
		t.Fatal(err)
	}
	if !onlyCookie(t, w.Result()).Secure {
		t.Error("the cookie is not Secure")
	}
}
