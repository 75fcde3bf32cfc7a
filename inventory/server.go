package inventory

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	"sneakers23/app/sleep"
	"sneakers23/inventory/picture"
)

// Server holds the catalog of this node and is the one door through which changes reach it. It is a
// service: see Serve. All other methods may be called from any goroutine, also before Serve and
// while it is starting again.
type Server struct {
	store    *Store
	levels   Thresholds
	watchers *Dispatcher
	pictures *picture.Maker
	log      *slog.Logger

	calls   chan call // no buffer: a caller hands over to the loop itself, or gives up
	catalog atomic.Pointer[Catalog]
	clock   Clock

	committed []func([]Change) // told of what is committed here
}

// call asks the loop to apply changes.
type call struct {
	changes []Change
	reply   chan error // buffer 1: the loop never waits for a caller
}

// NewServer makes a server with an empty catalog; Serve fills it. Watchers are told of what changes
// through d.
func NewServer(store *Store, levels Thresholds, d *Dispatcher, log *slog.Logger) *Server {
	s := &Server{store: store, levels: levels, watchers: d, pictures: picture.NewMaker(), log: log,
		calls: make(chan call)}
	s.catalog.Store(emptyCatalog)
	return s
}

// String names the service in logs.
func (s *Server) String() string { return "inventory.Server" }

// Catalog is the newest catalog of this node. It never waits.
func (s *Server) Catalog() *Catalog { return s.catalog.Load() }

// ShopTime is the time by which drops open: that of the database, as far as this node knows. It
// never waits.
func (s *Server) ShopTime() time.Time { return s.clock.Now() }

// Serve loads the catalog from the database, waiting for the database as long as it takes, then
// applies changes until ctx ends. It may be called again after it has returned or panicked: it
// reloads from the database, and the last catalog stays readable meanwhile.
func (s *Server) Serve(ctx context.Context) error {
	rows, err := s.load(ctx)
	if err != nil {
		return err
	}
	st := newState(rows, s.levels, s.Catalog())
	s.publish(st, everything(rows))
	for {
		select {
		case c := <-s.calls:
			s.apply(st, c)
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// patience bounds what a single question to the database may take, so that a connection that has
// fallen silent does not hold up the node.
const patience = 5 * time.Second

// load reads all rows, again and again with growing pauses until the database answers.
func (s *Server) load(ctx context.Context) (Rows, error) {
	for pause := 50 * time.Millisecond; ; pause = min(2*pause, 2*time.Second) {
		rows, err := s.read(ctx)
		if err == nil || ctx.Err() != nil {
			return rows, err
		}
		if pause == 50*time.Millisecond { // said once
			s.log.Error("catalog not loaded, will try again until it is", "err", err)
		}
		if err := sleep.For(ctx, pause); err != nil {
			return Rows{}, err
		}
	}
}

func (s *Server) read(ctx context.Context) (Rows, error) {
	ctx, cancel := context.WithTimeout(ctx, 2*patience)
	defer cancel()
	return s.store.Rows(ctx)
}

// apply is called by Serve's loop only: the one goroutine that touches the state.
func (s *Server) apply(st *state, c call) {
	defer close(c.reply) // even after a panic: no caller waits for a crashed server
	if news := st.apply(c.changes); len(news) > 0 {
		s.publish(st, news)
	}
	c.reply <- nil
}

func (s *Server) publish(st *state, news []Change) {
	s.catalog.Store(st.catalog)
	s.watchers.enqueue(st.catalog, news)
}

// Apply takes changes that were committed, here or on another node, and returns when Catalog shows
// them, or something newer. Changes that are no news are ignored. The error is ErrCrashed or the
// end of ctx; neither loses anything, since the truth is in the database and is compared every few
// seconds.
func (s *Server) Apply(ctx context.Context, changes ...Change) error {
	c := call{changes: changes, reply: make(chan error, 1)}
	select {
	case s.calls <- c:
		if err, ok := <-c.reply; ok {
			return err
		}
		return ErrCrashed
	case <-ctx.Done():
		return fmt.Errorf("apply changes: %w", context.Cause(ctx))
	}
}

// Release releases a product now. The error is ErrNotFound, ErrReleased, or the database's.
func (s *Server) Release(ctx context.Context, id ProductID) error {
	return s.decide(ctx, func(ctx context.Context) ([]Change, error) { return s.store.Release(ctx, id) })
}

// decide lets the database decide, and applies what it has committed. Once begun it does not end
// with its caller: a commit is always shown, and no caller is told "no" about a pair that is sold.
// It has a limit of its own instead.
func (s *Server) decide(ctx context.Context, do func(context.Context) ([]Change, error)) error {
	return s.decideWithin(ctx, patience, do)
}

func (s *Server) decideWithin(
	ctx context.Context, limit time.Duration, do func(context.Context) ([]Change, error),
) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), limit)
	defer cancel()
	committed, err := do(ctx)
	if err != nil {
		return err
	}
	ctx, cancelApply := context.WithTimeout(context.WithoutCancel(ctx), patience)
	defer cancelApply()
	return s.Committed(ctx, committed...)
}

// Committed takes what this node has just committed, by whatever transaction: every change made
// here comes through this door. It returns as Apply does; whatever that is, those of OnCommitted
// were told. Changes without a name get that of the operator who acts in ctx, see [ActingAs].
func (s *Server) Committed(ctx context.Context, changes ...Change) error {
	for i := range changes {
		changes[i].By = cmp.Or(changes[i].By, Actor(ctx))
	}
	err := s.Apply(ctx, changes...)
	for _, tell := range s.committed {
		tell(changes)
	}
	return err
}

// Reread reads products from the database, and returns as Apply does: a caller has seen that the
// catalog is behind. The error may be the database's.
func (s *Server) Reread(ctx context.Context, products ...ProductID) error {
	changes, err := s.store.Products(ctx, products...)
	if err != nil {
		return err
	}
	return s.Apply(ctx, changes...)
}

// Announce reads products that this node has changed by a transaction which returned no rows, and
// takes them as Committed does. The error may be the database's.
func (s *Server) Announce(ctx context.Context, products ...ProductID) error {
	changes, err := s.store.Products(ctx, products...)
	if err != nil {
		return err
	}
	return s.Committed(ctx, changes...)
}

// OnCommitted lets tell be called with what this node has committed, after its own catalog shows
// it: on the goroutine of who committed it, so it must not wait. It is called before Serve is.
func (s *Server) OnCommitted(tell func([]Change)) { s.committed = append(s.committed, tell) }

func everything(rows Rows) []Change {
	changes := make([]Change, 0, len(rows.Products)+len(rows.Items))
	for _, row := range rows.Products {
		changes = append(changes, Change{Product: &row})
	}
	for _, row := range rows.Items {
		changes = append(changes, Change{Item: &row})
	}
	return changes
}
