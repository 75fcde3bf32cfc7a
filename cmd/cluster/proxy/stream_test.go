package proxy

import (
	"bufio"
	"context"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"sneakers23/app/waittest"
)

// echoSocket sends every message back.
func echoSocket(t *testing.T) http.HandlerFunc {
	upgrader := websocket.Upgrader{Subprotocols: []string{"phoenix"}}
	return func(w http.ResponseWriter, r *http.Request) {
		conn, err := upgrader.Upgrade(w, r, nil)
		if err != nil {
			t.Error(err)
			return
		}
		defer conn.Close()
		for {
			kind, data, err := conn.ReadMessage()
			if err != nil || conn.WriteMessage(kind, data) != nil {
				return
			}
		}
	}
}

// open connects a WebSocket through the proxy.
func (s *site) open(t *testing.T) *websocket.Conn {
	t.Helper()
	dialer := websocket.Dialer{Subprotocols: []string{"phoenix"}}
	conn, res, err := dialer.DialContext(t.Context(), strings.Replace(s.URL, "http", "ws", 1)+"/socket", nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	if conn.Subprotocol() != "phoenix" || res.Header.Get("X-Served-By") == "" {
		t.Errorf("got subprotocol %q, served by %q", conn.Subprotocol(), res.Header.Get("X-Served-By"))
	}
	return conn
}

func TestWebSocket(t *testing.T) {
	gone := newBackend(t, "a", nil)
	b := newBackend(t, "b", echoSocket(t))
	s := serve(t, Config{CheckEvery: time.Hour}, gone, b)
	s.await(t, Ready, Ready)
	gone.Close()
	for range 2 { // one of them is a's turn
		conn := s.open(t)
		for _, message := range []string{"hello", strings.Repeat("x", 200_000)} {
			if err := conn.WriteMessage(websocket.TextMessage, []byte(message)); err != nil {
				t.Fatal(err)
			}
			if _, got, err := conn.ReadMessage(); err != nil || string(got) != message {
				t.Errorf("got %d bytes, %v, want %d", len(got), err, len(message))
			}
		}
	}
}

func TestSocketsEndWithTheProxy(t *testing.T) {
	s := serve(t, Config{}, newBackend(t, "a", echoSocket(t)))
	conn := s.open(t)
	s.stop()
	if _, _, err := conn.ReadMessage(); err == nil {
		t.Error("the socket is still open")
	}
}

// TestStopDespiteAClientThatDoesNotRead fills all buffers between a node and a client.
func TestStopDespiteAClientThatDoesNotRead(t *testing.T) {
	for name, handler := range map[string]func(http.ResponseWriter, *http.Request, func(net.Conn)){
		"socket": func(w http.ResponseWriter, r *http.Request, flood func(net.Conn)) {
			conn, err := new(websocket.Upgrader).Upgrade(w, r, nil)
			if err != nil {
				t.Error(err)
				return
			}
			defer conn.Close()
			flood(conn.NetConn())
		},
		"stream": func(w http.ResponseWriter, r *http.Request, flood func(net.Conn)) {
			conn, _, err := http.NewResponseController(w).Hijack()
			if err != nil {
				t.Error(err)
				return
			}
			defer conn.Close()
			_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n")
			flood(conn)
		},
	} {
		t.Run(name, func(t *testing.T) {
			full, cut := make(chan bool), make(chan bool) // each is closed when that is so
			asked, answer := make(chan bool), make(chan bool)
			a := newBackend(t, "a", func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path == "/held" {
					close(asked)
					<-answer
					_, _ = io.WriteString(w, "bought")
					return
				}
				handler(w, r, func(conn net.Conn) {
					junk := make([]byte, 64<<10)
					for {
						_ = conn.SetWriteDeadline(time.Now().Add(300 * time.Millisecond))
						if _, err := conn.Write(junk); err != nil {
							break
						}
					}
					close(full)
					_, _ = io.Copy(io.Discard, conn) // until the proxy hangs up
					close(cut)
				})
			})
			s := serve(t, Config{}, a)
			s.await(t, Ready)
			client, err := net.Dial("tcp", strings.TrimPrefix(s.URL, "http://"))
			if err != nil {
				t.Fatal(err)
			}
			defer client.Close()
			_ = client.(*net.TCPConn).SetReadBuffer(4 << 10)
			upgrade := ""
			if name == "socket" {
				upgrade = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==\r\n"
			}
			_, _ = io.WriteString(client, "GET / HTTP/1.1\r\nHost: x\r\n"+upgrade+"\r\n")
			waittest.Done(t, "nothing more goes into the stream", full)
			got := make(chan string, 1) // buffer 1: the request ends also when the test has failed
			go func() { got <- textOf(http.Get(s.URL + "/held")) }()
			waittest.Done(t, "the other request", asked)
			began := time.Now()
			stopped := make(chan bool)
			go func() { s.stop(); close(stopped) }()
			waittest.Done(t, "the proxy hangs up", cut)
			close(answer) // a proxy that cuts streams only when its time is over has cut this one too
			if text := waittest.Receive(t, "the answer", got); text != "bought" {
				t.Errorf("the stream was cut when the time was over: the other request got %q", text)
			}
			waittest.Done(t, "the end of the stop", stopped)
			t.Logf("the stop took %v", time.Since(began))
		})
	}
}

