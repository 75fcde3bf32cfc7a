package fleet

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"sneakers23/app/devices"
	"sneakers23/replication/presence"
	"sneakers23/replication/pubsub"
	"sneakers23/web/channel"
	"sneakers23/web/channel/channeltest"
)

// room is a node with the channel, in a bubble.
type room struct {
	t *testing.T
	*memory
	*channeltest.Server
	tracker *presence.Tracker
	fresh   int // calls of KeepFresh
}

// inRoom runs a test in a bubble, with the devices 1 and 2, of which the first was connected.
func inRoom(t *testing.T, test func(t *testing.T, r *room)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		r := &room{t: t, memory: &memory{variables: make(map[devices.ID][]devices.VariableState)}}
		for _, name := range []string{"kiosk", "till"} {
			if _, _, err := r.Add(t.Context(), name); err != nil {
				t.Fatal(err)
			}
		}
		r.devices[0].Seen = time.Now()
		var err error
		r.tracker, err = presence.New(presence.Options{Name: "a", Log: slog.New(slog.DiscardHandler)})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(context.Background())
		var served sync.WaitGroup
		served.Go(func() { _ = r.tracker.Serve(ctx) })
		r.Server = channeltest.Start(t, channel.Config{PubSub: pubsub.New(), Routes: []channel.Route{Route(Config{
			KeepFresh: func(*channel.Socket) error { r.fresh++; return nil },
			Store:     r.memory, Tracker: r.tracker, Desk: r.memory, Log: slog.New(slog.DiscardHandler),
		})}})
		t.Cleanup(func() {
			cancel()
			served.Wait()
		})
		test(t, r)
	})
}

// join opens a page that looks at a device.
func (r *room) join(id devices.ID) *channeltest.Client {
	r.t.Helper()
	return r.Connect(nil).Join(Topic, choice{id})
}

// receive reads one event.
func receive[T any](t *testing.T, c *channeltest.Client, event string) (payload T) {
	t.Helper()
	decode(t, c.Receive(event), &payload)
	return payload
}

func decode(t *testing.T, data json.RawMessage, to any) {
	t.Helper()
	if err := json.Unmarshal(data, to); err != nil {
		t.Fatalf("%v: %s", err, data)
	}
}

// ask pushes an event, and returns the answer.
func ask[T any](t *testing.T, c *channeltest.Client, event string, payload any) (answer T, reason string) {
	t.Helper()
	status, response := c.Push(event, payload).Receive()
	if status == "ok" {
		decode(t, response, &answer)
		return answer, ""
	}
	var refused struct{ Reason string }
	decode(t, response, &refused)
	return answer, refused.Reason
}

// texts are the messages of an event, with what was left out.
func (e logsEvent) String() string {
	var texts []string
	for _, l := range e.Lines {
		texts = append(texts, l.Message)
	}
	return fmt.Sprintf("%d %v %s +%d", e.Device, e.Whole, strings.Join(texts, ","), e.More)
}

// TestPageIsShownDevices counts devices by node, while they come and go.
func TestPageIsShownDevices(t *testing.T) {
	inRoom(t, func(t *testing.T, r *room) {
		c := r.join(0)
		c.AssertPush("state", state{Devices: 2, Nodes: []nodeCount{}})
		if r.fresh != 1 {
			t.Errorf("KeepFresh was called %d times", r.fresh)
		}
		owner := r.tracker.NewOwner(t.Context())
		for key, p := range map[string]Presence{
			"1": {"kiosk", "b", 1000, 2}, "2": {"till", "a", 2000, 1}, "another version's": {},
		} {
			if _, err := owner.Track(Presences, key, p); err != nil {
				t.Fatal(err)
			}
		}
		c.AssertPush("state", state{2, 2, []nodeCount{{"a", 1, 1}, {"b", 1, 2}}, 1, ""})
		if _, err := owner.Track(Presences, "2", Presence{"till", "b", 3000, 4}); err == nil {
			t.Fatal("an owner tracks a device twice")
		}
		if err := owner.Untrack(Presences, "2"); err != nil {
			t.Fatal(err)
		}
		c.AssertPush("state", state{2, 1, []nodeCount{{"b", 1, 2}}, 2, ""})
		if err := owner.Untrack(Presences, "1"); err != nil {
			t.Fatal(err)
		}
		if _, err := owner.Track(Presences, "1", Presence{"kiosk", "b", 4000, 2}); err != nil {
			t.Fatal(err)
		}
		// the numbers are the same, the device is not
		c.AssertPush("state", state{2, 1, []nodeCount{{"b", 1, 2}}, 3, ""})
		time.Sleep(5 * checkEvery)
		c.RefutePush("state")

		l, _ := ask[listAnswer](t, c, "list", listRequest{Text: "k", Which: "connected"})
		if got := fmt.Sprint(l); !strings.Contains(got, "kiosk") || !strings.Contains(got, "[{b 4000 2}]") ||
			l.Next.Name != "z" {
			t.Errorf("list: %s", got)
		}
		var listed devices.Listing
		r.set(func() { listed = r.listed })
		if got := fmt.Sprint(listed); got != "{k connected [1] { 0} 50}" {
			t.Errorf("the store was asked for %s", got)
		}
	})
}

