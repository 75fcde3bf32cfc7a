package fleet

import (
	"context"
	"strings"
	"time"

	"sneakers23/app/devices"
)

// mostListed is how many devices or lines an answer has.
const mostListed = 50

// requestWithin bounds a question to the database.
const requestWithin = 10 * time.Second

type listRequest struct {
	Text  string        `json:"text"`
	Which devices.Which `json:"which"`
	After devices.Place `json:"after"`
}

type listAnswer struct {
	Devices []card        `json:"devices"`
	Next    devices.Place `json:"next,omitzero"`
}

// list answers with a page of the list of devices.
func (p *page) list(ctx context.Context, q listRequest) (a listAnswer, err error) {
	ctx, cancel := context.WithTimeout(ctx, requestWithin)
	defer cancel()
	count, err := p.presences.now()
	if err != nil {
		return a, err
	}
	l := devices.Listing{Text: q.Text, Which: q.Which, After: q.After, Limit: mostListed}
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
	Seconds int64      `json:"seconds"` // only what was received since then; 0: all
	Before  string     `json:"before"`  // the field older of the answer before
}

type searchAnswer struct {
	Lines []line `json:"lines"`
	Older string `json:"older,omitempty"`
}

// longestAgo bounds the seconds of a search, whose days are partitions.
const longestAgo = 100 * 365 * 24 * 60 * 60

// search answers with log records, whole.
func (p *page) search(ctx context.Context, q searchRequest) (a searchAnswer, err error) {
	ctx, cancel := context.WithTimeout(ctx, requestWithin)
	defer cancel()
	query := devices.Query{ID: q.Device, Text: q.Text, Limit: mostListed}
	if q.Seconds > 0 {
		query.Since = time.Now().Add(-time.Duration(min(q.Seconds, longestAgo)) * time.Second)
	}
	if query.Before, err = devices.ParseMark(q.Before); err != nil {
		return a, err
	}
	records, err := p.Store.Search(ctx, query)
	if err != nil {
		return a, err
	}
	a = searchAnswer{make([]line, len(records.Records)), records.Older.String()}
	for i, r := range records.Records {
		a.Lines[i] = found(r)
	}
	return a, nil
}

type variableRequest struct {
	Device devices.ID `json:"device"`
	Name   string     `json:"name"`
}

// variable answers with the whole values of a variable.
func (p *page) variable(ctx context.Context, q variableRequest) (variable, error) {
	ctx, cancel := context.WithTimeout(ctx, requestWithin)
	defer cancel()
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
	Key  string     `json:"key"` // nobody is told it again
}

// add adds a device.
func (p *page) add(ctx context.Context, q addRequest) (addAnswer, error) {
	d, key, err := p.Desk.Add(kept(ctx), q.Name)
	return addAnswer{d.ID, d.Name, string(key)}, p.ordered(err)
}

// done is the answer to what has nothing to tell.
type done struct{}

// revoke revokes the key of a device.
func (p *page) revoke(ctx context.Context, q device) (done, error) {
	return done{}, p.ordered(p.Desk.Revoke(kept(ctx), q.Device))
}

type setRequest struct {
	Device    devices.ID `json:"device"`
	Variables []struct {
		Name  string `json:"name"`
		Type  string `json:"type"`
		Value string `json:"value"` // as people write it
	} `json:"variables"`
}

// set keeps what variables of a device are to become: all of them, or none.
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
	return done{}, p.ordered(p.Desk.Set(kept(ctx), q.Device, variables))
}

// unset withdraws what a variable of a device is to become.
func (p *page) unset(ctx context.Context, q variableRequest) (done, error) {
	return done{}, p.ordered(p.Desk.Unset(kept(ctx), q.Device, q.Name))
}

// kept is the context of what an admin has confirmed: it is done also when the page is closed. The desk bounds it.
func kept(ctx context.Context) context.Context { return context.WithoutCancel(ctx) }

// ordered takes what became of an order. The page is soon shown what it has changed.
func (p *page) ordered(err error) error {
	if err != nil {
		return sentence(err.Error())
	}
	select {
	case p.changed <- struct{}{}:
	default: // a token is there already
	}
	return nil
}

// asSentence begins with a capital letter, and ends with a full stop.
func asSentence(text string) string {
	return strings.ToUpper(text[:1]) + text[1:] + "."
}