// textOf is what came, or why nothing did.
func textOf(res *http.Response, err error) string {
	if err != nil {
		return err.Error()
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		return err.Error()
	}
	return string(body)
}

func TestEventsComeAtOnce(t *testing.T) {
	next := make(chan string) // unbuffered: the second event is made after the client has read the first
	a := newBackend(t, "a", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		for {
			select {
			case event := <-next:
				_, _ = io.WriteString(w, "data: "+event+"\n\n")
				_ = http.NewResponseController(w).Flush()
			case <-r.Context().Done():
				return
			}
		}
	})
	s := serve(t, Config{}, a)
	var events *bufio.Reader
	for _, event := range []string{"one", "two"} {
		sent := make(chan bool)
		go func() { next <- event; close(sent) }()
		if events == nil {
			res, err := http.Get(s.URL)
			if err != nil {
				t.Fatal(err)
			}
			defer res.Body.Close()
			events = bufio.NewReader(res.Body)
		}
		<-sent
		line, err := events.ReadString('\n')
		if err != nil || line != "data: "+event+"\n" {
			t.Fatalf("got %q, %v", line, err)
		}
		if _, err := events.ReadString('\n'); err != nil {
			t.Fatal(err)
		}
	}
	s.stop()
	if _, err := events.ReadString('\n'); err == nil {
		t.Error("the stream goes on after the proxy stopped")
	}
}

func TestLongBodiesAreStreamed(t *testing.T) {
	read := make(chan int) // unbuffered: the client sends more after the node has read
	a := newBackend(t, "a", func(w http.ResponseWriter, r *http.Request) {
		block := make([]byte, 100_000)
		for {
			n, err := io.ReadFull(r.Body, block)
			if err != nil {
				return
			}
			read <- n
		}
	})
	s := serve(t, Config{}, a)
	body, pen := io.Pipe()
	done := make(chan error, 1) // buffer 1: the request ends also when the test has failed
	go func() {
		res, err := http.Post(s.URL, "text/plain", body)
		if err == nil {
			res.Body.Close()
		}
		done <- err
	}()
	for range 5 {
		if _, err := pen.Write(make([]byte, 100_000)); err != nil {
			t.Fatal(err)
		}
		if n := <-read; n != 100_000 {
			t.Fatalf("the node has read %d bytes", n)
		}
	}
	_ = pen.Close()
	if err := <-done; err != nil {
		t.Error(err)
	}
}

func TestNodeHearsThatAClientIsGone(t *testing.T) {
	asked, gone := make(chan bool), make(chan bool) // unbuffered: the test and the handler meet
	a := newBackend(t, "a", func(w http.ResponseWriter, r *http.Request) {
		asked <- true
		<-r.Context().Done()
		gone <- true
	})
	other := newBackend(t, "b", func(http.ResponseWriter, *http.Request) { t.Error("it went to the next node") })
	other.ready.Store(false)
	s := serve(t, Config{}, a, other)
	s.await(t, Ready, Unready)
	ctx, leave := context.WithCancel(t.Context())
	r, err := http.NewRequestWithContext(ctx, "GET", s.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1) // buffer 1: the request ends also when the test has failed
	go func() {
		_, err := http.DefaultClient.Do(r)
		done <- err
	}()
	<-asked
	leave()
	if err := <-done; err == nil {
		t.Error("a request that was given up was answered")
	}
	waittest.Done(t, "the node is told", gone)
}

func TestStopWaitsForAnswers(t *testing.T) {
	asked, answer := make(chan bool), make(chan bool) // unbuffered: the test and the handler meet
	a := newBackend(t, "a", func(w http.ResponseWriter, r *http.Request) {
		asked <- true
		<-answer
		_, _ = io.WriteString(w, "bought")
	})
	s := serve(t, Config{}, a)
	got := make(chan string, 1) // buffer 1: the request ends also when the test has failed
	go func() { got <- textOf(http.Get(s.URL)) }()
	<-asked
	stopped := make(chan bool)
	go func() { s.stop(); close(stopped) }()
	waittest.Until(t, "the stop has begun", func() bool {
		s.mu.Lock()
		defer s.mu.Unlock()
		return s.closing
	})
	answer <- true
	if text := <-got; text != "bought" {
		t.Errorf("got %q", text)
	}
	<-stopped
}