// TestPageIsShownOneDevice tells of it, and of its variables, as long as it is chosen.
func TestPageIsShownOneDevice(t *testing.T) {
	inRoom(t, func(t *testing.T, r *room) {
		size := devices.Variable{Name: "size", Type: "integer", Value: json.RawMessage("42")}
		note := devices.Variable{
			Name: "note", Type: "string", Value: json.RawMessage(`"` + strings.Repeat("ä", 201) + `"`),
		}
		r.variables[1] = []devices.VariableState{
			{Name: "note", Reported: &note, At: time.UnixMilli(5)},
			{Name: "size", Reported: &size, At: time.UnixMilli(7)},
		}
		c := r.join(1)
		if d := receive[card](t, c, "device"); d.Name != "kiosk" || d.Seen == 0 || d.Revoked != 0 ||
			d.Key != "current" || d.Nodes == nil {
			t.Errorf("device: %+v", d)
		}
		v := receive[variablesEvent](t, c, "variables")
		if got := fmt.Sprint(v.Variables[1]); !v.Whole || len(v.Variables) != 2 ||
			got != "{size {integer 42 7  false} {  0  false}}" {
			t.Errorf("variables: %+v", v)
		}
		if n := v.Variables[0].Reported; !n.Cut || n.Value != strings.Repeat("ä", 200) {
			t.Errorf("a long value: %+v", n)
		}
		if w, _ := ask[variable](t, c, "variable", variableRequest{1, "note"}); w.Reported.Cut ||
			w.Reported.Value != strings.Repeat("ä", 201) {
			t.Errorf("the whole value: %+v", w)
		}
		if _, why := ask[variable](t, c, "variable",
			variableRequest{1, "other"}); why != "The device has no such variable any more." {
			t.Errorf("a variable that there is not: %s", why)
		}
		r.set(func() {
			seven := devices.Variable{Name: "size", Type: "integer", Value: json.RawMessage("7")}
			r.variables[1] = []devices.VariableState{
				{
					Name: "size", Reported: &size, At: time.UnixMilli(7), Wanted: &seven, Since: time.UnixMilli(9),
					Who: "ann",
				},
			}
		})
		v = receive[variablesEvent](t, c, "variables")
		if got := fmt.Sprint(v); got != "{1 false [{size {integer 42 7  false} {integer 7 9 ann false}}] [note]}" {
			t.Errorf("a change: %s", got)
		}

		c.Push("show", choice{2}).AssertOK(nil)
		if d := receive[card](t, c, "device"); d.Name != "till" {
			t.Errorf("another device: %+v", d)
		}
		if v := receive[variablesEvent](t, c, "variables"); v.Device != 2 || !v.Whole || len(v.Variables) != 0 {
			t.Errorf("its variables: %+v", v)
		}
		r.set(func() { r.devices[1].Revoked = time.Now() })
		if d := receive[card](t, c, "device"); d.Revoked == 0 || d.Name != "till" {
			t.Errorf("when it is revoked: %+v", d)
		}
		c.Push("show", choice{4711}).AssertOK(nil)
		c.AssertPush("device", map[string]any{"id": 4711, "gone": true})
		if _, why := ask[done](t, c, "show", "x"); !strings.Contains(why, Topic) {
			t.Errorf("what can't be read: %s", why)
		}
	})
}

// TestDatabaseIsAway tells the page that what it shows stands still, and goes on where it was.
func TestDatabaseIsAway(t *testing.T) {
	inRoom(t, func(t *testing.T, r *room) {
		r.set(func() { r.away = true })
		c := r.join(0)
		c.AssertPush("state", state{Nodes: []nodeCount{}, Fault: noAnswer})
		if _, why := ask[listAnswer](t, c, "list",
			listRequest{}); why != "The database does not answer. Try again in a moment." {
			t.Errorf("a question meanwhile: %s", why)
		}
		r.set(func() { r.away = false })
		c.AssertPush("state", state{Devices: 2, Nodes: []nodeCount{}})
		c.AssertPush("logs", logsEvent{Whole: true, Lines: []line{}})
		time.Sleep(2 * checkEvery)
		r.set(func() { r.away = true })
		c.AssertPush("state", state{Devices: 2, Nodes: []nodeCount{}, Fault: noAnswer})
		r.addLogs(1, "meanwhile")
		r.set(func() { r.away = false })
		if got := receive[logsEvent](t, c, "logs").String(); got != "0 false meanwhile +0" {
			t.Errorf("when it is back: %s", got)
		}
	})
}

