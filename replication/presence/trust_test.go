package presence

import (
	"encoding/json"
	"errors"
	"testing"
	"testing/synctest"
)

// TestNonsense hands a tracker what is no message.
func TestNonsense(t *testing.T) {
	inBubble(t, func(t *testing.T, w *wire) {
		a := w.start("a", nil)
		for _, data := range []string{
			"", "{", "[]", "\x1f\x8b", `{"shard":1,"pool":1}`, `{"shard":-1,"pool":1}`, `{"pool":2}`,
		} {
			if err := a.Receive("b", []byte(data)); err == nil {
				t.Errorf("%q was received", data)
			}
			if _, err := a.Answer(t.Context(), []byte(data)); err == nil {
				t.Errorf("%q was answered", data)
			}
		}
		if _, err := a.Answer(t.Context(), []byte(`{"pool":1,"of":{"name":"a","vsn":1}}`)); err == nil {
			t.Error("a question to an earlier run was answered")
		}
		a.track(t, "ann")
		a.has(t, "after all that", "ann")
	})
}

// TestLies hands a tracker messages that no replica would send. They change nothing.
func TestLies(t *testing.T) {
	inBubble(t, func(t *testing.T, w *wire) {
		a := w.start("a", nil)
		say := func(from, message string) error {
			err := a.Receive(from, []byte(`{"pool":1,`+message+`}`))
			synctest.Wait()
			return err
		}
		const hello = `"from":{"name":"b","vsn":1},"clock":1,"delta":{"from":0,"to":1,"joins":[{"tag":1,"topic":"room","key":"bob","meta":{}}]}`
		if err := say("b", hello); err != nil {
			t.Fatal(err)
		}
		const joins = `"clock":3,"delta":{"from":1,"to":3,"joins":`
		for what, message := range map[string]string{
			"a leaf twice":     `"clock":2,"delta":{"from":1,"to":2,"leaves":[1,1]}`,
			"a leave in range": `"clock":2,"delta":{"from":0,"to":2,"leaves":[1]}`,
			"a join twice": joins + `[{"tag":2,"topic":"room","key":"k","meta":{}},` +
				`{"tag":2,"topic":"room","key":"k","meta":{}}]}`,
			"a tag beyond":      joins + `[{"tag":7,"topic":"room","key":"k","meta":{}}]}`,
			"a tag before":      joins + `[{"tag":1,"topic":"room","key":"k","meta":{}}]}`,
			"an end before":     `"clock":3,"delta":{"from":1,"to":0}`,
			"no meta":           joins + `[{"tag":2,"topic":"room","key":"k"}]}`,
			"meta is null":      joins + `[{"tag":2,"topic":"room","key":"k","meta":null}]}`,
			"meta is a list":    joins + `[{"tag":2,"topic":"room","key":"k","meta":[]}]}`,
			"meta has space":    joins + `[{"tag":2,"topic":"room","key":"k","meta":{ }}]}`,
			"nothing of a name": ``,
		} {
			from := "b"
			if message == "" {
				from, message = "", `"from":{"name":"","vsn":1},"clock":1`
			} else {
				message = `"from":{"name":"b","vsn":1},` + message
			}
			if err := say(from, message); err == nil {
				t.Errorf("%s was received", what)
			}
			a.has(t, "after "+what, "bob")
		}
		if err := say("c", hello); err == nil {
			t.Error("c speaks for b")
		}
		s := NewState(Replica{"a", 1}, nil)
		s.Heard(Replica{"b", 1})
		if _, ok := s.Merge(Replica{"b", 1}, Delta{To: 1, Joins: []joined{{Tag: 2, Meta: json.RawMessage(`{}`)}}}); ok {
			t.Error("a state believes it")
		}
	})
}

// TestBusy bounds what waits for a tracker that is not served.
func TestBusy(t *testing.T) {
	t.Parallel()
	tr, err := New(Options{Name: "a"})
	if err != nil {
		t.Fatal(err)
	}
	for range backlog {
		if err := tr.Receive("b", []byte(`{"pool":1,"from":{"name":"b","vsn":1}}`)); err != nil {
			t.Fatal(err)
		}
	}
	if err := tr.Receive("b", []byte(`{"pool":1,"from":{"name":"b","vsn":1}}`)); !errors.Is(err, errBacklog) {
		t.Errorf("one more: %v", err)
	}
}

// TestNames refuses what would be another name elsewhere.
func TestNames(t *testing.T) {
	inBubble(t, func(t *testing.T, w *wire) {
		o := w.start("a", nil).NewOwner(t.Context())
		for _, at := range []place{{"room\xff", "ann"}, {"room", "ann\xff"}} {
			if _, err := o.Track(at.topic, at.key, struct{}{}); !errors.Is(err, ErrName) {
				t.Errorf("%q: %v", at, err)
			}
		}
	})
}
