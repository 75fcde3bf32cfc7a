package channel

import (
	"encoding/json"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/gorilla/websocket"
)

// ServeHTTP serves a reader: a stream until it ends, a WebSocket until the handshake
// is over; from then on it is the feed's. HEAD is answered as GET would be, without a
// stream.
func (f *Feed) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Add("Vary", "Accept, Origin")
	if !originAllowed(r, f.origins, f.cfg.Scheme) {
		f.refuse(w, r, &ConnectError{http.StatusForbidden, "this origin is not allowed"})
		return
	}
	if origin := r.Header.Get("Origin"); origin != "" {
		w.Header().Set("Access-Control-Allow-Origin", origin)
	}
	topics, err := f.ask(r)
	switch {
	case err != nil:
		f.refuse(w, r, err)
	case websocket.IsWebSocketUpgrade(r):
		f.serve(w, r, topics, f.serveSocket)
	case acceptsStream(r):
		f.serve(w, r, topics, f.serveStream)
	default:
		f.refuse(w, r, errNoReader)
	}
}

// serve lets one kind serve a reader, if its client may have another. The kind reports
// whether the reader was admitted: then forget calls forgotten.
func (f *Feed) serve(w http.ResponseWriter, r *http.Request, topics []string,
	kind func(w http.ResponseWriter, r *http.Request, topics []string, forgotten func()) (admitted bool),
) {
	client := clientOf(f.cfg.Client, r)
	if !f.cfg.Readers.Acquire(client) {
		f.refuse(w, r, errTooManyReaders)
		return
	}
	forgotten := sync.OnceFunc(func() { f.cfg.Readers.Release(client) }) // once: after a panic both call it
	admitted := false
	defer func() {
		if !admitted {
			forgotten()
		}
	}()
	admitted = kind(w, r, topics, forgotten)
}

// errTooManyReaders refuses a client that has as many as it may.
var errTooManyReaders = &ConnectError{http.StatusTooManyRequests, "too many feeds are open from your address"}

// ask returns the topics of a request that may be served.
func (f *Feed) ask(r *http.Request) ([]string, error) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		return nil, &ConnectError{http.StatusMethodNotAllowed, "a feed is read with GET"}
	}
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return nil, &ConnectError{http.StatusBadRequest, "the query is malformed: want ?topic=TOPIC&topic=TOPIC"}
	}
	var topics []string
	for _, topic := range query["topic"] {
		if topic != "" && !slices.Contains(topics, topic) {
			topics = append(topics, topic)
		}
		if len(topics) > f.cfg.MaxTopics {
			return nil, &ConnectError{
				http.StatusBadRequest, fmt.Sprintf("a feed has %d topics at most", f.cfg.MaxTopics),
			}
		}
	}
	if len(topics) == 0 {
		return nil, &ConnectError{http.StatusBadRequest, "say what to follow: ?topic=TOPIC, as often as you like"}
	}
	for _, topic := range topics {
		if !slices.ContainsFunc(f.public, func(p Route) bool { return p.matches(topic) }) {
			return nil, &ConnectError{http.StatusForbidden,
				fmt.Sprintf("the topic %q is not public: a feed has %s", topic, strings.Join(f.cfg.Public, ", "))}
		}
	}
	return topics, nil
}

// errNoReader refuses a request that is for no kind of reader. The states of its topics are not
// read: it would cost the most, and bring nothing.
var errNoReader = &ConnectError{
	http.StatusNotAcceptable, "connect by WebSocket, or send Accept: text/event-stream for server-sent events",
}

// acceptsStream tells whether a client wants server-sent events.
func acceptsStream(r *http.Request) bool {
	for _, line := range r.Header.Values("Accept") {
		for entry := range strings.SplitSeq(line, ",") {
			kind, params, err := mime.ParseMediaType(entry)
			if err == nil && kind == "text/event-stream" {
				weight, err := strconv.ParseFloat(params["q"], 64)
				return err != nil || weight > 0
			}
		}
	}
	return false
}

// stateError finds the answer for an error of State.
func (f *Feed) stateError(topic string, err error) error {
	if known, ok := errors.AsType[*ConnectError](err); ok {
		return known
	}
	switch status := f.cfg.ErrorStatus(err); {
	case status == http.StatusNotFound:
		return &ConnectError{status, fmt.Sprintf("there is no topic %q", topic)}
	case status == http.StatusServiceUnavailable:
		return &ConnectError{status, "not ready yet, try again in a few seconds"}
	case status < 400 || status >= 500:
		f.cfg.Log.Error("the state of a feed is not known", "err", err)
		return &ConnectError{http.StatusInternalServerError, "that went wrong, try again in a moment"}
	default:
		return &ConnectError{status, http.StatusText(status)}
	}
}

// errStopping refuses while the feed is draining.
var errStopping = &ConnectError{http.StatusServiceUnavailable, "the server is about to stop"}

// refuse answers in words, as JSON for those who ask for it.
func (f *Feed) refuse(w http.ResponseWriter, r *http.Request, err error) {
	known, ok := errors.AsType[*ConnectError](err)
	if !ok {
		known = &ConnectError{http.StatusInternalServerError, "that went wrong, try again in a moment"}
	}
	status := known.status()
	f.cfg.Log.Debug("feed refused", "status", status, "err", err)
	h := w.Header()
	h.Set("Cache-Control", "no-store")
	switch status {
	case http.StatusMethodNotAllowed:
		h.Set("Allow", "GET, HEAD")
	case http.StatusServiceUnavailable, http.StatusTooManyRequests:
		h.Set("Retry-After", "2")
	}
	if !strings.Contains(strings.Join(r.Header.Values("Accept"), ","), "json") {
		http.Error(w, known.Reason, status)
		return
	}
	body, _ := json.Marshal(map[string]any{"status": status, "error": known.Reason}) // cannot fail
	h.Set("Content-Type", "application/json")
	w.WriteHeader(status)
	w.Write(append(body, '\n'))
}
