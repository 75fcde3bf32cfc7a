package inventory

import (
	"context"
	"time"
)

// PlanDrop plans a drop, see [Store.PlanDrop].
func (s *Server) PlanDrop(ctx context.Context, p Plan) (d Drop, err error) {
	err = s.decide(ctx, func(ctx context.Context) (changes []Change, err error) {
		d, changes, err = s.store.PlanDrop(ctx, p)
		return changes, err
	})
	return d, err
}

// MoveDrop gives a drop another time, see [Store.MoveDrop].
func (s *Server) MoveDrop(ctx context.Context, id DropID, seen int64, at time.Time) (d Drop, err error) {
	err = s.decide(ctx, func(ctx context.Context) (changes []Change, err error) {
		d, changes, err = s.store.MoveDrop(ctx, id, seen, at)
		return changes, err
	})
	return d, err
}

// CancelDrop cancels a drop, see [Store.CancelDrop].
func (s *Server) CancelDrop(ctx context.Context, id DropID, seen int64) (d Drop, err error) {
	err = s.decide(ctx, func(ctx context.Context) (changes []Change, err error) {
		d, changes, err = s.store.CancelDrop(ctx, id, seen)
		return changes, err
	})
	return d, err
}

// Schedule plans the release of a product alone, see [Store.Schedule].
func (s *Server) Schedule(ctx context.Context, id ProductID, at time.Time) error {
	return s.decide(ctx, func(ctx context.Context) ([]Change, error) { return s.store.Schedule(ctx, id, at) })
}

// CallOff cancels the release of a product alone, see [Store.CallOff].
func (s *Server) CallOff(ctx context.Context, id ProductID) error {
	return s.decide(ctx, func(ctx context.Context) ([]Change, error) { return s.store.CallOff(ctx, id) })
}
