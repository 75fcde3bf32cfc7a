package fleet

import (
	"context"
	"errors"
	"reflect"
	"slices"
	"time"

	"sneakers23/app/devices"
	"sneakers23/web/channel"
)

// How often a page is told at the most, how much at a time, and how long the database may take to answer.
const (
	tellEvery  = 250 * time.Millisecond
	lookEvery  = time.Second // of all that is not said by devices
	lookWithin = 1500 * time.Millisecond

	mostBytes  = 48 << 10 // of one event
	mostLines  = 100      // of one event
	firstLines = 50       // of the first
	lineLength = 500      // characters of a text of a line
	textLength = 200      // characters of the value of a variable
)

// noAnswer is the fault of a page that the database does not answer.
const noAnswer = "The database does not answer: what devices say is shown when it does."

// view is what a page was shown. It belongs to the task that shows it.
type view struct {
	*page
	socket *channel.Socket

	device    devices.ID // that the page looks at; 0: all
	begun     bool       // the first lines were shown
	after     int64      // the id of the last line that was looked at
	variables map[string]variable
	card      any // what was told last, to tell what changes
	state     state
	looked    time.Time // when all but the logs was looked at
}

// state is the payload of the event of that name.
type state struct {
	Devices   int         `json:"devices"`
	Connected int         `json:"connected"`
	Nodes     []nodeCount `json:"nodes"`
	Fault     string      `json:"fault"`
}

// follow shows a page what changes, until its channel ends.
func (p *page) follow(ctx context.Context, s *channel.Socket, first devices.ID) {
	v := &view{page: p, socket: s, device: first}
	tick := time.NewTicker(tellEvery)
	defer tick.Stop()
	for {
		if err := v.look(ctx); err != nil {
			return // the channel has ended
		}
		select {
		case <-tick.C:
		case <-p.changed:
			v.looked = time.Time{}
		case id := <-p.chosen:
			*v = view{page: p, socket: s, device: id, state: v.state}
		case <-ctx.Done():
			return
		}
	}
}