// TestOrders does what a page orders, and says what the desk says.
func TestOrders(t *testing.T) {
	inRoom(t, func(t *testing.T, r *room) {
		c := r.join(1)
		c.Receive("variables")
		if a, why := ask[addAnswer](t, c, "add", addRequest{"kiosk 3"}); a != (addAnswer{
			3, "kiosk 3", "0123456789ab",
		}) {
			t.Errorf("add: %+v, %s", a, why)
		}
		if _, why := ask[addAnswer](t, c, "add", addRequest{""}); why != "Choose another name." {
			t.Errorf("add without a name: %s", why)
		}
		set := func(variables string) string {
			t.Helper()
			_, why := ask[done](t, c, "set", json.RawMessage(`{"device":1,"variables":[`+variables+`]}`))
			return why
		}
		if why := set(`{"name":"size","type":"integer","value":"42"},{"name":"say","type":"string","value":"\"hi\""}`); why != "" {
			t.Errorf("set: %s", why)
		}
		began := time.Now()
		v := receive[variablesEvent](t, c, "variables")
		if took := time.Since(began); took > checkEvery/2 {
			t.Errorf("the page was pushed its change after %v", took)
		}
		if got := fmt.Sprint(v.Variables[0].Wanted.Value, " ", v.Variables[1].Wanted.Value, " ",
			v.Variables[1].Wanted.Who); got != `42 "hi" the dashboard` {
			t.Errorf("is wanted: %s", got)
		}
		const badName = "The name of a variable is 1 to 64 printable characters without a space at either end."
		for variables, want := range map[string]string{
			``: "Nothing was changed.",
			`{"name":"size","type":"integer","value":"many"}`: `Variable "size": the value is not of type integer.`,
			`{"name":"size","type":"integer","value":""}`:     `Variable "size": there is no value.`,
			`{"name":" ","type":"string","value":""}`:         badName,
			strings.Repeat(`{"name":"a","type":"boolean","value":"true"},`, 256) +
				`{"name":"a","type":"boolean","value":"true"}`: "A device has at most 256 variables.",
		} {
			if why := set(variables); why != want {
				t.Errorf("set %.60s: %s", variables, why)
			}
		}
		if _, why := ask[done](t, c, "unset", variableRequest{1, "say"}); why != "" {
			t.Errorf("unset: %s", why)
		}
		if v := receive[variablesEvent](t, c, "variables"); fmt.Sprint(v.Gone) != "[say]" {
			t.Errorf("when it is withdrawn: %+v", v)
		}
		if _, why := ask[done](t, c, "revoke", choice{1}); why != "" {
			t.Errorf("revoke: %s", why)
		}
		if before, after := receive[card](t, c, "device"), receive[card](t, c, "device"); before.Revoked != 0 ||
			after.Revoked == 0 {
			t.Errorf("revoked: before %+v, after %+v", before, after)
		}
		if _, why := ask[done](t, c, "break", nil); why == "" {
			t.Error("an event that there is not is answered with ok")
		}

		r.kept = time.Second
		reply := c.Push("add", addRequest{"kiosk 4"})
		time.Sleep(r.kept / 2)
		c.Leave()
		time.Sleep(r.kept)
		reply.Refute()
		r.set(func() {
			if n := len(r.devices); n != 4 {
				t.Errorf("%d devices, want 4: what was confirmed is done also when the page is closed", n)
			}
		})
	})
}

// TestPagesShareTheDatabase asks for two pages at a time, however many are open, and not at all for
// those that are closed.
func TestPagesShareTheDatabase(t *testing.T) {
	inRoom(t, func(t *testing.T, r *room) {
		clients := make([]*channeltest.Client, 20)
		for i := range clients {
			clients[i] = r.join(0)
			clients[i].Receive("state")
		}
		numbers := func() (most, asked int) {
			r.set(func() { most, asked = r.mostPolls, r.asked })
			return most, asked
		}
		time.Sleep(5 * checkEvery)
		if most, _ := numbers(); most != maxPolls {
			t.Errorf("%d pages asked the database at a time, want %d", most, maxPolls)
		}
		for _, c := range clients {
			c.Leave()
		}
		time.Sleep(checkEvery)
		_, before := numbers()
		time.Sleep(5 * checkEvery)
		if _, after := numbers(); after != before {
			t.Error("the database is asked for pages that are closed")
		}
	})
}
