package admin

import (
	"context"
	"encoding/json"
	"errors"

	"sneakers23/inventory"
	"sneakers23/web/channel"
)

// Dashboard is the topic of the shop in sums: state, and then change.
const Dashboard = "admin:dashboard"

const (
	stateEvent  = "state"
	changeEvent = "change"
)

// Desk does what the dashboard's buttons say, as the command line does: it returns when all live
// nodes show it, or names those that did not in time. The text of an error is for people.
type Desk interface {
	Release(ctx context.Context, id inventory.ProductID) (Done, error)
	Restock(ctx context.Context, id inventory.ItemID, count int) (Done, error)
}

// Done is what became of it, and the answer to the button.
type Done struct {
	Missing []string `json:"not_shown_by,omitempty"` // nodes
	Already bool     `json:"already,omitempty"`      // it was so before
}

// dashboardChannel is one open dashboard.
type dashboardChannel struct {
	tokens *Tokens
	board  *Board
	desk   Desk
}

// Join pushes the state; what changes is broadcast.
func (d dashboardChannel) Join(ctx context.Context, s *channel.Socket, _ json.RawMessage) (any, error) {
	if err := d.tokens.KeepFresh(s); err != nil {
		return nil, err
	}
	return nil, d.board.welcome(ctx, func(state json.RawMessage) error { return s.Push(stateEvent, state) })
}

// order is the payload of release and restock.
type order struct {
	ProductID inventory.ProductID `json:"product_id"`
	ItemID    inventory.ItemID    `json:"item_id"`
	Count     int                 `json:"count"`
}

// HandleIn takes the buttons: release and restock. They are answered when they are done, by a task:
// meanwhile the dashboard goes on.
func (d dashboardChannel) HandleIn(_ context.Context, s *channel.Socket, m channel.Message) (any, error) {
	var o order
	err := json.Unmarshal(m.Payload, &o)
	var do func(context.Context) (Done, error)
	switch m.Event {
	case "release":
		do = func(ctx context.Context) (Done, error) { return d.desk.Release(ctx, o.ProductID) }
	case "restock":
		do = func(ctx context.Context) (Done, error) { return d.desk.Restock(ctx, o.ItemID, o.Count) }
	default:
		return nil, channel.ErrUnknownEvent
	}
	if err != nil {
		return nil, channel.Refuse(
			reason(errors.New("this can't be read: product_id, item_id and count are whole numbers")),
		)
	}
	return nil, s.Go(func(ctx context.Context) {
		done, err := do(context.WithoutCancel(ctx)) // what an admin has confirmed is done also when he closes the page
		if err != nil {
			_ = m.Ref.Refuse(reason(err))
			return
		}
		_ = m.Ref.Reply(done) // the dashboard may be gone
	})
}

func reason(why error) any { return map[string]string{"reason": why.Error()} }
