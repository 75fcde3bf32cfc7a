package fleet

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"

	"sneakers23/app/devices"
	"sneakers23/replication/presence"
	"sneakers23/web/channel"
)

// Topic is what dashboards join.
const Topic = "admin:devices"

// store is what is read of devices. A [devices.Store] is one.
type store interface {
	Count(ctx context.Context) (int, error)
	Page(ctx context.Context, l devices.Listing) (devices.Listed, error)
	Get(ctx context.Context, id devices.ID) (devices.Device, error)
	Variables(ctx context.Context, id devices.ID) ([]devices.VariableState, error)
	Search(ctx context.Context, q devices.Query) (devices.Page, error)
	Glimpse(ctx context.Context, device devices.ID, after int64, most, length int) (devices.Glimpse, error)
}

// Desk does what a dashboard orders, as the command line does. The text of an error is for people.
type Desk interface {
	Add(ctx context.Context, name string) (devices.Device, devices.Key, error)
	Revoke(ctx context.Context, id devices.ID) error
	Set(ctx context.Context, id devices.ID, variables []devices.Variable) error
	Unset(ctx context.Context, id devices.ID, variable string) error
}

// Config is what the channel needs. All of it must be given.
type Config struct {
	KeepFresh func(*channel.Socket) error // see admin.Tokens
	Store     store
	Tracker   *presence.Tracker
	Desk      Desk
	Log       *slog.Logger
}

// mostLooks is how many pages may ask the database at a time.
const mostLooks = 2

// Route leads the topic to its channel.
func Route(cfg Config) channel.Route {
	f := &fleet{Config: cfg, presences: presences{tracker: cfg.Tracker}, looks: make(chan struct{}, mostLooks)}
	return channel.Route{Pattern: Topic, New: func() channel.Channel {
		return &page{fleet: f, chosen: make(chan devices.ID, 1), changed: make(chan struct{}, 1)}
	}}
}

// fleet is what all pages of a node share.
type fleet struct {
	Config
	presences presences
	looks     chan struct{} // buffer mostLooks: a token for each page that asks the database
}

// page is the channel of one page.
type page struct {
	*fleet
	chosen  chan devices.ID // buffer 1: the device that was chosen last and is not shown yet
	changed chan struct{}   // buffer 1: a token says that this page has changed something
}

// device is the payload of the join, and of events about one device.
type device struct {
	Device devices.ID `json:"device"` // 0: none
}

// Join begins to show.
func (p *page) Join(_ context.Context, s *channel.Socket, payload json.RawMessage) (any, error) {
	first, err := read[device](payload)
	if err != nil {
		return nil, err
	}
	if err := p.KeepFresh(s); err != nil {
		return nil, err
	}
	return nil, s.Go(func(ctx context.Context) { p.follow(ctx, s, first.Device) })
}

// choose shows another device, or all for 0.
func (p *page) choose(id devices.ID) {
	select {
	case <-p.chosen: // nobody needs to see the one before
	default:
	}
	p.chosen <- id
}

// HandleIn answers by tasks: the channel goes on meanwhile.
func (p *page) HandleIn(_ context.Context, s *channel.Socket, m channel.Message) (any, error) {
	switch m.Event {
	case "show":
		chosen, err := read[device](m.Payload)
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

// answer has a task answer an event.
func answer[Q, R any](p *page, s *channel.Socket, m channel.Message, do func(context.Context, Q) (R, error)) error {
	q, err := read[Q](m.Payload)
	if err != nil {
		return err
	}
	return s.Go(func(ctx context.Context) {
		r, err := do(ctx, q)
		if err != nil {
			text, known := Words(err)
			if !known {
				p.Log.Warn("a dashboard's question about devices is not answered", "event", m.Event, "err", err)
			}
			_ = m.Ref.Refuse(reason(text)) // nobody is there any more, perhaps
			return
		}
		_ = m.Ref.Reply(r)
	})
}

func read[Q any](payload json.RawMessage) (q Q, err error) {
	if json.Unmarshal(payload, &q) != nil {
		return q, channel.Refuse(reason("this can't be read: see the documentation of the topic " + Topic))
	}
	return q, nil
}

func reason(text string) any { return map[string]string{"reason": text} }

// sentence is an error whose text is for people already.
type sentence string

func (s sentence) Error() string { return string(s) }

// Words are what an admin reads of an error of package devices. It reports whether the error is one that he can do something about.
func Words(err error) (text string, known bool) {
	var own sentence
	switch {
	case errors.As(err, &own):
		return string(own), true
	case errors.Is(err, devices.ErrNameTaken):
		return "A device of this name exists. Choose another name, or revoke the key of that one first.", true
	case errors.Is(err, devices.ErrBadName):
		return "A name has 1 to 64 printable characters, and no space at either end.", true
	case errors.Is(err, devices.ErrNoSuchDevice):
		return "There is no such device any more. Reload the page.", true
	case errors.Is(err, devices.ErrRevoked):
		return "The key of this device was revoked.", true
	case errors.Is(err, devices.ErrNotWanted):
		return "The device has reported the value meanwhile, or the change was withdrawn before.", true
	case errors.Is(err, devices.ErrTooManyVariables):
		return "A device has at most 256 variables.", true
	case errors.Is(err, devices.ErrSearchTooLong):
		return "The search took too long. Narrow it down: one device, a shorter time, a rarer word.", true
	case errors.Is(err, devices.ErrNoWords):
		return "There is no word in it to search for.", true
	case errors.Is(err, devices.ErrBadQuery), errors.Is(err, devices.ErrBadMark):
		return "This can't be searched for: a text has at most 1,000 characters.", true
	}
	return "The database does not answer. Try again in a moment.", false
}
