package app_test

import (
	"context"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/gorilla/websocket"

	"sneakers23/app"
	"sneakers23/app/postgres/pgtest"
	"sneakers23/app/waittest"
)

// signIn asks for the dashboard, and returns the token that its page brings.
func signIn(t *testing.T, n *app.Node, password string) (status int, token string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, n.AdminURL(), nil)
	if err != nil {
		t.Fatal(err)
	}
	r.SetBasicAuth("admin", password)
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	if found := regexp.MustCompile(`name="admin-token" content="([^"]+)"`).FindSubmatch(body); found != nil {
		token = string(found[1])
	}
	return res.StatusCode, token
}

// TestPasswordIsMadeOnce starts a node that was given no password, twice, and then with one.
func TestPasswordIsMadeOnce(t *testing.T) {
	t.Parallel()
	cfg := config(t)
	var made string
	start := func(cfg app.Config) *app.Node {
		t.Helper()
		n, err := app.Start(t.Context(), cfg)
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	for range 2 {
		n := start(cfg)
		if made == "" {
			made = n.MadePassword()
		}
		if got := n.MadePassword(); got != made || len(got) < 16 {
			t.Errorf("the password is %q, want %q", got, made)
		}
		if status, token := signIn(t, n, made); status != http.StatusOK || token == "" {
			t.Errorf("signed in with %d, token %q", status, token)
		}
		if err := n.Stop(context.WithoutCancel(t.Context())); err != nil {
			t.Error(err)
		}
	}
	file := filepath.Join(cfg.DataDir, "admin-password")
	if fi, err := os.Stat(file); err != nil || fi.Mode().Perm() != 0o600 {
		t.Errorf("the file is %v, %v", fi, err)
	}
	cfg.AdminPassword = adminPassword
	n := start(cfg)
	if status, _ := signIn(t, n, adminPassword); status != http.StatusOK || n.MadePassword() != "" {
		t.Errorf("with the password that it was given: %d; it made %q", status, n.MadePassword())
	}
	if status, _ := signIn(t, n, made); status != http.StatusUnauthorized {
		t.Errorf("with the one that it made: %d", status)
	}
	if err := n.Stop(context.WithoutCancel(t.Context())); err != nil {
		t.Error(err)
	}
	cfg.AdminPassword = ""
	if err := os.WriteFile(file, []byte("short\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if n, err := app.Start(t.Context(), cfg); err == nil ||
		!strings.Contains(err.Error(), "delete it and a new one is made") {
		t.Errorf("with a damaged file: %v", err)
		if n != nil {
			_ = n.Stop(context.WithoutCancel(t.Context()))
		}
	}
}

// TestSecretsOfANodeAreItsOwn refuses to start with a secret that others on the machine may have
// read or written.
func TestSecretsOfANodeAreItsOwn(t *testing.T) {
	t.Parallel()
	cfg := config(t)
	n, err := app.Start(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	if err := n.Stop(context.WithoutCancel(t.Context())); err != nil {
		t.Fatal(err)
	}
	// no database is opened, or made, before the secrets are read
	cfg.DatabaseURL = "postgres://nobody@127.0.0.1:1/none"
	for _, name := range []string{"secret", "admin-password"} {
		file := filepath.Join(cfg.DataDir, name)
		if err := os.Chmod(file, 0o644); err != nil {
			t.Fatal(err)
		}
		n, err := app.Start(t.Context(), cfg)
		if err == nil || !strings.Contains(err.Error(), "`chmod 600 "+file+"`") {
			t.Errorf("%s: %v", name, err)
		}
		if n != nil {
			_ = n.Stop(context.WithoutCancel(t.Context()))
		}
		if err := os.Chmod(file, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// TestAdminSocketInACluster signs in at one node and goes on at the other: by WebSocket, and with a
// long-poll session of the first. Both are counted, and end when their node stops.
func TestAdminSocketInACluster(t *testing.T) {
	t.Parallel()
	db := pgtest.URL(t)
	first := startMember(t, clusterConfig(t, db, "node.0"))
	node, err := app.Start(t.Context(), clusterConfig(t, db, "node.1", first.ClusterAddress()))
	if err != nil {
		t.Fatal(err)
	}
	second := member{Node: node}
	stop := sync.OnceValue(func() error { return second.Stop(context.WithoutCancel(t.Context())) })
	t.Cleanup(func() { _ = stop() }) // for a test that fails before
	waittest.Until(t, "the nodes see each other", func() bool { return len(first.nodes(t, "")) == 2 })
	_, token := signIn(t, first.Node, adminPassword)
	own := "?vsn=2.0.0&token=" + url.QueryEscape(token)

	ws, resp, err := websocket.DefaultDialer.DialContext(t.Context(),
		strings.Replace(second.URL(), "http", "ws", 1)+"/admin_socket/websocket"+own, nil)
	if err != nil {
		t.Fatal(err, resp)
	}
	defer ws.Close()
	if err := ws.WriteMessage(websocket.TextMessage, []byte(`[null,"1","phoenix","heartbeat",{}]`)); err != nil {
		t.Fatal(err)
	}
	if _, frame, err := ws.ReadMessage(); err != nil || !strings.Contains(string(frame), `"ok"`) {
		t.Errorf("heartbeat: %s, %v", frame, err)
	}

	poll := "/admin_socket/longpoll" + own
	session := first.longPollAt(t, poll, "", "").Token
	if a := second.longPollAt(t, poll, session, `[null,"1","phoenix","heartbeat",{}]`); a.Status != http.StatusOK {
		t.Fatalf("published with %+v", a)
	}
	if a := second.longPollAt(t, poll, session, ""); a.Status != http.StatusOK || a.Token != session ||
		len(a.Messages) != 1 {
		t.Errorf("polled %+v", a)
	}
	if a := second.longPoll(t, session, ""); a.Status != http.StatusGone ||
		!strings.HasPrefix(a.Token, "phxlp.node.1.") {
		t.Errorf("as a shopper's, it was polled: %+v", a)
	}
	waittest.Until(t, "sockets are counted", func() bool {
		sockets := 0
		for _, n := range first.nodes(t, "") {
			sockets += n.Sockets
		}
		return sockets == 3 // the WebSocket, the admin's session, and the shopper's that has just begun
	})

	stopped := make(chan error, 1) // buffer 1: it ends even without a receiver
	go func() { stopped <- stop() }()
	if _, _, err := ws.ReadMessage(); !websocket.IsCloseError(err, websocket.CloseServiceRestart) {
		t.Errorf("the node stops, and its socket ends with %v", err)
	}
	if err := <-stopped; err != nil {
		t.Error(err)
	}
}

func TestPasswordForOthers(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		listen, password, want string
	}{
		{"127.0.0.1:4000", "", ""},
		{"localhost:4000", "", ""},
		{"127.0.0.1:4000", "hidden", "--admin-password is too short"},
		{"0.0.0.0:4000", "", "--listen 0.0.0.0:4000 is open to others: that needs an --admin-password of your own"},
		{":4000", "", "openssl rand"},
		{":4000", "hidden", "--admin-password is too short"},
		{":4000", adminPassword, ""},
	} {
		cfg := app.DefaultConfig()
		cfg.Listen, cfg.AdminPassword = tt.listen, tt.password
		cfg.Secrets = []string{"the secret that signs cookies and tokens"}
		err := cfg.Validate()
		if tt.want == "" && err != nil || tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)) {
			t.Errorf("%s with %q: %v, want %q", tt.listen, tt.password, err, tt.want)
		}
		if err != nil && strings.Contains(err.Error(), "hidden") {
			t.Errorf("the error tells the password: %v", err)
		}
	}
}
