package channel

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
)

// poller is a long-poll client: it asks in raw requests.
type poller struct {
	t      testing.TB
	http   *http.Client
	url    string // with the query that it connects with
	header http.Header
	token  string
	inbox  []string // polled, and not yet wanted
}

// pollAnswer is what stands in the body of an answer.
type pollAnswer struct {
	Status   int      `json:"status"`
	Token    string   `json:"token"`
	Messages []string `json:"messages"`
}

// stranger is a poller that has no session yet.
func (s *site) stranger(t testing.TB, query string) *poller {
	return &poller{t: t, http: s.http.Client(), url: s.http.URL + "/socket/longpoll" + query, header: http.Header{}}
}

// poller opens a session.
func (s *site) poller(t testing.TB, vsn string) *poller {
	t.Helper()
	p := s.stranger(t, "?vsn="+vsn)
	p.open()
	return p
}

// poller opens a session over pipes.
func (b *bubble) poller() *poller {
	b.t.Helper()
	transport := &http.Transport{DialContext: func(context.Context, string, string) (net.Conn, error) {
		ours, theirs := net.Pipe()
		b.pipes.conns <- theirs
		return ours, nil
	}}
	b.t.Cleanup(transport.CloseIdleConnections)
	p := &poller{
		t: b.t, http: &http.Client{Transport: transport}, url: "http://bubble/socket/longpoll?vsn=2.0.0",
		header: http.Header{},
	}
	p.open()
	return p
}

// ask makes a request, and expects what is common to all answers.
func (p *poller) ask(method, contentType, body string) string {
	p.t.Helper()
	text, err := p.try(p.t.Context(), method, contentType, body)
	if err != nil {
		p.t.Error(err)
	}
	return text
}

func (p *poller) try(ctx context.Context, method, contentType, body string) (string, error) {
	address := p.url
	if p.token != "" {
		address += "&token=" + url.QueryEscape(p.token)
	}
	r, err := http.NewRequestWithContext(ctx, method, address, strings.NewReader(body))
	if err != nil {
		return "", err
	}
	r.Header = p.header.Clone()
	if contentType != "" {
		r.Header.Set("Content-Type", contentType)
	}
	response, err := p.http.Do(r)
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if response.StatusCode != 200 || response.Header.Get("Cache-Control") != "no-store" ||
		response.Header.Get("Content-Type") != "application/json" {
		return string(text), fmt.Errorf("status %d, headers %v", response.StatusCode, response.Header)
	}
	return string(text), err
}

// poll polls once.
func (p *poller) poll() pollAnswer {
	p.t.Helper()
	return p.understand(p.ask("GET", "", ""))
}

func (p *poller) understand(text string) (a pollAnswer) {
	p.t.Helper()
	if err := json.Unmarshal([]byte(text), &a); err != nil {
		p.t.Errorf("%v in %s", err, text)
	}
	return a
}

// open begins a session.
func (p *poller) open() {
	p.t.Helper()
	a := p.poll()
	if a.Status != 410 || a.Token == "" || a.Messages == nil || len(a.Messages) > 0 {
		p.t.Fatalf("opened with %+v", a)
	}
	p.token = a.Token
}

// publish sends one message, as older clients do.
func (p *poller) publish(message string) {
	p.t.Helper()
	p.wantStatus("application/json", message, 200)
}

// publishAll sends many, as phoenix.js does.
func (p *poller) publishAll(messages ...string) {
	p.t.Helper()
	p.wantStatus("application/x-ndjson", strings.Join(messages, "\n"), 200)
}

func (p *poller) wantStatus(contentType, body string, status int) {
	p.t.Helper()
	if got, want := p.ask("POST", contentType, body), fmt.Sprintf(`{"status":%d}`, status); got != want {
		p.t.Errorf("%.80q: got %s, want %s", body, got, want)
	}
}

// want expects the next messages to be these, byte by byte.
func (p *poller) want(messages ...string) {
	p.t.Helper()
	for len(p.inbox) < len(messages) {
		a := p.poll()
		if a.Status != 200 || len(a.Messages) == 0 || a.Token != p.token {
			p.t.Fatalf("polled %+v, wanted %q", a, messages)
		}
		p.inbox = append(p.inbox, a.Messages...)
	}
	if got := p.inbox[:len(messages)]; !slices.Equal(got, messages) {
		p.t.Fatalf("got  %.500q\nwant %.500q", got, messages)
	}
	p.inbox = p.inbox[len(messages):]
}

// join joins a topic with the refs "1" and "1".
func (p *poller) join(topic string) {
	p.t.Helper()
	p.publish(fmt.Sprintf(`["1","1",%q,"phx_join",{}]`, topic))
	p.want(fmt.Sprintf(`["1","1",%q,"phx_reply",{"status":"ok","response":{}}]`, topic))
}

// wantNothing expects that nothing comes before the answer to a heartbeat.
func (p *poller) wantNothing() {
	p.t.Helper()
	p.publish(`[null,"hb","phoenix","heartbeat",{}]`)
	p.want(`[null,"hb","phoenix","phx_reply",{"status":"ok","response":{}}]`)
}
