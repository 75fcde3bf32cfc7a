package fleet

import (
	"context"
	"strings"
	"time"

	"sneakers23/app/devices"
)

// maxListed is how many devices or records an answer has.
const maxListed = 50

// answerWithin bounds a question.
const answerWithin = 10 * time.Second

// question returns a context for a question that waits for its turn.
func (p *page) question(ctx context.Context) (_ context.Context, end func(), err error) {
	ctx, cancel := context.WithTimeout(ctx, answerWithin)
	release, err := acquire(ctx, p.questions)
	if err != nil {
		cancel()
		return nil, nil, err
	}
	return ctx, func() { release(); cancel() }, nil
}

type listRequest struct {
	Text  string         `json:"text"` // a part of a name
	Which devices.Which  `json:"which"`
	After devices.Cursor `json:"after"`
}

type listAnswer struct {
	Devices []card         `json:"devices"`
	Next    devices.Cursor `json:"next,omitzero"`
}

// list answers with a page of the list of devices.
func (p *page) list(ctx context.Context, q listRequest) (a listAnswer, err error) {
	ctx, end, err := p.question(ctx)
	if err != nil {
		return a, err
	}
	defer end()
	count, err := p.presences.now()
	if err != nil {
		return a, err
	}
	l := devices.Listing{Text: q.Text, Which: q.Which, After: q.After, Limit: maxListed}
	if l.Which == devices.WhichConnected || l.Which == devices.WhichAway {
		l.Connected = count.connected()
	}
	listed, err := p.Store.Page(ctx, l)
	if err != nil {
		return a, err
	}
	a = listAnswer{make([]card, len(listed.Devices)), listed.Next}
	for i, d := range listed.Devices {
		a.Devices[i] = cardOf(d, count)
	}
	return a, nil
}

type searchRequest struct {
	Device  devices.ID `json:"device"` // 0: all
	Text    string     `json:"text"`
	Seconds int64      `json:"seconds"` // only records that were received since then; 0: all
	Before  string     `json:"before"`  // older of the answer before
}

type searchAnswer struct {
	Lines []line `json:"lines"`
	Older string `json:"older,omitempty"`
}

// maxSeconds is a hundred years: more would overflow a time.Duration.
const maxSeconds = 100 * 365 * 24 * 60 * 60

// search answers with whole log records. The store bounds how many searches run.
func (p *page) search(ctx context.Context, q searchRequest) (a searchAnswer, err error) {
	ctx, cancel := context.WithTimeout(ctx, answerWithin)
	defer cancel()
	query := devices.Query{ID: q.Device, Text: q.Text, Limit: maxListed}
	if q.Seconds > 0 {
		query.Since = time.Now().Add(-time.Duration(min(q.Seconds, maxSeconds)) * time.Second)
	}
	if query.Before, err = devices.ParseMark(q.Before); err != nil {
		return a, err
	}
	found, err := p.Store.Search(ctx, query)
	if err != nil {
		return a, err
	}
	a = searchAnswer{make([]line, len(found.Records)), found.Older.String()}
	for i, r := range found.Records {
		a.Lines[i] = recordOf(r)
	}
	return a, nil
}

type variableRequest struct {
	Device devices.ID `json:"device"`
	Name   string     `json:"name"`
}

// variable answers with the whole values of a variable.
func (p *page) variable(ctx context.Context, q variableRequest) (variable, error) {
	ctx, end, err := p.question(ctx)
	if err != nil {
		return variable{}, err
	}
	defer end()
	states, err := p.Store.Variables(ctx, q.Device)
	if err != nil {
		return variable{}, err
	}
	for _, s := range states {
		if s.Name == q.Name {
			return variableOf(s, 0), nil
		}
	}
	return variable{}, sentence("The device has no such variable any more.")
}

type addRequest struct {
	Name string `json:"name"`
}

type addAnswer struct {
	ID   devices.ID `json:"id"`
	Name string     `json:"name"`
	Key  string     `json:"key"` // which is shown once
}

// add adds a device.
func (p *page) add(ctx context.Context, q addRequest) (addAnswer, error) {
	d, key, err := p.Desk.Add(kept(ctx), q.Name)
	return addAnswer{d.ID, d.Name, string(key)}, p.outcome(err)
}

// done is an answer without content.
type done struct{}

// revoke revokes the key of a device.
func (p *page) revoke(ctx context.Context, q choice) (done, error) {
	return done{}, p.outcome(p.Desk.Revoke(kept(ctx), q.Device))
}

type setRequest struct {
	Device    devices.ID `json:"device"`
	Variables []struct {
		Name  string `json:"name"`
		Type  string `json:"type"`
		Value string `json:"value"` // as people write it
	} `json:"variables"`
}

// set wants variables of a device to change: all of them, or none.
func (p *page) set(ctx context.Context, q setRequest) (done, error) {
	if len(q.Variables) == 0 {
		return done{}, sentence("Nothing was changed.")
	}
	if len(q.Variables) > devices.MaxVariables {
		return done{}, devices.ErrTooManyVariables
	}
	variables := make([]devices.Variable, len(q.Variables))
	for i, v := range q.Variables {
		var err error
		if variables[i], err = devices.VariableOfText(v.Name, v.Type, v.Value).Check(); err != nil {
			return done{}, sentence(asSentence(err.Error()))
		}
	}
	return done{}, p.outcome(p.Desk.Set(kept(ctx), q.Device, variables))
}

// unset withdraws a change of a variable.
func (p *page) unset(ctx context.Context, q variableRequest) (done, error) {
	return done{}, p.outcome(p.Desk.Unset(kept(ctx), q.Device, q.Name))
}

// kept returns the context of an order, which is carried out even if the page is closed.
func kept(ctx context.Context) context.Context { return context.WithoutCancel(ctx) }

// outcome returns the error of an order as a sentence. After an order without one, the page is
// polled for at once.
func (p *page) outcome(err error) error {
	if err != nil {
		return sentence(err.Error())
	}
	select {
	case p.ordered <- struct{}{}:
	default: // the poll is due already
	}
	return nil
}

// asSentence writes an error as a sentence.
func asSentence(text string) string {
	return strings.ToUpper(text[:1]) + text[1:] + "."
}
