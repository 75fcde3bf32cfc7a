package channel

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// Whatever a client has that is no session opens one, and says so in the same way.
func TestSessionOpens(t *testing.T) {
	site := start(t, Config{Node: "node-1", Routes: routeTo(&fake{})})
	opened := regexp.MustCompile(`^\{"status":410,"token":"(phxlp\.node-1\.[A-Z2-7]{26})","messages":\[\]\}$`)
	seen := make(map[string]bool)
	for _, query := range []string{
		"?vsn=2.0.0", "", "?vsn=1.0.0&token=", "?token=nonsense", "?token=phxlp.node-1.ABCDEFGHIJKLMNOPQRSTUVWXYZ",
		"?vsn=2.0.0&",
	} {
		text := site.stranger(t, query).ask("GET", "", "")
		token := opened.FindStringSubmatch(text)
		if token == nil || seen[token[1]] {
			t.Errorf("%s: got %s", query, text)
			continue
		}
		seen[token[1]] = true
	}
	if n := site.Sockets(); n != len(seen) {
		t.Errorf("%d sockets are open, want %d", n, len(seen))
	}
}

// The token in the header wins over those in the query, of which the last counts.
func TestSessionToken(t *testing.T) {
	site := start(t, Config{Routes: routeTo(&fake{})})
	a, b := site.poller(t, "2.0.0"), site.poller(t, "2.0.0")
	for _, test := range []struct {
		name, header, query string
		status              int
	}{
		{"query", "", "token=" + a.token, 200},
		{"behind an own one", "", "token=own&vsn=2.0.0&token=" + a.token, 200},
		{"before an own one", "", "token=" + a.token + "&token=own", 410},
		{"header", a.token, "", 200},
		{"header beside an own one", a.token, "token=own", 200},
		{"header wins", a.token, "token=" + b.token, 200},
		{"bad header wins", "nonsense", "token=" + a.token, 410},
	} {
		p := site.stranger(t, "?"+test.query)
		if test.header != "" {
			p.header.Set("x-phoenix-longpoll-token", test.header)
		}
		p.t = t
		p.wantStatus("", `[null,"1","phoenix","heartbeat",{}]`, test.status)
	}
	for range 5 { // as many as got 200: all of them a's
		a.want(`[null,"1","phoenix","phx_reply",{"status":"ok","response":{}}]`)
	}
}

// What Connect gets to see does not depend on the transport, and holds no token of a
// session.
func TestLongPollConnect(t *testing.T) {
	infos := make(chan ConnectInfo, 1)
	site := start(t, Config{
		Connect: func(info ConnectInfo) (any, error) { infos <- info; return nil, nil },
		Routes:  routeTo(&fake{}),
	})
	for _, test := range []struct {
		query string
		want  url.Values
	}{
		{"?vsn=2.0.0&user=ann", url.Values{"vsn": {"2.0.0"}, "user": {"ann"}}},
		{"?token=own&vsn=2.0.0&", url.Values{"vsn": {"2.0.0"}, "token": {"own"}}},
		{"?token=own&token=phxlp..GONE", url.Values{"token": {"own"}}},
		{"?token=phxlp..GONE", url.Values{}},
	} {
		p := site.stranger(t, test.query)
		p.header.Set("x-phoenix-authtoken", "secret")
		p.open()
		info := <-infos
		if fmt.Sprint(info.Params) != fmt.Sprint(test.want) || info.AuthToken != "secret" || info.Request == nil {
			t.Errorf("%s: got %v, token %q", test.query, info.Params, info.AuthToken)
		}
	}
}

