package fleet

import (
	"context"
	"encoding/json"
	"log/slog"

	"sneakers23/app/devices"
	"sneakers23/replication/presence"
	"sneakers23/web/channel"
)

// Topic is the topic of the channel.
const Topic = "admin:devices"

// store reads devices. A [devices.Store] is one.
type store interface {
	Count(ctx context.Context) (int, error)
	Page(ctx context.Context, l devices.Listing) (devices.Listed, error)
	Get(ctx context.Context, id devices.ID) (devices.Device, error)
	Variables(ctx context.Context, id devices.ID) ([]devices.VariableState, error)
	Search(ctx context.Context, q devices.Query) (devices.Page, error)
	Tail(ctx context.Context, q devices.TailQuery) (devices.Tail, error)
}

// Desk carries out what a page orders, as the command line does. The text of an error is for
// people. It bounds how long an order takes; the context that it is given has no deadline.
type Desk interface {
	Add(ctx context.Context, name string) (devices.Device, devices.Key, error)
	Revoke(ctx context.Context, id devices.ID) error
	Set(ctx context.Context, id devices.ID, variables []devices.Variable) error
	Unset(ctx context.Context, id devices.ID, variable string) error
}

// Config is what the channel needs. All fields must be set.
type Config struct {
	KeepFresh func(*channel.Socket) error // see admin.Tokens
	Store     store
	Tracker   *presence.Tracker
	Desk      Desk
	Log       *slog.Logger
}

// How many pages of a node poll at a time, and how many questions are answered beside them.
const (
	maxPolls     = 2
	maxQuestions = 2
)

// Route routes the topic to its channel.
func Route(cfg Config) channel.Route {
	f := &fleet{
		Config: cfg, presences: presences{tracker: cfg.Tracker},
		polls: make(chan struct{}, maxPolls), questions: make(chan struct{}, maxQuestions),
	}
	return channel.Route{Pattern: Topic, New: func() channel.Channel {
		return &page{fleet: f, chosen: make(chan devices.ID, 1), ordered: make(chan struct{}, 1)}
	}}
}

// fleet is shared by all pages of a node.
type fleet struct {
	Config
	presences presences
	polls     chan struct{} // buffer maxPolls: a token for each page that polls
	questions chan struct{} // buffer maxQuestions: a token for each question that is being answered
}

// page is the channel of one page.
type page struct {
	*fleet
	chosen  chan devices.ID // buffer 1: the latest choice that is not shown yet
	ordered chan struct{}   // buffer 1: a token means that this page has changed something
}

// choice is the payload of the join and of the event show.
type choice struct {
	Device devices.ID `json:"device"` // 0: none
}

// Join starts the task that polls.
func (p *page) Join(_ context.Context, s *channel.Socket, payload json.RawMessage) (any, error) {
	first, err := read[choice](payload)
	if err != nil {
		return nil, err
	}
	if err := p.KeepFresh(s); err != nil {
		return nil, err
	}
	return nil, s.Go(func(ctx context.Context) { p.follow(ctx, s, first.Device) })
}

// choose shows another device, 0 for all. The channel calls it, one call at a time.
func (p *page) choose(id devices.ID) {
	select {
	case <-p.chosen: // an older choice
	default:
	}
	p.chosen <- id
}

// HandleIn answers from tasks, so the channel is not blocked.
func (p *page) HandleIn(_ context.Context, s *channel.Socket, m channel.Message) (any, error) {
	switch m.Event {
	case "show":
		chosen, err := read[choice](m.Payload)
		if err == nil {
			p.choose(chosen.Device)
		}
		return done{}, err
	case "list":
		return nil, answer(p, s, m, p.list)
	case "search":
		return nil, answer(p, s, m, p.search)
	case "variable":
		return nil, answer(p, s, m, p.variable)
	case "add":
		return nil, answer(p, s, m, p.add)
	case "revoke":
		return nil, answer(p, s, m, p.revoke)
	case "set":
		return nil, answer(p, s, m, p.set)
	case "unset":
		return nil, answer(p, s, m, p.unset)
	}
	return nil, channel.ErrUnknownEvent
}

// answer starts a task that answers an event.
func answer[Q, R any](p *page, s *channel.Socket, m channel.Message, do func(context.Context, Q) (R, error)) error {
	q, err := read[Q](m.Payload)
	if err != nil {
		return err
	}
	return s.Go(func(ctx context.Context) {
		r, err := do(ctx, q)
		if err != nil {
			text, known := Words(err)
			if !known && ctx.Err() == nil {
				p.Log.Warn("a question about devices was not answered", "event", m.Event, "err", err)
			}
			_ = m.Ref.Refuse(reason(text)) // fails if the page is closed
			return
		}
		_ = m.Ref.Reply(r)
	})
}

func read[Q any](payload json.RawMessage) (q Q, err error) {
	if json.Unmarshal(payload, &q) != nil {
		return q, channel.Refuse(reason("The payload of this event is not what the topic " + Topic + " expects."))
	}
	return q, nil
}

func reason(text string) any { return map[string]string{"reason": text} }
