package web

import (
	"encoding/base64"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"sneakers23/web/admin"
	"sneakers23/web/channel"
	"sneakers23/web/forwarded"
	"sneakers23/web/webtest"
)

const adminPassword = "of whom the shop is"

// newStaffedSite has a dashboard, and believes the peer of httptest's requests.
func newStaffedSite(t *testing.T) site {
	t.Helper()
	tokens, err := admin.NewTokens([]string{"secret"}, adminPassword)
	if err != nil {
		t.Fatal(err)
	}
	proxies, err := forwarded.Parse([]string{"192.0.2.1"})
	if err != nil {
		t.Fatal(err)
	}
	signIn, err := admin.NewSignIn(admin.SignInConfig{
		Secrets: []string{"a secret of the test"}, Password: adminPassword, Scheme: proxies.Scheme,
		Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	socket, err := channel.New(channel.Config{Connect: tokens.Connect, Routes: admin.Routes(tokens, nil, nil, nil)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(socket.Close)
	return newSite(t, func(c *Config) {
		c.Admin = admin.NewPages(webtest.NewShelf(webtest.Rows()), c.Templates,
			func(name string) (string, error) { return "/assets/" + name, nil }, signIn, tokens)
		c.AdminSocket, c.Proxies = socket, proxies
	})
}

func basic(name, password string) string {
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(name+":"+password))
}

func TestDashboardIsBehindAPassword(t *testing.T) {
	t.Parallel()
	s := newStaffedSite(t)
	for _, method := range []string{"GET", "HEAD"} {
		res, _ := s.ask(method, "/admin")
		if res.StatusCode != http.StatusUnauthorized ||
			!strings.HasPrefix(res.Header.Get("WWW-Authenticate"), "Basic realm=") ||
			res.Header.Get("Cache-Control") != "no-store" {
			t.Errorf("%s without a password: %d %v", method, res.StatusCode, res.Header)
		}
	}
	if _, body := s.ask("GET", "/admin"); !strings.Contains(body, "For the staff of the shop") ||
		strings.Contains(body, "admin-token") {
		t.Errorf("without a password: %s", body)
	}
	res, body := s.ask("GET", "/admin", "Authorization", basic("admin", adminPassword))
	if res.StatusCode != http.StatusOK || !strings.Contains(body, `<meta name="admin-token" content="`) ||
		!strings.Contains(body, `<main class="site-main" id="dashboard">`) {
		t.Errorf("with the password: %d %s", res.StatusCode, body)
	}
	for name, want := range map[string]string{
		"Cache-Control": "no-store", "Referrer-Policy": "same-origin",
		"Content-Security-Policy": contentSecurityPolicy[0], "Etag": "",
	} {
		if got := res.Header.Get(name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	if !strings.Contains(body, `<meta name="robots" content="noindex, nofollow">`) {
		t.Error("the page may be indexed")
	}
	if res, _ := s.ask("POST", "/admin", "Authorization",
		basic("admin", adminPassword)); res.StatusCode != http.StatusMethodNotAllowed {
		t.Errorf("POST: %d", res.StatusCode)
	}
}

// TestGuessesAreCountedForTheClient lets two clients of one proxy guess.
func TestGuessesAreCountedForTheClient(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStaffedSite(t)
		guess := func(client, password string) (int, time.Duration) {
			began := time.Now()
			res, _ := s.ask("GET", "/admin", "Authorization", basic("admin", password), "X-Forwarded-For", client)
			return res.StatusCode, time.Since(began)
		}
		for i, client := range []string{"203.0.113.1", "203.0.113.1", "203.0.113.2", "203.0.113.1", "203.0.113.1"} {
			want := []time.Duration{500, 1000, 500, 2000, 4000}[i] * time.Millisecond
			if code, took := guess(client, "a wrong guess"); code != http.StatusUnauthorized || took != want {
				t.Errorf("guess %d: %d after %v, want 401 after %v", i, code, took, want)
			}
		}
		if code, took := guess("203.0.113.1", adminPassword); code != http.StatusOK || took != 0 {
			t.Errorf("the right password: %d after %v", code, took)
		}
		codes := make(chan int, 8) // one for each
		for range cap(codes) {
			go func() {
				code, _ := guess("203.0.113.3", "a wrong guess")
				codes <- code
			}()
		}
		count := map[int]int{}
		for range cap(codes) {
			count[<-codes]++
		}
		if count[http.StatusUnauthorized] != 4 || count[http.StatusTooManyRequests] != 4 {
			t.Errorf("eight at once: %v", count)
		}
		for _, secret := range []string{"a wrong guess", adminPassword, basic("admin", adminPassword)} {
			if strings.Contains(s.log.String(), secret) {
				t.Errorf("the log tells %q", secret)
			}
		}
	})
}

func TestAdminSocketWantsAToken(t *testing.T) {
	t.Parallel()
	s := newStaffedSite(t)
	if res, _ := s.ask("GET", "/admin_socket/websocket?vsn=2.0.0", "Connection", "Upgrade", "Upgrade", "websocket",
		"Sec-WebSocket-Version", "13", "Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==",
	); res.StatusCode != http.StatusForbidden {
		t.Errorf("WebSocket: %d, want 403", res.StatusCode)
	}
	if res, body := s.ask("GET", "/admin_socket/longpoll?vsn=2.0.0"); res.StatusCode != http.StatusOK ||
		!strings.Contains(body, `"status":403`) {
		t.Errorf("long-poll: %d %s", res.StatusCode, body)
	}
	_, body := s.ask("GET", "/admin", "Authorization", basic("admin", adminPassword))
	_, token, _ := strings.Cut(body, `name="admin-token" content="`)
	token, _, _ = strings.Cut(token, `"`)
	if _, body := s.ask("GET", "/admin_socket/longpoll?vsn=2.0.0&token="+token); !strings.Contains(body,
		`"status":410`) {
		t.Errorf("long-poll with the page's token: %s", body)
	}
	if strings.Contains(s.log.String(), token) {
		t.Error("the log tells the token")
	}
}

// TestPreview shows any product to admins alone, without a script and with sizes that do nothing.
func TestPreview(t *testing.T) {
	t.Parallel()
	s := newStaffedSite(t)
	if res, body := s.ask("GET", "/admin/products/SHU6000"); res.StatusCode != http.StatusUnauthorized ||
		strings.Contains(body, "Hop Man 3") {
		t.Errorf("without a password: %d %s", res.StatusCode, body)
	}
	res, body := s.ask("GET", "/admin/products/shu6000", "Authorization", basic("admin", adminPassword))
	if res.StatusCode != http.StatusOK || !strings.Contains(body, "This is a preview") ||
		strings.Contains(body, "<script") || !strings.Contains(body, "<div inert>") ||
		res.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("with the password: %d %v %s", res.StatusCode, res.Header, body)
	}
	if res, _ := s.ask("GET", "/admin/products/NOPE", "Authorization", basic("admin", adminPassword)); res.StatusCode !=
		http.StatusNotFound {
		t.Errorf("an unknown product: %d", res.StatusCode)
	}
}

// TestNoDashboard serves a shop that was given none.
func TestNoDashboard(t *testing.T) {
	s := newSite(t, nil)
	for _, path := range []string{"/admin", "/admin_socket/websocket", "/admin_socket/longpoll"} {
		if res, _ := s.ask("GET", path, "Authorization",
			basic("admin", adminPassword)); res.StatusCode != http.StatusNotFound {
			t.Errorf("%s: %d, want 404", path, res.StatusCode)
		}
	}
}