// Refused is refused: phoenix.js knows no other status.
func TestLongPollRefused(t *testing.T) {
	site := start(t, Config{
		Connect: func(info ConnectInfo) (any, error) {
			switch info.Params.Get("user") {
			case "busy":
				return nil, &ConnectError{http.StatusTooManyRequests, "slow down"}
			case "bad":
				return nil, errors.New("who is that?")
			}
			return nil, nil
		},
		Routes: routeTo(&fake{}),
	})
	for _, query := range []string{"?vsn=3.0.0", "?vsn=", "?vsn=2.0.0&user=busy", "?vsn=2.0.0&user=bad"} {
		if got := site.stranger(t, query).ask("GET", "", ""); got != `{"status":403}` {
			t.Errorf("%s: got %s", query, got)
		}
	}
	if n := site.Sockets(); n != 0 {
		t.Errorf("%d sockets are open", n)
	}
	p := site.poller(t, "2.0.0")
	p.header.Set("Origin", "https://evil.example")
	for _, method := range []string{"GET", "POST", "OPTIONS"} {
		if got := p.ask(method, "", `[null,"1","phoenix","heartbeat",{}]`); got != `{"status":403}` {
			t.Errorf("%s from elsewhere: %s", method, got)
		}
	}
	p.header.Del("Origin")
	p.wantNothing()
}

func TestCORS(t *testing.T) {
	site := start(t, Config{Origins: []string{"https://shop.example"}, Routes: routeTo(&fake{})})
	for _, test := range []struct {
		method, origin string
		want           map[string]string
	}{
		{"OPTIONS", "https://shop.example", map[string]string{
			"Access-Control-Allow-Origin": "https://shop.example", "Access-Control-Allow-Methods": "GET, POST, OPTIONS",
			"Access-Control-Allow-Headers": "content-type, x-phoenix-authtoken", "Access-Control-Max-Age": "3600"}},
		{
			"OPTIONS", "https://evil.example",
			map[string]string{"Access-Control-Allow-Origin": "", "Access-Control-Allow-Methods": ""},
		},
		{"GET", "https://shop.example", map[string]string{"Access-Control-Allow-Origin": "https://shop.example"}},
		{"GET", site.http.URL, map[string]string{"Access-Control-Allow-Origin": site.http.URL}},
		{"GET", "https://evil.example", map[string]string{"Access-Control-Allow-Origin": ""}},
		{"GET", "", map[string]string{"Access-Control-Allow-Origin": ""}},
		{"POST", "https://shop.example", map[string]string{"Access-Control-Allow-Origin": "https://shop.example"}},
		{"PUT", "", map[string]string{"Allow": "GET, POST, OPTIONS"}},
	} {
		r, _ := http.NewRequest(test.method, site.http.URL+"/socket/longpoll?vsn=2.0.0", nil)
		if test.origin != "" {
			r.Header.Set("Origin", test.origin)
		}
		if test.method == "OPTIONS" {
			r.Header.Set("Access-Control-Request-Method", "POST")
			r.Header.Set("Access-Control-Request-Headers", "content-type, x-phoenix-authtoken")
		}
		response, err := site.http.Client().Do(r)
		if err != nil {
			t.Fatal(err)
		}
		io.Copy(io.Discard, response.Body)
		response.Body.Close()
		if status := map[bool]int{false: 200, true: 405}[test.method == "PUT"]; response.StatusCode != status {
			t.Errorf("%s from %q: status %d, want %d", test.method, test.origin, response.StatusCode, status)
		}
		if response.Header.Get("Vary") != "Origin" || response.Header.Get("Cache-Control") != "no-store" {
			t.Errorf("%s from %q: headers %v", test.method, test.origin, response.Header)
		}
		for name, want := range test.want {
			if got := response.Header.Get(name); got != want {
				t.Errorf("%s from %q: %s %q, want %q", test.method, test.origin, name, got, want)
			}
		}
	}
}

