package storefront

import (
	"context"
	"encoding/json"
	"log/slog"
	"maps"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"
)

// DefaultEvery is the mean time between two comparisons with the database: a change whose message
// was lost shows within 5 s.
const DefaultEvery = 3 * time.Second

// patience bounds what a single call of the database may take.
const patience = 5 * time.Second

// store is all that a server needs of the database.
type store interface {
	Rows(ctx context.Context) (Rows, error)
	Revisions(ctx context.Context) (map[Slug]Revision, error)
	Set(ctx context.Context, edit Edit) (Saved, error)
	SavePage(ctx context.Context, edit PageEdit) (Saved, error)
	EndBanner(ctx context.Context) (ended *SettingsRow, left time.Duration, err error)
}

// sender takes a message to all other nodes, or loses it.
type sender interface {
	Send(data []byte) error
}

// Config is what a Server is made of. All of it must be set.
type Config struct {
	Store store
	Every time.Duration // mean time between two comparisons with the database
	Log   *slog.Logger
}

// Server holds what the shop looks like at this node. It is a service: see Serve. All other methods
// may be called from any goroutine.
type Server struct {
	cfg      Config
	to       sender // nil: there are no other nodes
	watchers []func(*Look)
	kick     chan struct{} // buffer 1: a token says that something may have been missed, more would say no more
	look     atomic.Pointer[Look]

	mu      sync.Mutex    // held while look is replaced and the watchers are called
	changed chan struct{} // closed by the next change
}

// NewServer makes a server that has read nothing yet.
func NewServer(cfg Config) *Server {
	s := &Server{cfg: cfg, kick: make(chan struct{}, 1), changed: make(chan struct{})}
	s.look.Store(new(Look))
	return s
}

// SendTo says where changes are sent that this node has committed. It is called before Serve is.
func (s *Server) SendTo(to sender) { s.to = to }

// Watch adds a function that is called with every look from the first on, in order. Meanwhile
// changes wait, so it must not. Watch is called before Serve is.
func (s *Server) Watch(changed func(*Look)) { s.watchers = append(s.watchers, changed) }

// String names the service in logs.
func (s *Server) String() string { return "storefront.Server" }

// Look returns what the shop looks like now. It never waits.
func (s *Server) Look() *Look { return s.look.Load() }

// Kick lets Serve compare soon: a message may have been missed. It never waits.
func (s *Server) Kick() {
	select {
	case s.kick <- struct{}{}:
	default: // a token is there already
	}
}

