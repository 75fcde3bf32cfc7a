package fleet

import (
	"context"
	"encoding/json"
	"errors"
	"reflect"
	"slices"
	"time"

	"sneakers23/app/devices"
	"sneakers23/web/channel"
)

const (
	pollEvery  = 250 * time.Millisecond
	checkEvery = time.Second // of everything but logs
	pollWithin = 1500 * time.Millisecond

	maxBytes    = 48 << 10 // of the lines or variables of one event
	maxLines    = 100      // of one event
	firstLines  = 50       // of the first event
	lineLength  = 500      // characters of a message and of the fields
	valueLength = 200      // characters of the value of a variable
)

// noAnswer is the fault while the database does not answer.
const noAnswer = "The database does not answer. New records and changes are shown as soon as it does."

// view is what one page has been pushed. It belongs to the page's task.
type view struct {
	*page
	socket *channel.Socket
	device devices.ID // that the page shows; 0: all

	state   state
	card    any       // the last device event
	checked time.Time // when everything but logs was polled

	variables map[string]variable // nil before the first event
	next      string              // the first variable that did not fit into the last event

	begun bool  // the first logs event was pushed
	after int64 // the id up to which logs were polled
}

// state is the payload of the event state.
type state struct {
	Devices   int         `json:"devices"`
	Connected int         `json:"connected"`
	Nodes     []nodeCount `json:"nodes"`
	Changes   int         `json:"changes"` // grows when a device connects or disconnects
	Fault     string      `json:"fault"`
}

// follow polls and pushes until the channel ends.
func (p *page) follow(ctx context.Context, s *channel.Socket, first devices.ID) {
	v := &view{page: p, socket: s, device: first}
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	for {
		if err := v.poll(ctx); err != nil {
			return // the channel has ended
		}
		select {
		case <-tick.C:
		case <-p.ordered:
			v.checked = time.Time{}
		case id := <-p.chosen:
			v = &view{page: p, socket: s, device: id, state: v.state}
		case <-ctx.Done():
			return
		}
	}
}

// poll pushes what has changed. A poll that fails sets the fault, and the next poll tries again.
// The error means that the channel has ended.
func (v *view) poll(ctx context.Context) error {
	release, err := acquire(ctx, v.polls)
	if err != nil {
		return err
	}
	defer release()
	within, cancel := context.WithTimeout(ctx, pollWithin)
	defer cancel()
	now := v.state
	now.Fault = ""
	err = v.pollAll(within, &now)
	var ended endedError
	switch {
	case errors.As(err, &ended):
		return ended
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case err != nil:
		now.Fault = noAnswer
		if v.state.Fault == "" {
			v.Log.Warn("a page of devices is not up to date, will try again", "err", err)
		}
	}
	if now.Nodes == nil {
		now.Nodes = []nodeCount{}
	}
	if reflect.DeepEqual(now, v.state) { // never before the first push: its Nodes are nil
		return nil
	}
	v.state = now
	return v.socket.Push("state", now)
}