func TestPublish(t *testing.T) {
	const heartbeat = `[null,"1","phoenix","heartbeat",{}]`
	const answer = `[null,"1","phoenix","phx_reply",{"status":"ok","response":{}}]`
	const lines, large = "application/x-ndjson", 1000
	hundred := strings.Repeat(heartbeat+"\n", 100)
	// its lengths are wrong
	binary := base64.StdEncoding.EncodeToString([]byte("\x00\x00\x011\x07\x09phoenixheartbeat"))
	goodBinary := base64.StdEncoding.EncodeToString([]byte("\x00\x00\x01\x07\x091phoenixheartbeat"))
	site := start(t, Config{MaxFrame: large, MaxBody: 10 * large, Routes: routeTo(&fake{})})
	for _, test := range []struct {
		name, kind, body string
		status, answers  int
	}{
		{"one", "", heartbeat, 200, 1},
		{"one as JSON", "application/json", heartbeat, 200, 1},
		{"one over several lines", "text/plain;charset=UTF-8", strings.ReplaceAll(heartbeat, ",", ",\n"), 200, 1},
		{"one line", lines, heartbeat, 200, 1},
		{"lines", lines, heartbeat + "\n" + heartbeat, 200, 2},
		{
			"lines of Windows", lines + "; charset=utf-8",
			heartbeat + "\r\n  " + heartbeat + "\r\n" + goodBinary + "\r\n", 200, 3,
		},
		{"a hundred", lines, hundred, 200, 100},
		{"a hundred, no newline at the end", lines, hundred[:len(hundred)-1], 200, 100},
		{"a hundred and one", lines, hundred + heartbeat, 400, 0},
		{"binary", lines, goodBinary, 200, 1},
		{"binary among text", lines, heartbeat + "\n" + goodBinary + "\n" + heartbeat, 200, 3},
		{"binary garbage", lines, heartbeat + "\n" + binary, 400, 0},
		{"binary alone, not as lines", "", goodBinary, 400, 0},
		{"no base64", lines, heartbeat + "\nnonsense!", 400, 0},
		{"empty", "", "", 400, 0},
		{"no lines", lines, "", 400, 0},
		{"an empty line", lines, heartbeat + "\n\n" + heartbeat, 400, 0},
		{"nonsense", "", "nonsense", 400, 0},
		{"two as one", "", heartbeat + "\n" + heartbeat, 400, 0},
		{"the last is none", lines, heartbeat + "\n" + heartbeat + "\n[]", 400, 0},
		{"not UTF-8", "", `[null,"1","phoenix","heartbeat","` + "\xff" + `"]`, 400, 0},
		{
			"a large one", "", `[null,"1","phoenix","heartbeat","` +
				strings.Repeat("x", large-len(`[null,"1","phoenix","heartbeat",""]`)) + `"]`, 200, 1,
		},
		{"too large", "", `[null,"1","phoenix","heartbeat","` + strings.Repeat("x", large) + `"]`, 400, 0},
		{
			"too large in base64", lines,
			base64.StdEncoding.EncodeToString([]byte("\x00\x00\x01\x07\x091phoenixheartbeat" +
				strings.Repeat("x", large))), 400, 0,
		},
		{"too large a body", lines, strings.Repeat(heartbeat+strings.Repeat(" ", 500)+"\n", 20), 400, 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			p := site.poller(t, "2.0.0")
			p.wantStatus(test.kind, test.body, test.status)
			p.want(slices.Repeat([]string{answer}, test.answers)...)
			p.publish(`[null,"end","phoenix","heartbeat",{}]`) // the session lives, and nothing more was taken
			p.want(`[null,"end","phoenix","phx_reply",{"status":"ok","response":{}}]`)
		})
	}
	site.stranger(t, "?vsn=2.0.0").wantStatus("", "nonsense", 410)
}

// Messages are dispatched in the order of their lines.
func TestPublishInOrder(t *testing.T) {
	site := start(t, Config{Routes: routeTo(&fake{in: echo})})
	p := site.poller(t, "1.0.0")
	p.publishAll(
		`{"topic":"room:a","event":"phx_join","payload":{},"ref":"1"}`,
		`{"topic":"room:a","event":"echo","payload":{"n":2},"ref":"2"}`,
		`{"topic":"room:a","event":"shout","payload":{"n":3},"ref":"3"}`,
		`{"topic":"room:a","event":"phx_leave","payload":{},"ref":"4"}`)
	p.want(`{"topic":"room:a","event":"phx_reply","payload":{"status":"ok","response":{}},"ref":"1"}`,
		`{"topic":"room:a","event":"phx_reply","payload":{"status":"ok","response":{"n":2}},"ref":"2"}`,
		`{"topic":"room:a","event":"shouted","payload":{"n":3},"ref":null}`,
		`{"topic":"room:a","event":"phx_reply","payload":{"status":"ok","response":{}},"ref":"4"}`,
		`{"topic":"room:a","event":"phx_close","payload":{},"ref":null}`)
}

