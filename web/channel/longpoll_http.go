package channel

import (
	"bytes"
	"context"
	"encoding/base64"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"sneakers23/web/ws"

	"github.com/gorilla/websocket"
)

// maxBatch is how many messages a POST may publish at once: as many as phoenix.js
// ever sends.
const maxBatch = 100

// serveLongPoll answers 200 whenever it answers in JSON, and the status is inside:
// proxies and browsers make nothing of it that way.
func (s *Server) serveLongPoll(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Add("Vary", "Origin")
	if !s.allowed(r) {
		s.cfg.Log.Debug("long-poll refused", "err", "this origin is not allowed")
		answerStatus(w, http.StatusForbidden)
		return
	}
	if origin := r.Header.Get("Origin"); origin != "" {
		w.Header().Set("Access-Control-Allow-Origin", origin)
	}
	switch r.Method {
	case http.MethodGet:
		s.servePoll(w, r)
	case http.MethodPost:
		s.servePublish(w, r)
	case http.MethodOptions:
		preflight(w, r)
	default:
		w.Header().Set("Allow", "GET, POST, OPTIONS")
		http.Error(w, http.StatusText(http.StatusMethodNotAllowed), http.StatusMethodNotAllowed)
	}
}

// preflight answers a browser that asks what a page of another origin, which is
// allowed, may send.
func preflight(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Access-Control-Allow-Methods", "GET, POST, OPTIONS")
	h.Set("Access-Control-Max-Age", "3600")
	if asked := r.Header.Values("Access-Control-Request-Headers"); len(asked) > 0 {
		h.Set("Access-Control-Allow-Headers", strings.Join(asked, ", "))
	}
	w.WriteHeader(http.StatusOK)
}

// servePoll answers a GET: with messages, or with a session to poll.
func (s *Server) servePoll(w http.ResponseWriter, r *http.Request) {
	// Longer than what the http.Server may allow for all other requests.
	http.NewResponseController(w).SetWriteDeadline(time.Now().Add(s.cfg.PollWait + s.cfg.WriteTimeout))
	if node, ok := s.elsewhere(sessionToken(r)); ok {
		if answer := s.pollElsewhere(r.Context(), node, sessionToken(r)); answer != nil {
			write(w, answer)
			return
		}
	}
	p := s.session(r)
	if !p.enter() {
		s.serveOpen(w, r)
		return
	}
	frames, gone := p.poll(r.Context(), "")
	p.leave()
	switch {
	case gone:
		s.serveOpen(w, r)
	case len(frames) == 0:
		answerPoll(w, http.StatusNoContent, p.token, nil)
	default:
		answerPoll(w, http.StatusOK, p.token, frames)
	}
}

// serveOpen opens a session. A server that is about to stop answers a client that had one with 410
// and not 403: the client may connect again, elsewhere.
func (s *Server) serveOpen(w http.ResponseWriter, r *http.Request) {
	if s.conns.Draining() && isSessionToken(sessionToken(r)) {
		answerPoll(w, http.StatusGone, "", nil)
		return
	}
	if s.isFull() {
		s.cfg.Log.Debug("connect refused", "err", "there are too many long-poll sessions")
		answerStatus(w, http.StatusForbidden)
		return
	}
	client := clientOf(s.cfg.Client, r)
	if !s.cfg.Polls.Acquire(client) {
		s.cfg.Log.Debug("connect refused", "err", "this client has too many long-poll sessions")
		answerStatus(w, http.StatusForbidden)
		return
	}
	open := false
	defer func() {
		if !open {
			s.cfg.Polls.Release(client)
		}
	}()
	who, err := s.connect(ConnectInfo{
		Params:    ownParams(r.URL.Query()),
		AuthToken: r.Header.Get("X-Phoenix-Authtoken"),
		Request:   r,
	})
	if err != nil {
		s.cfg.Log.Debug("connect refused", "err", err)
		answerStatus(w, http.StatusForbidden)
		return
	}
	who.client = client
	p := s.openLongPoll(who)
	if p == nil {
		answerStatus(w, http.StatusForbidden)
		return
	}
	open = true // from now on it is the session's to release
	answerPoll(w, http.StatusGone, p.token, nil)
}