// Serve reads the rows as soon as the database answers, and compares with them until ctx ends.
func (s *Server) Serve(ctx context.Context) error {
	failing := false
	for {
		left, err := s.heal(ctx)
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if err != nil && !failing {
			s.cfg.Log.Error("settings and pages of the shop not read, will try again", "err", err)
		}
		if err == nil && failing {
			s.cfg.Log.Info("settings and pages of the shop are read again")
		}
		failing = err != nil
		pause := s.cfg.Every
		switch {
		case failing && !s.Look().Loaded():
			pause = 200 * time.Millisecond
		case failing:
			pause = min(pause, time.Second)
		}
		pause = pause*3/4 + rand.N(pause/2) // jitter: nodes must not ask all at once
		if left > 0 {
			pause = min(pause, left)
		}
		select {
		case <-time.After(pause):
		case <-s.kick:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// heal compares once, applies what was missed, and ends the banner if its time has come. left is
// how soon to ask again, 0 if the banner has no end.
func (s *Server) heal(ctx context.Context) (left time.Duration, err error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	read, err := s.compare(ctx)
	if err != nil {
		return 0, err
	}
	if !read && s.Look().Settings().BannerEnds == nil {
		return 0, nil
	}
	return s.endBanner(ctx) // one that was over when it was read is not in the look
}

// compare reads the rows if their revisions differ from those of the look, and reports whether it
// did.
func (s *Server) compare(ctx context.Context) (read bool, err error) {
	before := s.Look() // before the query: what is lower there than here has gone back
	if before.Loaded() {
		revisions, err := s.cfg.Store.Revisions(ctx)
		if err != nil || maps.Equal(revisions, before.revisions()) {
			return false, err
		}
	}
	rows, err := s.cfg.Store.Rows(ctx)
	if err != nil {
		return false, err
	}
	s.replace(rows.asChanges(), func(held *Look, c Change) bool {
		at := held.revision(c)
		if back := at == before.revision(c) && c.Revision() < at; back {
			s.cfg.Log.Warn("the database went back, its values are taken", "revision", c.Revision(), "held", at)
			return true
		}
		return c.Revision() > at
	})
	return true, nil
}

// revisions are those of all rows, as Store.Revisions has them.
func (l *Look) revisions() map[Slug]Revision {
	all := make(map[Slug]Revision)
	if l.settings.Revision > 0 {
		all[""] = l.settings.Revision
	}
	for slug, p := range l.pages {
		if p.Revision > 0 {
			all[slug] = p.Revision
		}
	}
	return all
}

// replace replaces the rows of those changes that count. The first call makes the look a loaded
// one.
func (s *Server) replace(changes []Change, counts func(held *Look, c Change) bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	held := s.Look()
	var taken []Change
	for _, c := range changes {
		if counts(held, c) {
			taken = append(taken, c)
		}
	}
	if len(taken) == 0 && held.Loaded() {
		return
	}
	look := held.with(taken, held.shown+1)
	s.look.Store(look)
	close(s.changed)
	s.changed = make(chan struct{})
	if ends := look.Settings().BannerEnds; ends != nil && !sameEnd(ends, held.Settings().BannerEnds) {
		s.Kick() // Serve has to wait until then, and no longer
	}
	for _, watch := range s.watchers {
		watch(look)
	}
}

// isNewer reports whether a change is newer than what is held.
func isNewer(held *Look, c Change) bool { return c.Revision() > held.revision(c) }

// Receive takes what another node has announced. It never waits.
func (s *Server) Receive(data []byte) {
	c, err := decode(data)
	if err != nil {
		s.cfg.Log.Error("a change of another node can't be read", "err", err)
		s.Kick()
		return
	}
	if !s.Look().Loaded() {
		return // all is about to be read
	}
	s.replace([]Change{c}, isNewer)
}

// Set changes settings, see [Store.Set]. Once begun, it does not end with its caller.
func (s *Server) Set(ctx context.Context, edit Edit) (Saved, error) {
	return s.commit(ctx, func(ctx context.Context) (Saved, error) { return s.cfg.Store.Set(ctx, edit) })
}

// SavePage writes or removes a page, see [Store.SavePage]. Once begun, it does not end with its
// caller.
func (s *Server) SavePage(ctx context.Context, edit PageEdit) (Saved, error) {
	return s.commit(ctx, func(ctx context.Context) (Saved, error) { return s.cfg.Store.SavePage(ctx, edit) })
}

func (s *Server) commit(ctx context.Context, save func(context.Context) (Saved, error)) (Saved, error) {
	if ctx.Err() != nil {
		return Saved{}, context.Cause(ctx)
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), patience)
	defer cancel()
	saved, err := save(ctx)
	if err != nil {
		return saved, err
	}
	c := Change{Settings: saved.Settings, Page: saved.Page}
	if c.Revision() == 0 {
		return saved, nil // nothing was ever written
	}
	if s.Look().Loaded() {
		s.replace([]Change{c}, isNewer)
	}
	if !saved.Unchanged() {
		s.announce(c)
	}
	return saved, nil
}

// announce sends the other nodes what this one has committed, after it shows here.
func (s *Server) announce(c Change) {
	if s.to == nil {
		return
	}
	data, err := json.Marshal(c)
	if err == nil {
		err = s.to.Send(data)
	}
	if err != nil {
		s.cfg.Log.Warn("a change was not sent to the other nodes, they will find it by comparing", "err", err)
	}
}

// Wait returns when all marks are shown, or ctx ends.
func (s *Server) Wait(ctx context.Context, marks ...Mark) error {
	for {
		s.mu.Lock()
		look, changed := s.Look(), s.changed
		s.mu.Unlock()
		if look.showsAll(marks) {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

func (l *Look) showsAll(marks []Mark) bool {
	for _, m := range marks {
		if !l.shows(m) {
			return false
		}
	}
	return l.loaded
}