// Bytes go both ways in base64.
func TestBinaryByLongPoll(t *testing.T) {
	site := start(t, Config{Routes: routeTo(&fake{in: bytesChannel})})
	p, other := site.poller(t, "2.0.0"), site.dial()
	p.join("room:a")
	other.join("room:a")
	encode := func(frame string) string { return base64.StdEncoding.EncodeToString([]byte(frame)) }
	p.publishAll(encode("\x00\x01\x01\x06\x0413room:aecho\x00\xff"),
		encode("\x00\x01\x01\x06\x0513room:ashout\x00\xff"))
	p.want(encode("\x01\x01\x01\x06\x0213room:aok\x00\xff"), encode("\x02\x06\x07room:ashouted\x00\xff"))
	other.want("\x02\x06\x07room:ashouted\x00\xff")
}

// The two transports share topics and broadcasts.
func TestTransportsHearEachOther(t *testing.T) {
	site := start(t, Config{Routes: routeTo(&fake{in: echo})})
	p, c := site.poller(t, "2.0.0"), site.dial()
	p.join("room:a")
	c.join("room:a")
	long := strings.Repeat("x", 70_000) // each form of header
	for _, text := range []string{"x", long[:200], long[:60_000]} {
		c.send(`["1","2","room:a","shout",%q]`, text)
		c.want(fmt.Sprintf(`[null,null,"room:a","shouted",%q]`, text))
		p.want(fmt.Sprintf(`[null,null,"room:a","shouted",%q]`, text))
	}
	site.cfg.PubSub.Broadcast("room:a", "shouted", long)
	c.want(fmt.Sprintf(`[null,null,"room:a","shouted",%q]`, long))
	p.want(fmt.Sprintf(`[null,null,"room:a","shouted",%q]`, long))
	p.publish(`["1","2","room:a","whisper",{}]`)
	c.want(`[null,null,"room:a","whispered",{}]`)
	p.wantNothing()
}

// FuzzLongPollBody holds the reading of a body against that of its lines.
func FuzzLongPollBody(f *testing.F) {
	for _, seed := range []string{
		`[null,"1","phoenix","heartbeat",{}]`, "[null,\"1\",\"t\",\"e\",{}]\n[null,\"1\",\"t\",\"e\",{}]\r\n",
		"AAABBwkxcGhvZW5peGhlYXJ0YmVhdA==\n[]",
		"AAABBwkxcGhvZW5peGhlYXJ0YmVhdA==", `{"topic":"t","event":"e","payload":{},"ref":"1"}`, "", "\n", "\n\n",
		strings.Repeat("[1,2,\"t\",\"e\",3]\n", 101),
	} {
		f.Add([]byte(seed), true, true)
		f.Add([]byte(seed), true, false)
		f.Add([]byte(seed), false, true)
	}
	const maxFrame = 1000
	f.Fuzz(func(t *testing.T, body []byte, lines, second bool) {
		var speaks serializer = v1{}
		if second {
			speaks = v2{}
		}
		before := bytes.Clone(body)
		batch, err := decodeBody(speaks, body, lines, maxFrame)
		if !bytes.Equal(before, body) {
			t.Fatal("the body was changed")
		}
		if err != nil {
			if !errors.Is(err, errNoMessage) && !errors.Is(err, errNotUTF8) {
				t.Fatalf("unknown error %v", err)
			}
			return
		}
		parts := [][]byte{body}
		if lines {
			parts = bytes.Split(bytes.TrimSuffix(body, []byte("\n")), []byte("\n"))
		}
		if len(batch) != len(parts) || len(batch) > maxBatch {
			t.Fatalf("%d messages of %d parts", len(batch), len(parts))
		}
		for i, m := range batch {
			part := bytes.TrimSuffix(parts[i], []byte("\r"))
			text := bytes.HasPrefix(bytes.TrimLeft(part, " \t\r\n"), []byte{
				map[bool]byte{false: '{', true: '['}[second],
			})
			if text != (m.binary == nil) || text && len(part) > maxFrame || len(m.binary) > maxFrame ||
				len(m.payload) == 0 {
				t.Fatalf("%q became %+v", part, m)
			}
		}
	})
}
