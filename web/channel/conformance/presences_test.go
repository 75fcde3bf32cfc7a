package conformance

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strconv"
	"testing"
	"time"

	"sneakers23/replication/presence"
	"sneakers23/replication/pubsub"
	"sneakers23/web/channel"
)

// presences tracks its client under a key, with its mood.
type presences struct {
	site  *site
	key   string
	owner *presence.Owner
}

type mood struct {
	Mood string `json:"mood"`
}

// Join tracks the client and pushes who is there.
func (p *presences) Join(_ context.Context, s *channel.Socket, params json.RawMessage) (any, error) {
	var who struct{ Key, Mood string }
	if err := json.Unmarshal(params, &who); err != nil {
		return nil, err
	}
	p.key, p.owner = who.Key, s.Owner(p.site.roll.here)
	if _, err := p.owner.Track(s.Topic(), p.key, mood{who.Mood}); err != nil {
		return nil, err
	}
	return nil, s.PushPresences(p.site.roll.here, s.Topic())
}

// HandleIn changes the mood.
func (p *presences) HandleIn(_ context.Context, s *channel.Socket, m channel.Message) (any, error) {
	var to string
	if m.Event != "mood" {
		return nil, channel.ErrUnknownEvent
	}
	if err := json.Unmarshal(m.Payload, &to); err != nil {
		return nil, err
	}
	_, err := p.owner.Update(s.Topic(), p.key, mood{to})
	return channel.OK, err
}

func (p *presences) Terminate(_ context.Context, s *channel.Socket, reason error) {
	p.site.terminated <- s.Topic() + " " + words[reason]
}

// roll is who is present: on the node with the sockets, and on another one.
type roll struct{ here, there *presence.Tracker }

// newRoll runs two trackers until the test ends. The first broadcasts its diffs to its sockets.
func newRoll(t testing.TB, topics *pubsub.PubSub) *roll {
	r := &roll{}
	track := func(name string, other **presence.Tracker, onDiff func(map[string]presence.Diff)) *presence.Tracker {
		tracker, err := presence.New(presence.Options{
			Name: name, BroadcastPeriod: 20 * time.Millisecond, DownPeriod: 30 * time.Second, OnDiff: onDiff,
			Link: presence.Link{
				Send: func(m []byte) error { return (*other).Receive(name, m) },
				Ask:  func(ctx context.Context, _ string, q []byte) ([]byte, error) { return (*other).Answer(ctx, q) },
			},
		})
		if err != nil {
			t.Fatal(err)
		}
		return tracker
	}
	r.here = track("here", &r.there, func(diffs map[string]presence.Diff) { channel.BroadcastPresences(topics, diffs) })
	r.there = track("there", &r.here, nil)
	ctx, cancel := context.WithCancel(context.Background())
	served := make(chan error, 2)
	for _, tracker := range []*presence.Tracker{r.here, r.there} {
		go func() { served <- tracker.Serve(ctx) }()
	}
	t.Cleanup(func() {
		cancel()
		<-served
		<-served
	})
	return r
}

// churn lets so many things happen in a topic, on both nodes: joins, updates, leaves. It returns
// how many presences stay.
func (r *roll) churn(req *http.Request) (any, error) {
	n, err := strconv.Atoi(req.FormValue("n"))
	if err != nil {
		return nil, err
	}
	topic := req.FormValue("topic")
	type tab struct {
		*presence.Owner
		key string
	}
	var tabs []tab
	for i := range n {
		m := mood{fmt.Sprint("mood ", i)}
		at := rand.IntN(max(1, len(tabs)))
		switch what := rand.IntN(4); {
		case what == 0 && len(tabs) > 0:
			err = tabs[at].UntrackAll()
			tabs = slices.Delete(tabs, at, at+1)
		case what == 1 && len(tabs) > 0:
			_, err = tabs[at].Update(topic, tabs[at].key, m)
		default:
			t := tab{
				[]*presence.Tracker{r.here, r.there}[rand.IntN(2)].NewOwner(context.Background()),
				fmt.Sprint("key ", rand.IntN(50)),
			}
			_, err = t.Track(topic, t.key, m)
			tabs = append(tabs, t)
		}
		if err != nil {
			return nil, err
		}
	}
	return len(tabs), nil
}

// moods are those of all who are in a topic, by key.
func (r *roll) moods(topic string) (any, error) {
	list, err := r.here.List(topic)
	moods := make(map[string][]string)
	for _, p := range list {
		var m mood
		if err := json.Unmarshal(p.Meta, &m); err != nil {
			return nil, err
		}
		moods[p.Key] = append(moods[p.Key], m.Mood)
	}
	return moods, err
}
