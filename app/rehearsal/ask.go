package rehearsal

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"
)

// joined waits until the topics are joined.
func (t *tab) joined(ctx context.Context) (*link, error) {
	for {
		t.mu.Lock()
		l, err, news := t.link, t.err, t.news
		t.mu.Unlock()
		if l != nil {
			return l, nil
		}
		if errors.Is(err, errShare) {
			return nil, err
		}
		select {
		case <-news:
		case <-ctx.Done():
			if cause := context.Cause(ctx); cause != errPatient || err == nil {
				return nil, cause
			}
			return nil, fmt.Errorf("%w: %w", errPatient, err)
		}
	}
}

// ask sends an event and waits for its answer. It sends the event again over the next connection
// when one ends before the answer: each event of a cart has the same effect sent twice.
func (t *tab) ask(ctx context.Context, topic, event string, payload any) (reply, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, t.patience, errPatient)
	defer cancel()
	for again := false; ; again = true {
		l, err := t.joined(ctx)
		if err != nil {
			return reply{}, err
		}
		if again {
			t.of.retried.Add(1)
		}
		t.refs++
		r, err := t.askOver(ctx, l, strconv.Itoa(t.refs), topic, event, payload)
		if !errors.Is(err, errRejoin) {
			return r, err
		}
	}
}

// askOver is ask over one connection. The error is errRejoin after its end.
func (t *tab) askOver(ctx context.Context, l *link, ref, topic, event string, payload any) (reply, error) {
	if l.ws.SetWriteDeadline(time.Now().Add(t.patience)) != nil || l.send(ref, topic, event, payload) != nil {
		l.ws.Close() // as phoenix.js sees it: a socket that is closing is closed
		<-l.ended
		return reply{}, errRejoin
	}
	for {
		select {
		case r := <-t.replies:
			if r.ref == ref {
				return r, nil
			}
		case <-l.ended:
			return reply{}, errRejoin
		case <-ctx.Done():
			return reply{}, context.Cause(ctx)
		}
	}
}

// inCart is what the tab shows, and the token of that.
func (t *tab) inCart() (items []int64, token any) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return slices.Clone(t.items), t.token
}

// connections is how many there were. Joins that begin after the call are counted later.
func (t *tab) connections() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.links
}

// shows waits until the tab shows just these items, and returns since when it does. The error is
// errRejoin when the tab has had another number of connections meanwhile, unless that is 0.
func (t *tab) shows(ctx context.Context, items []int64, links int) (time.Time, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, t.patience, errPatient)
	defer cancel()
	for {
		t.mu.Lock()
		same, at, now, news := slices.Equal(t.items, items), t.at, t.links, t.news
		t.mu.Unlock()
		switch {
		case same:
			return at, nil
		case links != 0 && links != now:
			return time.Time{}, errRejoin
		}
		select {
		case <-news:
		case <-ctx.Done():
			return time.Time{}, context.Cause(ctx)
		}
	}
}
