package app_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"

	"sneakers23/app"
	"sneakers23/app/postgres/pgtest"
	"sneakers23/app/waittest"
)

// pollAnswer is what stands in the body of an answer to a long-poll.
type pollAnswer struct {
	Status   int
	Token    string
	Messages []string
}

// longPoll polls a shopper's session through this node, or publishes a message if there is one.
func (m member) longPoll(t *testing.T, token, message string) pollAnswer {
	t.Helper()
	return m.longPollAt(t, "/product_socket/longpoll?vsn=2.0.0", token, message)
}

// longPollAt is longPoll for a session of any socket.
func (m member) longPollAt(t *testing.T, address, token, message string) (a pollAnswer) {
	t.Helper()
	method := http.MethodGet
	if message != "" {
		method = http.MethodPost
	}
	address = m.URL() + address
	if token != "" {
		address += "&token=" + url.QueryEscape(token)
	}
	r, err := http.NewRequestWithContext(t.Context(), method, address, strings.NewReader(message))
	if err != nil {
		t.Fatal(err)
	}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if err := json.NewDecoder(res.Body).Decode(&a); err != nil {
		t.Fatal(err)
	}
	return a
}

// TestAnyNodeIsPolled opens a session at one node and uses it through the other, which opens a new
// one when the first is gone.
func TestAnyNodeIsPolled(t *testing.T) {
	t.Parallel()
	db := pgtest.URL(t)
	first, err := app.Start(t.Context(), clusterConfig(t, db, "node.0"))
	if err != nil {
		t.Fatal(err)
	}
	stop := sync.OnceValue(func() error { return first.Stop(context.WithoutCancel(t.Context())) })
	t.Cleanup(func() { _ = stop() }) // for a test that fails before
	second := startMember(t, clusterConfig(t, db, "node.1", first.ClusterAddress()))
	waittest.Until(t, "the nodes see each other", func() bool { return len(second.nodes(t, "")) == 2 })

	token := member{Node: first}.longPoll(t, "", "").Token
	if a := second.longPoll(t, token, `["1","1","product:1","phx_join",{}]`); a.Status != http.StatusOK {
		t.Fatalf("published with %+v", a)
	}
	a := second.longPoll(t, token, "")
	if a.Status != http.StatusOK || a.Token != token || len(a.Messages) == 0 ||
		!strings.Contains(a.Messages[0], `"phx_reply"`) {
		t.Fatalf("polled %+v", a)
	}
	if err := stop(); err != nil {
		t.Error(err)
	}
	if a := second.longPoll(t, token, `[null,"2","phoenix","heartbeat",{}]`); a.Status != http.StatusGone {
		t.Errorf("the first node is gone: published with %+v", a)
	}
	if a := second.longPoll(t, token, ""); a.Status != http.StatusGone || !strings.HasPrefix(a.Token, "phxlp.node.1.") {
		t.Errorf("the first node is gone: polled %+v, want a new session", a)
	}
}