// ownParams takes the token of a session that is gone out of a query. The rest is the
// application's.
func ownParams(query url.Values) url.Values {
	if all := query["token"]; len(all) > 0 && isSessionToken(all[len(all)-1]) {
		if query["token"] = all[:len(all)-1]; len(all) == 1 {
			query.Del("token")
		}
	}
	return query
}

// servePublish answers a POST.
func (s *Server) servePublish(w http.ResponseWriter, r *http.Request) {
	p := s.session(r)
	node, elsewhere := s.elsewhere(sessionToken(r))
	if p == nil && !elsewhere {
		answerStatus(w, http.StatusGone)
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, int64(s.cfg.MaxBody)))
	if err != nil {
		answerStatus(w, http.StatusBadRequest)
		return
	}
	kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	lines := kind == "application/x-ndjson"
	if p == nil {
		answer := s.ask(r.Context(), node, question{Token: sessionToken(r), Publish: true, Body: body, Lines: lines})
		if answer == nil {
			answer = statusBody(http.StatusGone)
		}
		write(w, answer)
		return
	}
	answerStatus(w, p.publishBody(r.Context(), body, lines))
}

// publishBody publishes what a body holds, and returns the status to answer with.
func (p *longPoll) publishBody(ctx context.Context, body []byte, lines bool) (status int) {
	batch, err := decodeBody(p.format, body, lines, p.srv.cfg.MaxFrame)
	if err != nil {
		return http.StatusBadRequest
	}
	if !p.enter() { // not before: a body that comes slowly is no sign of life
		return http.StatusGone
	}
	defer p.leave()
	return p.publish(ctx, batch)
}

// decodeBody reads one message, or one from each line. A line that begins like no
// text of any serializer is a binary message in base64. A carriage return at its end
// is white space to both.
func decodeBody(f serializer, body []byte, lines bool, maxFrame int) ([]*message, error) {
	if !lines {
		m, err := decodePart(f, websocket.TextMessage, body, maxFrame)
		return []*message{m}, err
	}
	body = bytes.TrimSuffix(body, []byte("\n"))
	if bytes.Count(body, []byte("\n")) >= maxBatch {
		return nil, errNoMessage
	}
	var batch []*message
	for line := range bytes.SplitSeq(body, []byte("\n")) {
		opcode := websocket.TextMessage
		if len(line) > 0 && strings.IndexByte("[{ \t", line[0]) < 0 {
			opcode = websocket.BinaryMessage
			decoded, err := base64.StdEncoding.AppendDecode(nil, line)
			if err != nil {
				return nil, errNoMessage
			}
			line = decoded
		}
		m, err := decodePart(f, opcode, line, maxFrame)
		if err != nil {
			return nil, err
		}
		batch = append(batch, m)
	}
	return batch, nil
}

func decodePart(f serializer, opcode int, data []byte, maxFrame int) (*message, error) {
	if len(data) > maxFrame {
		return nil, errNoMessage
	}
	return f.decode(opcode, data)
}

// answerStatus writes {"status":…}.
func answerStatus(w http.ResponseWriter, status int) { write(w, statusBody(status)) }

func statusBody(status int) []byte {
	return append(strconv.AppendInt([]byte(`{"status":`), int64(status), 10), '}')
}

// answerPoll writes the answer to a poll: {"status":…,"token":…,"messages":[…]}.
func answerPoll(w http.ResponseWriter, status int, token string, frames [][]byte) {
	write(w, pollBody(status, token, frames))
}

func pollBody(status int, token string, frames [][]byte) []byte {
	b := strconv.AppendInt([]byte(`{"status":`), int64(status), 10)
	b = appendString(append(b, `,"token":`...), token)
	b = append(b, `,"messages":[`...)
	for i, frame := range frames {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendFrame(b, frame)
	}
	return append(b, "]}"...)
}

// appendFrame appends a message as a JSON string. A binary one becomes base64, as
// clients send theirs.
func appendFrame(b, frame []byte) []byte {
	opcode, payload := ws.Open(frame)
	if opcode == websocket.BinaryMessage {
		b = base64.StdEncoding.AppendEncode(append(b, '"'), payload)
		return append(b, '"')
	}
	return appendString(b, string(payload))
}

func write(w http.ResponseWriter, body []byte) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.Write(body) // who is gone meanwhile is told by the next request
}
