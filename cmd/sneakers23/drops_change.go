package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"sneakers23/app/operator"
	"sneakers23/inventory"
)

// dropsMoveCmd moves a drop.
type dropsMoveCmd struct {
	ID   inventory.DropID `arg:"" help:"Number of the drop." name:"ID"`
	At   string           `help:"When it opens instead." placeholder:"TIME" xor:"what"`
	Ends string           `help:"When it is over instead and its banner goes: a time, now or never." placeholder:"TIME" xor:"what"`
	Zone string           `help:"Time zone of the time. Default: that of the drop, else as for plan." placeholder:"ZONE"`
	Yes  bool             `help:"Do not ask about a time that is more than a year away." short:"y"`
}

// Run is called by kong.
func (m *dropsMoveCmd) Run(ctx context.Context, g *globals, term terminal) error {
	if _, err := m.change(time.Now(), m.Zone); err != nil && (m.Zone != "" || m.At+m.Ends == "" || m.ID < 1) {
		return err // else another zone may make sense of it
	}
	c, err := dial(g)
	if err != nil {
		return err
	}
	defer c.Close()
	before, err := c.Drop(ctx, m.ID)
	if err != nil {
		return err
	}
	zone, err := zoneOr(ctx, c, cmp.Or(m.Zone, before.Zone))
	if err != nil {
		return err
	}
	q, err := m.change(time.Now(), zone)
	if err != nil {
		return err
	}
	d, err := surely(term, m.Yes, func(sure bool) (operator.DropView, error) {
		q.Sure = sure
		return c.ChangeDrop(ctx, q)
	})
	if err != nil {
		return err
	}
	return showChange(g, term, d, "is changed")
}

// change returns what the flags ask for. The error is a usageError.
func (m *dropsMoveCmd) change(now time.Time, zone string) (q operator.DropChange, err error) {
	if now, err = inZone(now, zone); err != nil {
		return q, err
	}
	q.ID = m.ID
	switch {
	case m.ID < 1:
		return q, usageError{fmt.Errorf("there is no drop %d", m.ID)}
	case m.At != "":
		at, err := parseTime("--at", m.At, now)
		if err != nil {
			return q, usageError{err}
		}
		q.At = &at
	case m.Ends == "":
		return q, usageError{errors.New("say when the drop opens instead by --at, or when it ends by --ends")}
	case m.Ends == "now":
		q.EndNow = true
	default:
		q.End = true
		q.EndsAt, err = parseEnd("--ends", m.Ends, now)
	}
	return q, err
}

// dropsCancelCmd cancels a drop.
type dropsCancelCmd struct {
	ID inventory.DropID `arg:"" help:"Number of the drop." name:"ID"`
}

// Run is called by kong.
func (x *dropsCancelCmd) Run(ctx context.Context, g *globals, term terminal) error {
	c, err := dial(g)
	if err != nil {
		return err
	}
	defer c.Close()
	d, err := c.ChangeDrop(ctx, operator.DropChange{ID: x.ID, Cancel: true})
	if err != nil {
		return err
	}
	return showChange(g, term, d, "is cancelled, and will not open")
}
