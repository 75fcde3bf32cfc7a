//go:build linux

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"sneakers23/replication/pubsub"
	"sneakers23/web/channel"

	"github.com/gorilla/websocket"
)

// server is a child that serves sockets.
type server struct {
	kind    string
	subject subject
}

// subject is what is measured: ours, or a floor.
type subject interface {
	http.Handler
	// broadcast sends one frame to all who joined the topic; a floor knows one.
	broadcast(topic, event string, payload json.RawMessage)
}

func (s *server) obey(o order) (r report, err error) {
	switch o.Do {
	case "listen":
		r.Addr, err = s.listen(o.Buffer)
	case "broadcast":
		payload := filling(o.Topic, o.Size)
		for range o.Count {
			s.subject.broadcast(o.Topic, "noise", payload)
		}
	case "push":
		s.subject.(*ours).push(o.Topic, o.Size)
	case "subscribed":
		r.Count = s.subject.(*ours).ps.Count(o.Topic)
	case "walk":
		r.Took = walk(o.Count)
	case "usage":
		r.Usage.CPU = used()
	case "held":
		r.Usage, err = held()
	case "collect":
		collect()
		r.Usage, err = held()
	case "places":
		r.Places = places()
	default:
		err = errors.New("unknown order")
	}
	return r, err
}

// listen serves on the loopback for the rest of the process's life.
func (s *server) listen(buffer int) (addr string, err error) {
	switch s.kind {
	case "ours":
		s.subject, err = newOurs(false)
	case "epoll":
		s.subject, err = newOurs(true)
	case "gorilla":
		s.subject = &gorilla{}
	case "bare":
		s.subject = &bare{}
	default:
		err = errors.New("unknown kind of server")
	}
	if err != nil {
		return "", err
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	go http.Serve(narrow{l, buffer}, s.subject)
	return l.Addr().String(), nil
}

// narrow is a listener that keeps the kernel from hiding what a client does not
// read, if buffer is not 0.
type narrow struct {
	net.Listener
	buffer int
}

func (l narrow) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if err == nil && l.buffer > 0 {
		err = conn.(*net.TCPConn).SetWriteBuffer(l.buffer)
	}
	return conn, err
}

// frameText is what a broadcast looks like to the client, for the floors.
func frameText(topic, event string, payload json.RawMessage) []byte {
	return fmt.Appendf(nil, `[null,null,%q,%q,%s]`, topic, event, payload)
}

// filling returns a payload that makes the text of a frame size bytes long.
func filling(topic string, size int) json.RawMessage {
	empty := len(frameText(topic, "noise", json.RawMessage(`{"x":""}`)))
	return json.RawMessage(`{"x":"` + strings.Repeat("x", max(0, size-empty)) + `"}`)
}

// ours is the server of web/channel.
type ours struct {
	*channel.Server
	ps *pubsub.PubSub

	mu      sync.Mutex
	sockets map[string][]*channel.Socket // by topic, of those that are pushed to
}

func newOurs(epoll bool) (*ours, error) {
	o := &ours{ps: pubsub.New(), sockets: make(map[string][]*channel.Socket)}
	var err error
	o.Server, err = channel.New(channel.Config{
		PubSub:  o.ps,
		Epoll:   epoll,
		Timeout: time.Hour, // a turn may be long, and nothing but it should happen meanwhile
		Routes: []channel.Route{
			{Pattern: "room:*", New: func() channel.Channel { return room{} }},
			{Pattern: "push:*", New: func() channel.Channel { return (*pushed)(o) }},
		},
	})
	return o, err
}

func (o *ours) broadcast(topic, event string, payload json.RawMessage) {
	o.ps.Broadcast(topic, event, payload)
}

// push sends a frame of its own to each socket that joined the topic.
func (o *ours) push(topic string, size int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, s := range o.sockets[topic] {
		s.Push("noise", filling(topic, size))
	}
}

// room is a channel that does nothing.
type room struct{}

func (room) Join(context.Context, *channel.Socket, json.RawMessage) (any, error) { return nil, nil }

// pushed is a channel whose sockets are remembered.
type pushed ours

func (p *pushed) Join(_ context.Context, s *channel.Socket, _ json.RawMessage) (any, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.sockets[s.Topic()] = append(p.sockets[s.Topic()], s)
	return nil, nil
}

// crowd is the sockets of a floor. It is as lean as one can be with gorilla: small
// buffers, and a goroutine for each that reads.
type crowd struct {
	mu  sync.Mutex
	all []*websocket.Conn
}

var upgrader = websocket.Upgrader{ReadBufferSize: 512, WriteBufferPool: &sync.Pool{}}

func (c *crowd) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	conn, err := upgrader.Upgrade(w, r, nil)
	if err != nil {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.all = append(c.all, conn)
	go func() { // ends with the connection
		for {
			if _, _, err := conn.NextReader(); err != nil {
				conn.Close()
				return
			}
		}
	}()
}

// gorilla is floor (a): one prepared frame, written in a loop.
type gorilla struct{ crowd }

func (g *gorilla) broadcast(topic, event string, payload json.RawMessage) {
	frame, err := websocket.NewPreparedMessage(websocket.TextMessage, frameText(topic, event, payload))
	if err != nil {
		panic(err) // text of our own
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, conn := range g.all {
		conn.WritePreparedMessage(frame)
	}
}

// bare is floor (b): the bytes of the frame, written to the bare connection.
type bare struct{ crowd }

func (b *bare) broadcast(topic, event string, payload json.RawMessage) {
	text := frameText(topic, event, payload)
	frame := appendHeader(nil, len(text), false)
	frame = append(frame, text...)
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, conn := range b.all {
		conn.NetConn().Write(frame)
	}
}
