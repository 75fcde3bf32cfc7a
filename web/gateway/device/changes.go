package device

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Declined is what Config.OnChange returns to decline some of the changed variables and accept the
// others: the reason by name. Any other error declines all.
type Declined map[string]error

// Error names the variables and the reasons, in order of the names.
func (d Declined) Error() string {
	var texts []string
	for name, err := range d {
		texts = append(texts, fmt.Sprintf("%s: %v", name, err))
	}
	slices.Sort(texts)
	return "declined: " + strings.Join(texts, "; ")
}

// changes are what admins want, on its way to OnChange. It is guarded by the client's mu.
type changes struct {
	pending  []Variable // not offered yet: the last wanted value of each name; at most MaxVariables
	offered  []Variable // OnChange has them now
	handling bool       // a goroutine calls OnChange
	declined []Variable // values of the last refusals, one for each name; at most MaxVariables
}

// receive takes variables that the server wants changed. The caller reads the connection, and does
// not wait for OnChange.
func (c *Client) receive(ctx context.Context, wanted []Variable) {
	if c.cfg.OnChange == nil {
		c.cfg.Log.Debug("changed variables were ignored: there is no OnChange", "variables", len(wanted))
		return
	}
	c.mu.Lock()
	ignored := 0
	for _, v := range wanted {
		if !c.want(v) {
			ignored++
		}
	}
	if len(c.changes.pending) > 0 && !c.changes.handling {
		c.changes.handling = true
		c.handlers.Go(func() { c.offer(ctx) })
	}
	c.mu.Unlock()
	if ignored > 0 {
		c.cfg.Log.Warn("changed variables were ignored: there are too many", "variables", ignored)
	}
	c.look()
}

// want keeps one wanted value for OnChange, and reports false if there is no room. A value that the
// client reports already is only reported once more: the server had not read the report when it
// sent the value. The caller holds mu.
func (c *Client) want(v Variable) bool {
	ch := &c.changes
	named := func(other Variable) bool { return other.Name == v.Name }
	older, busy := slices.IndexFunc(ch.pending, named), slices.IndexFunc(ch.offered, named)
	own := c.report.find(v.Name)
	switch {
	case busy >= 0 && ch.offered[busy] == v: // OnChange has it
	case busy < 0 && own != nil && own.Variable == v:
		own.pending = true
	case older >= 0:
		ch.pending[older] = v
		return true
	case len(ch.pending) == MaxVariables:
		return false
	default:
		ch.pending = append(ch.pending, v)
		return true
	}
	if older >= 0 { // v takes the place of an older wish
		ch.pending = slices.Delete(ch.pending, older, older+1)
	}
	return true
}

// offer calls OnChange until nothing is pending or ctx has ended.
func (c *Client) offer(ctx context.Context) {
	for {
		c.mu.Lock()
		ch := &c.changes
		if len(ch.pending) == 0 || ctx.Err() != nil {
			ch.handling = false
			c.mu.Unlock()
			return
		}
		ch.offered, ch.pending = ch.pending, nil
		offered := slices.Clone(ch.offered) // the callee may change it
		c.mu.Unlock()
		err := c.cfg.OnChange(ctx, offered)
		c.decide(err)
	}
}

// decide reports what OnChange has accepted. Each declined variable becomes a log record, so that
// admins see why it is not reported.
func (c *Client) decide(err error) {
	c.mu.Lock()
	accepted, refused := c.changes.split(err)
	c.changes.offered = nil
	tooMany := c.report.set(accepted)
	c.mu.Unlock()
	c.look()
	if tooMany != nil {
		c.cfg.Log.Error("accepted variables can't be reported", "err", tooMany)
	}
	for _, r := range refused {
		c.cfg.Log.Warn("a change was declined", "variable", r.Name, "err", r.reason)
		if err := c.Log(r.record()); err != nil {
			c.cfg.Log.Error("a refusal can't be logged", "err", err)
		}
	}
}

// refusedChange is a wanted value that OnChange has declined.
type refusedChange struct {
	Variable
	reason error
}

// split returns what OnChange has accepted, and what it has declined for the first time: the server
// sends the same value again with each answer.
func (ch *changes) split(err error) (accepted []Variable, refused []refusedChange) {
	some, partly := errors.AsType[Declined](err)
	for _, v := range ch.offered {
		reason := err
		if partly {
			reason = some[v.Name]
		}
		switch {
		case reason == nil:
			accepted = append(accepted, v)
		case !slices.Contains(ch.declined, v):
			ch.decline(v)
			refused = append(refused, refusedChange{v, reason})
		}
	}
	return accepted, refused
}

// decline remembers a value that was declined.
func (ch *changes) decline(v Variable) {
	ch.declined = slices.DeleteFunc(ch.declined, func(d Variable) bool { return d.Name == v.Name })
	if len(ch.declined) == MaxVariables {
		ch.declined = slices.Delete(ch.declined, 0, 1)
	}
	ch.declined = append(ch.declined, v)
}

// record is what the server's log is told.
func (r refusedChange) record() Record {
	return Record{
		Message: fmt.Sprintf("declined %s: %s", r.Name, serverError(r.reason.Error()).Reason), // cut to the same length
		Fields:  map[string]any{"variable": r.Name, "value": r.Value},
	}
}
