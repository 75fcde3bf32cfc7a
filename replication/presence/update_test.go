package presence

import (
	"context"
	"testing"

	"sneakers23/app/waittest"
)

// An update is one diff: a client would see its presence gone for a moment else.
func TestUpdateIsOneDiff(t *testing.T) {
	const updates = 2000
	done := make(chan struct{}, 1)
	last := ""
	tr, err := New(Options{Name: "node", OnDiff: func(diffs map[string]Diff) {
		d := diffs["room"]
		if len(d.Leaves) > len(d.Joins) {
			t.Errorf("%d leave and %d join", len(d.Leaves), len(d.Joins))
		}
		for _, p := range d.Joins {
			last = string(p.Meta)
		}
		if last == `{"n":-1}` {
			done <- struct{}{}
		}
	}})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	served := make(chan error, 1)
	go func() { served <- tr.Serve(ctx) }()
	defer func() { cancel(); <-served }()
	o := tr.NewOwner(t.Context())
	if _, err := o.Track("room", "ann", map[string]int{"n": 0}); err != nil {
		t.Fatal(err)
	}
	for n := range updates {
		if _, err := o.Update("room", "ann", map[string]int{"n": n}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := o.Update("room", "ann", map[string]int{"n": -1}); err != nil {
		t.Fatal(err)
	}
	waittest.Done(t, "the last diff", done)
}