// acquire takes a token, and returns the function that gives it back. The error is the cause of
// ctx.
func acquire(ctx context.Context, tokens chan struct{}) (release func(), err error) {
	select {
	case tokens <- struct{}{}:
		return func() { <-tokens }, nil
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

// endedError means that an event could not be pushed because the channel has ended.
type endedError struct{ error }

func (v *view) push(event string, payload any) error {
	if err := v.socket.Push(event, payload); err != nil {
		return endedError{err}
	}
	return nil
}

// pollAll polls the tracker and the database. It changes now to the state that it found.
func (v *view) pollAll(ctx context.Context, now *state) error {
	if time.Since(v.checked) >= checkEvery {
		count, err := v.presences.now()
		if err != nil {
			return err
		}
		now.Connected, now.Nodes, now.Changes = len(count.devices), slices.Clone(count.nodes), count.changes
		valid, err := v.Store.Count(ctx)
		if err != nil {
			return err
		}
		now.Devices = valid
		if err := v.pollDevice(ctx, count); err != nil {
			return err
		}
		v.checked = time.Now()
	}
	return v.pollLogs(ctx)
}

// goneCard is the device event for an id that no device has.
type goneCard struct {
	ID   devices.ID `json:"id"`
	Gone bool       `json:"gone"`
}

// pollDevice pushes what has changed of the device that the page shows.
func (v *view) pollDevice(ctx context.Context, c *count) error {
	if v.device == 0 {
		return nil
	}
	var card any
	switch d, err := v.Store.Get(ctx, v.device); {
	case errors.Is(err, devices.ErrNoSuchDevice):
		card = goneCard{v.device, true}
	case err != nil && !errors.Is(err, devices.ErrRevoked):
		return err
	default:
		card = cardOf(d, c)
	}
	if !reflect.DeepEqual(card, v.card) {
		if err := v.push("device", card); err != nil {
			return err
		}
		v.card = card
	}
	states, err := v.Store.Variables(ctx, v.device)
	if err != nil {
		return err
	}
	return v.pushVariables(states)
}

// variablesEvent is the payload of the event variables.
type variablesEvent struct {
	Device    devices.ID `json:"device"`
	Whole     bool       `json:"whole,omitempty"`
	Variables []variable `json:"variables"`
	Gone      []string   `json:"gone,omitempty"`
}

// pushVariables pushes the variables that have changed, as many as fit into one event. The next
// event begins with the first one that did not fit, so a device that reports many variables all the
// time does not hide the last ones.
func (v *view) pushVariables(states []devices.VariableState) error {
	e := variablesEvent{Device: v.device, Whole: v.variables == nil, Variables: []variable{}}
	known := make(map[string]variable, len(states))
	bytes, next := 0, ""
	for _, s := range beginningWith(v.next, states) {
		now := variableOf(s, valueLength)
		old, was := v.variables[s.Name]
		if was && old == now {
			known[s.Name] = now
			continue
		}
		if bytes += size(now); bytes > maxBytes {
			if next == "" {
				next = s.Name
			}
			if was {
				known[s.Name] = old
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
	slices.Sort(e.Gone)
	v.variables, v.next = known, next
	if !e.Whole && len(e.Variables) == 0 && len(e.Gone) == 0 {
		return nil
	}
	return v.push("variables", e)
}

// beginningWith rotates the states so that they begin with a name, if they have it.
func beginningWith(name string, states []devices.VariableState) []devices.VariableState {
	i := slices.IndexFunc(states, func(s devices.VariableState) bool { return s.Name == name })
	if i <= 0 {
		return states
	}
	return slices.Concat(states[i:], states[:i])
}

// logsEvent is the payload of the event logs.
type logsEvent struct {
	Device  devices.ID `json:"device"`
	Whole   bool       `json:"whole,omitempty"`
	Lines   []line     `json:"lines"` // the newest first
	More    int        `json:"more,omitempty"`
	AtLeast bool       `json:"at_least,omitempty"`
}

// pollLogs pushes the records that were committed since the last poll.
func (v *view) pollLogs(ctx context.Context) error {
	if !v.begun {
		return v.beginLogs(ctx)
	}
	t, err := v.Store.Tail(ctx, devices.TailQuery{
		Device: v.device, After: v.after, Limit: maxLines, Length: lineLength,
	})
	if err != nil {
		return err
	}
	v.after = t.Next
	if len(t.Lines) == 0 && !t.AtLeast {
		return nil
	}
	e := logsEvent{Device: v.device, Lines: make([]line, len(t.Lines)), More: t.More, AtLeast: t.AtLeast}
	for i, l := range t.Lines {
		e.Lines[i] = lineOf(l)
	}
	e.fit()
	return v.push("logs", e)
}

// beginLogs pushes the newest records. It reads first up to which id the next poll may skip, and
// the records afterwards: so no record is missed, and some may come twice.
func (v *view) beginLogs(ctx context.Context) error {
	t, err := v.Store.Tail(ctx, devices.TailQuery{After: -1})
	if err != nil {
		return err
	}
	found, err := v.Store.Search(ctx, devices.Query{ID: v.device, Limit: firstLines})
	if err != nil {
		return err
	}
	e := logsEvent{Device: v.device, Whole: true, Lines: make([]line, len(found.Records))}
	for i, r := range found.Records {
		e.Lines[i] = recordOf(r).cutTo(lineLength)
	}
	e.fit()
	e.More = 0 // older records are for the search
	v.begun, v.after = true, t.Next
	return v.push("logs", e)
}

// fit leaves out the oldest lines that do not fit into one event.
func (e *logsEvent) fit() {
	bytes := 0
	for i, l := range e.Lines {
		if bytes += size(l); bytes > maxBytes {
			e.More += len(e.Lines) - i
			e.Lines = e.Lines[:i]
			return
		}
	}
}

// size is the length of the value as JSON.
func size(v any) int {
	b, _ := json.Marshal(v) // structs of texts and numbers, which can be marshaled
	return len(b)
}