// look tells the page what is new. A look that fails is told, and tried again. The error says that the page is gone.
func (v *view) look(ctx context.Context) error {
	select {
	case v.looks <- struct{}{}:
		defer func() { <-v.looks }()
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	within, cancel := context.WithTimeout(ctx, lookWithin)
	defer cancel()
	now := v.state
	now.Fault = ""
	err := v.lookAtAll(within, &now)
	var gone goneError
	switch {
	case errors.As(err, &gone):
		return gone
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case err != nil:
		now.Fault = noAnswer
		if v.state.Fault == "" {
			v.Log.Warn("a dashboard does not show devices, will try again", "err", err)
		}
	}
	if now.Nodes == nil {
		now.Nodes = []nodeCount{}
	}
	if reflect.DeepEqual(now, v.state) { // never the first, whose Nodes are nil
		return nil
	}
	v.state = now
	return v.socket.Push("state", now)
}

// goneError says that an event could not be pushed.
type goneError struct{ error }

// push tells the page something.
func (v *view) push(event string, payload any) error {
	if err := v.socket.Push(event, payload); err != nil {
		return goneError{err}
	}
	return nil
}

// lookAtAll asks the tracker and the database.
func (v *view) lookAtAll(ctx context.Context, now *state) error {
	if time.Since(v.looked) >= lookEvery {
		count, err := v.presences.now()
		if err != nil {
			return err
		}
		now.Connected, now.Nodes = len(count.devices), slices.Clone(count.nodes)
		valid, err := v.Store.Count(ctx)
		if err != nil {
			return err
		}
		now.Devices = valid
		if err := v.lookAtDevice(ctx, count); err != nil {
			return err
		}
		v.looked = time.Now()
	}
	return v.lookAtLogs(ctx)
}

// lookAtDevice tells of the device that the page looks at.
func (v *view) lookAtDevice(ctx context.Context, c *count) error {
	if v.device == 0 {
		return nil
	}
	var (
		card any
		err  error
	)
	switch d, failed := v.Store.Get(ctx, v.device); {
	case errors.Is(failed, devices.ErrNoSuchDevice):
		card = map[string]any{"id": v.device, "gone": true}
	case failed != nil && !errors.Is(failed, devices.ErrRevoked):
		return failed
	default:
		card = cardOf(d, c)
	}
	if !reflect.DeepEqual(card, v.card) {
		if err = v.push("device", card); err != nil {
			return err
		}
		v.card = card
	}
	states, err := v.Store.Variables(ctx, v.device)
	if err != nil {
		return err
	}
	return v.tellVariables(states)
}

// variablesEvent is the payload of the event variables.
type variablesEvent struct {
	Device    devices.ID `json:"device"`
	Whole     bool       `json:"whole,omitempty"` // nothing was told of the device before
	Variables []variable `json:"variables"`
	Gone      []string   `json:"gone,omitempty"`
}

// tellVariables tells what has changed, as much as one event holds; the next look tells the rest.
func (v *view) tellVariables(states []devices.VariableState) error {
	e := variablesEvent{Device: v.device, Whole: v.variables == nil, Variables: []variable{}}
	known := make(map[string]variable, len(states))
	bytes := 0
	for _, s := range states {
		now := variableOf(s, textLength)
		told, was := v.variables[s.Name]
		if was && told == now {
			known[s.Name] = now
			continue
		}
		if bytes += now.size(); bytes > mostBytes {
			if was {
				known[s.Name] = told
			}
			continue
		}
		known[s.Name] = now
		e.Variables = append(e.Variables, now)
	}
	for name := range v.variables {
		if _, is := known[name]; !is {
			e.Gone = append(e.Gone, name)
		}
	}
	v.variables = known
	if !e.Whole && len(e.Variables) == 0 && len(e.Gone) == 0 {
		return nil
	}
	slices.Sort(e.Gone)
	return v.push("variables", e)
}

// logsEvent is the payload of the event logs.
type logsEvent struct {
	Device devices.ID `json:"device"`
	Whole  bool       `json:"whole,omitempty"` // nothing was told before
	Lines  []line     `json:"lines"`           // the newest first
	More   int        `json:"more,omitempty"`  // came too, and are older than these
}

// lookAtLogs tells what devices have said since the last look.
func (v *view) lookAtLogs(ctx context.Context) error {
	if !v.begun {
		return v.beginLogs(ctx)
	}
	g, err := v.Store.Glimpse(ctx, v.device, v.after, mostLines, lineLength)
	if err != nil {
		return err
	}
	v.after = g.Next
	if len(g.Lines) == 0 {
		return nil
	}
	e := logsEvent{Device: v.device, More: g.More}
	e.Lines = make([]line, len(g.Lines))
	for i, l := range g.Lines {
		e.Lines[i] = glimpsed(l)
	}
	e.fit()
	return v.push("logs", e)
}

// beginLogs shows what was said before. It asks for the place to go on from first, so nothing is missed in between; a line may
// come twice then, with the same id.
func (v *view) beginLogs(ctx context.Context) error {
	g, err := v.Store.Glimpse(ctx, v.device, -1, 0, 0)
	if err != nil {
		return err
	}
	p, err := v.Store.Search(ctx, devices.Query{ID: v.device, Limit: firstLines})
	if err != nil {
		return err
	}
	e := logsEvent{Device: v.device, Whole: true, Lines: []line{}}
	for _, r := range p.Records {
		l := found(r)
		var cut bool
		l.Message, l.Cut = cutTo(l.Message, lineLength)
		l.Fields, cut = cutTo(l.Fields, lineLength)
		l.Cut = l.Cut || cut
		e.Lines = append(e.Lines, l)
	}
	e.fit()
	e.More = 0 // older ones are found by a search
	v.begun, v.after = true, g.Next
	return v.push("logs", e)
}

// fit leaves out what is more than one event holds, the oldest first.
func (e *logsEvent) fit() {
	bytes := 0
	for i, l := range e.Lines {
		if bytes += l.size(); bytes > mostBytes {
			e.More += len(e.Lines) - i
			e.Lines = e.Lines[:i]
			return
		}
	}
}
