package presence

import (
	"context"
	"log/slog"
	"time"
)

// The messages of a shard to the other replicas, and theirs to it. All of it runs on the shard's
// goroutine, but what ask starts.

// sendMessage sends what has changed with what else there is to say. A delta that can't be sent is
// missed by the others, who ask for it.
func (s *shard) sendMessage(m message) {
	if s.bye || s.t.opts.Link.Send == nil {
		return
	}
	s.silent = 0
	m.Shard, m.Pool, m.From, m.Clock = s.index, len(s.t.shards), s.me(), s.state.Clock()
	m.Bye = false
	if d := s.state.Delta(); d.From < d.To {
		m.Delta = &d
	}
	if err := s.send(m); err != nil && m.Delta != nil {
		m.Delta = nil
		err = s.send(m)
		s.log("presences not told, other replicas will ask", s.me().Name, slog.Any("err", err))
	}
}

func (s *shard) send(m message) error {
	data, err := encode(m)
	if err != nil {
		return err
	}
	return s.t.opts.Link.Send(data)
}

// sayBye is the last that this shard says.
func (s *shard) sayBye() error {
	if s.bye || s.t.opts.Link.Send == nil {
		s.bye = true
		return nil
	}
	s.bye = true
	return s.send(message{Shard: s.index, Pool: len(s.t.shards), From: s.me(), Clock: s.state.Clock(), Bye: true})
}

// period is what is done in each BroadcastPeriod.
func (s *shard) period(ctx context.Context, now time.Time) {
	s.hello = false
	s.silent++
	if s.state.HasNews() || s.silent >= s.t.opts.MaxSilentPeriods {
		s.sendMessage(message{})
	}
	for name, at := range s.heard {
		switch silence := now.Sub(at); {
		case silence >= s.t.opts.PermdownPeriod:
			s.log("a replica is forgotten", name)
			s.t.news.add(s.state.Forget(name))
			delete(s.heard, name)
			delete(s.vain, name)
		case silence >= s.t.opts.DownPeriod && s.state.IsUp(name):
			s.log("a replica is down", name)
			s.t.news.add(s.state.Down(name))
		}
	}
	for name, bye := range s.gone {
		if now.Sub(bye.at) >= s.t.opts.DownPeriod {
			delete(s.gone, name)
		}
	}
	s.sample(ctx)
}

// sample asks those of whom something was missing for so many periods.
func (s *shard) sample(ctx context.Context) {
	if s.samples++; s.samples < s.t.opts.ClockSamplePeriods {
		return
	}
	s.samples = 0
	for name, c := range s.claims {
		if !s.isKnown(c.of) || !s.state.IsUp(name) || s.state.Known(c.of) >= c.clock {
			delete(s.claims, name)
			continue
		}
		s.ask(ctx, c.of)
	}
}

// receiveMessage applies a message. A replica that is heard for the first time, or again, is asked
// at once for its missing presences.
func (s *shard) receiveMessage(ctx context.Context, m message) {
	was := s.state.IsUp(m.From.Name) && s.isKnown(m.From)
	if bye, ok := s.gone[m.From.Name]; ok && m.From.Version == bye.version {
		return
	}
	if m.Bye {
		s.hearBye(m.From)
		return
	}
	changed, fresh := s.state.Heard(m.From)
	if !fresh {
		return
	}
	s.heard[m.From.Name] = time.Now()
	s.t.news.add(changed)
	if !was {
		s.log("a replica is up", m.From.Name)
	}
	if m.Delta != nil {
		changed, _ := s.state.Merge(m.From, *m.Delta)
		s.t.news.add(changed)
	}
	if s.state.Known(m.From) < m.Clock {
		s.claims[m.From.Name] = claim{m.From, m.Clock}
		if !was {
			s.ask(ctx, m.From)
		}
	}
	if m.Hello {
		s.sendMessage(message{})
	}
}

// hearBye forgets a replica, unless it was another run, of before, that has said goodbye.
func (s *shard) hearBye(r Replica) {
	if o := s.state.others[r.Name]; o != nil && o.of.Version > r.Version {
		return
	}
	s.gone[r.Name] = farewell{r.Version, time.Now()}
	s.log("a replica has said goodbye", r.Name)
	s.t.news.add(s.state.Forget(r.Name))
	delete(s.heard, r.Name)
	delete(s.vain, r.Name)
}

// isKnown tells whether this very run was heard.
func (s *shard) isKnown(r Replica) bool {
	o := s.state.others[r.Name]
	return o != nil && o.of.Replica == r
}

// suspect asks a replica of which messages may be lost, or who it is.
func (s *shard) suspect(ctx context.Context, name string) {
	if o := s.state.others[name]; o != nil {
		s.ask(ctx, o.of.Replica)
		return
	}
	s.sendMessage(message{Hello: true})
}

// ask asks a replica for what is not known of it, one question at a time. The answer comes to
// receiveAnswer.
func (s *shard) ask(ctx context.Context, r Replica) {
	if s.asking[r] || s.t.opts.Link.Ask == nil {
		return
	}
	s.asking[r] = true
	q := question{Shard: s.index, Pool: len(s.t.shards), Of: r, Since: s.state.Known(r)}
	s.asks.Go(func() {
		a := answer{from: r}
		a.delta, a.err = s.inquire(ctx, q)
		select {
		case s.answers <- a:
		case <-ctx.Done():
		}
	})
}

func (s *shard) inquire(ctx context.Context, q question) (d Delta, err error) {
	ctx, cancel := context.WithTimeout(ctx, askWithin)
	defer cancel()
	data, err := encode(q)
	if err == nil {
		data, err = s.t.opts.Link.Ask(ctx, q.Of.Name, data)
	}
	if err == nil {
		err = decode(data, &d)
	}
	if err == nil {
		err = d.check()
	}
	return d, err
}

// receiveAnswer takes an answer.
func (s *shard) receiveAnswer(a answer) {
	delete(s.asking, a.from)
	if a.err != nil {
		s.askedInVain(a)
		return
	}
	delete(s.vain, a.from.Name)
	if !s.isKnown(a.from) {
		return // it has said goodbye meanwhile, or is another run
	}
	s.heard[a.from.Name] = time.Now()
	changed, _ := s.state.Heard(a.from)
	s.t.news.add(changed)
	changed, _ = s.state.Merge(a.from, a.delta)
	s.t.news.add(changed)
}

// mostVain is how many questions may go without an answer before a warning is logged: a replica
// that was killed is asked some.
const mostVain = 20

// askedInVain says hello, once in a period: perhaps the replica is another run by now.
func (s *shard) askedInVain(a answer) {
	s.log("a replica was asked in vain", a.from.Name, slog.Any("err", a.err))
	if s.vain[a.from.Name]++; s.vain[a.from.Name]%mostVain == 0 {
		s.t.opts.Log.Warn("presences of another replica are missing", "replica", a.from.Name, "err", a.err)
	}
	if !s.hello {
		s.hello = true
		s.sendMessage(message{Hello: true})
	}
}

func (s *shard) log(what, name string, more ...slog.Attr) {
	if level := s.t.opts.LogLevel; level != nil {
		s.t.opts.Log.LogAttrs(context.Background(), level.Level(), what, append(more, slog.String("replica", name))...)
	}
}
