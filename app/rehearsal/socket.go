package rehearsal

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/gorilla/websocket"
)

// socket is a tab: one connection with its channels. One goroutine uses it; another one, its own,
// reads.
type socket struct {
	of   *measures
	ws   *websocket.Conn
	refs int
	cart string // topic

	patience time.Duration // see Config

	replies chan reply // buffer 1: one question at a time
	ended   chan struct{}

	mu    sync.Mutex
	items []int64 // of the cart that was seen last
	token string
	news  chan struct{} // closed at the next cart
	at    time.Time     // when it was seen
}

type reply struct {
	ref      string
	Status   string          `json:"status"`
	Response json.RawMessage `json:"response"`
}

// cart is one as the channel pushes it.
type cart struct {
	Items []struct {
		ID int64 `json:"id"`
	} `json:"items"`
	Serialized string `json:"serialized"`
}

var (
	errEnded   = errors.New("the socket was closed")
	errPatient = errors.New("no answer in time")
	errShare   = errors.New("the shop opens no more sockets for one address: start its nodes with --no-limits, or with --address-share 1")
)

// buffers are shared by all sockets for as long as a frame is written.
var buffers sync.Pool

func dial(ctx context.Context, of *measures, base string, jar http.CookieJar, patience time.Duration) (*socket, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	dialer := websocket.Dialer{Jar: jar, ReadBufferSize: 1024, WriteBufferSize: 1024, WriteBufferPool: &buffers}
	ws, resp, err := dialer.DialContext(ctx, "ws"+strings.TrimPrefix(base, "http")+"/product_socket/websocket?vsn=2.0.0", nil)
	if resp != nil && resp.StatusCode == http.StatusTooManyRequests {
		return nil, errShare
	}
	if err != nil {
		return nil, err
	}
	resp.Body.Close()
	s := &socket{
		of: of, ws: ws, patience: patience, replies: make(chan reply, 1), ended: make(chan struct{}), news: make(chan struct{}),
	}
	go s.read()
	return s, nil
}

// close returns when the reader has ended.
func (s *socket) close() {
	s.ws.Close()
	<-s.ended
}

func (s *socket) read() {
	defer close(s.ended)
	for {
		_, data, err := s.ws.ReadMessage()
		if err != nil {
			return
		}
		var (
			frame [5]json.RawMessage
			topic string
			event string
		)
		if json.Unmarshal(data, &frame) != nil || json.Unmarshal(frame[2], &topic) != nil || json.Unmarshal(frame[3], &event) != nil {
			continue
		}
		switch event {
		case "phx_reply":
			r := reply{ref: strings.Trim(string(frame[1]), `"`)}
			if json.Unmarshal(frame[4], &r) == nil {
				s.answer(r)
			}
		case "cart":
			s.of.pushes.Add(1)
			s.see(frame[4])
		default:
			s.of.pushes.Add(1)
		}
	}
}

// answer keeps a reply for who asked. One that nobody waits for any more gives way.
func (s *socket) answer(r reply) {
	select {
	case <-s.replies:
	default:
	}
	s.replies <- r
}

// see keeps what is in the cart.
func (s *socket) see(payload json.RawMessage) {
	var c cart
	if json.Unmarshal(payload, &c) != nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.items = s.items[:0]
	for _, it := range c.Items {
		s.items = append(s.items, it.ID)
	}
	s.token, s.at = c.Serialized, time.Now()
	close(s.news)
	s.news = make(chan struct{})
}

// ask sends an event and waits for its answer.
func (s *socket) ask(ctx context.Context, topic, event string, payload any) (reply, error) {
	s.refs++
	ref := strconv.Itoa(s.refs)
	if err := s.ws.SetWriteDeadline(time.Now().Add(s.patience)); err != nil {
		return reply{}, err
	}
	if err := s.ws.WriteJSON([]any{"1", ref, topic, event, payload}); err != nil {
		return reply{}, err
	}
	late := time.NewTimer(s.patience)
	defer late.Stop()
	for {
		select {
		case r := <-s.replies:
			if r.ref == ref {
				return r, nil
			}
		case <-s.ended:
			return reply{}, errEnded
		case <-late.C:
			return reply{}, errPatient
		case <-ctx.Done():
			return reply{}, ctx.Err()
		}
	}
}

// joins joins a topic.
func (s *socket) joins(ctx context.Context, topic string, params any) error {
	r, err := s.ask(ctx, topic, "phx_join", params)
	if err == nil && r.Status != "ok" {
		err = fmt.Errorf("the join was refused: %s", r.Response)
	}
	return err
}

// inCart is what the tab shows.
func (s *socket) inCart() (items []int64, token string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.items), s.token
}

// shows waits until the tab has been pushed just these items, and tells when it was.
func (s *socket) shows(ctx context.Context, items []int64) (time.Time, error) {
	late := time.NewTimer(s.patience)
	defer late.Stop()
	for {
		s.mu.Lock()
		same, at, news := slices.Equal(s.items, items), s.at, s.news
		s.mu.Unlock()
		if same {
			return at, nil
		}
		select {
		case <-news:
		case <-s.ended:
			return time.Time{}, errEnded
		case <-late.C:
			return time.Time{}, errPatient
		case <-ctx.Done():
			return time.Time{}, ctx.Err()
		}
	}
}
