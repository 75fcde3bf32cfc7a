package channeltest

import (
	"context"
	"encoding/json"
	"errors"

	"sneakers23/replication/pubsub"
	"sneakers23/web/channel"
)

// settleEvent asks a probe what its channel did since it was asked last.
const settleEvent = "channeltest:settle"

// probe is a channel around the one that is tested. It passes everything on, and
// answers one event by itself. Its fields belong to the callbacks, as those of any
// channel.
type probe struct {
	channel.Channel
	server *Server
	socket *channel.Socket
	id     int
	calls  int // callbacks since it was asked
}

// settled is a probe's answer.
type settled struct {
	Probe int `json:"probe"`
	Calls int `json:"calls"`
}

// probeAll puts a probe around the channels of all routes.
func (s *Server) probeAll(routes []channel.Route) []channel.Route {
	var probed []channel.Route
	for _, r := range routes {
		if inner := r.New; inner != nil {
			r.New = func() channel.Channel { return &probe{Channel: inner(), server: s} }
		}
		probed = append(probed, r)
	}
	return probed
}

func (s *Server) add(p *probe) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.made++
	s.probes[s.made] = p
	return s.made
}

// socketOf returns the server's side of a client.
func (s *Server) socketOf(id int) *channel.Socket {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.probes[id].socket
}

func (p *probe) Join(ctx context.Context, s *channel.Socket, params json.RawMessage) (any, error) {
	p.socket = s
	p.id = p.server.add(p)
	return p.Channel.Join(ctx, s, params)
}

func (p *probe) HandleIn(ctx context.Context, s *channel.Socket, m channel.Message) (any, error) {
	if m.Event == settleEvent {
		answer := settled{p.id, p.calls}
		p.calls = 0
		return answer, nil
	}
	p.calls++
	if h, ok := p.Channel.(channel.InHandler); ok {
		return h.HandleIn(ctx, s, m)
	}
	return nil, channel.ErrUnknownEvent
}

func (p *probe) HandleInfo(ctx context.Context, s *channel.Socket, value any) error {
	p.calls++
	if h, ok := p.Channel.(channel.InfoHandler); ok {
		return h.HandleInfo(ctx, s, value)
	}
	return errors.New("the channel has no HandleInfo")
}

func (p *probe) Intercepts() []string {
	if h, ok := p.Channel.(channel.OutHandler); ok {
		return h.Intercepts()
	}
	return nil
}

func (p *probe) HandleOut(ctx context.Context, s *channel.Socket, m *pubsub.Message) error {
	p.calls++
	return p.Channel.(channel.OutHandler).HandleOut(ctx, s, m)
}

func (p *probe) Terminate(ctx context.Context, s *channel.Socket, reason error) {
	if h, ok := p.Channel.(channel.Terminator); ok {
		h.Terminate(ctx, s, reason)
	}
}
