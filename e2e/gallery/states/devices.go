package states

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"sneakers23/app/devices"
	"sneakers23/replication/presence"
	"sneakers23/web/admin/fleet"
)

// kiosks are the fixed devices of a dashboard, and its desk, which does nothing.
type kiosks struct {
	busy bool // else there is none
	away bool // the database is
}

const longName = "A kiosk with as many letters in its name as one may have, sixty4"

// all are the devices, by name.
func (k kiosks) all() []devices.Device {
	if !k.busy {
		return nil
	}
	at := time.Now().Truncate(time.Hour).Add(-24 * time.Hour)
	list := []devices.Device{
		{ID: 2, Name: longName, Seen: at.Add(time.Hour)},
		{ID: 1, Name: "Kiosk Berlin", Seen: at},
		{ID: 3, Name: "Kiosk Lagos"},
		{ID: 4, Name: "Kiosk Lost", Key: devices.KeyLost, Seen: at},
		{ID: 5, Name: "Kiosk Stolen", Revoked: at.Add(time.Hour), Seen: at},
		{ID: 6, Name: "متجر القاهرة", Seen: at},
	}
	for i := range list {
		list[i].Created = at
		if list[i].Key == "" {
			list[i].Key = devices.KeyCurrent
		}
	}
	return list
}

// connect tells the tracker of those that are connected.
func (k kiosks) connect(ctx context.Context, tracker *presence.Tracker) {
	if !k.busy {
		return
	}
	at := time.Now().Truncate(time.Hour).UnixMilli()
	owner := tracker.NewOwner(ctx)
	for id, p := range map[int]fleet.Presence{
		1: {Name: "Kiosk Berlin", Node: "node-a", Since: at, Connections: 3},
		2: {Name: longName, Node: "a-node-with-a-very-long-name.eu-central.shop.example", Since: at, Connections: 1},
		6: {Name: "متجر القاهرة", Node: "node-b", Since: at, Connections: 1},
	} {
		_, _ = owner.Track(fleet.Presences, strconv.Itoa(id), p) // fails only when the gallery ends
	}
}

var errDatabaseAway = errors.New("the database is away")

func (k kiosks) fault() error {
	if k.away {
		return errDatabaseAway
	}
	return nil
}

// Count counts those with a valid key.
func (k kiosks) Count(context.Context) (int, error) { return max(0, len(k.all())-1), k.fault() }

// Page lists all but the revoked one, or that.
func (k kiosks) Page(_ context.Context, l devices.Listing) (p devices.Listed, err error) {
	for _, d := range k.all() {
		if d.Revoked.IsZero() != (l.Which == devices.WhichRevoked) &&
			strings.Contains(strings.ToLower(d.Name), strings.ToLower(l.Text)) {
			p.Devices = append(p.Devices, d)
		}
	}
	return p, k.fault()
}

// Get finds a device.
func (k kiosks) Get(_ context.Context, id devices.ID) (devices.Device, error) {
	for _, d := range k.all() {
		if d.ID == id {
			return d, k.fault()
		}
	}
	return devices.Device{}, errors.Join(k.fault(), devices.ErrNoSuchDevice)
}

// Variables has one of each kind for the first device, and some that are wanted.
func (k kiosks) Variables(_ context.Context, id devices.ID) ([]devices.VariableState, error) {
	if id != 1 {
		return nil, k.fault()
	}
	at := time.Now().Add(-time.Hour)
	one := func(kind, value string) *devices.Variable {
		v := devices.VariableOfText("", kind, value)
		return &v
	}
	state := func(name string, reported, wanted *devices.Variable) devices.VariableState {
		s := devices.VariableState{Name: name, Reported: reported, At: at, Wanted: wanted, Since: at}
		if wanted != nil {
			s.Who = "ann@desk"
		}
		return s
	}
	return []devices.VariableState{
		state("brightness", one("integer", "80"), one("integer", "100")),
		state("greeting", one("string", "Welcome to the shop of the shoes with the many names, here in Berlin. "+
			strings.Repeat("Look around. ", 12)), nil),
		state("motd", one("string", ""), one("string", "two\nlines")),
		state("new", nil, one("boolean", "true")),
		state("open", one("boolean", "true"), nil),
		state("temperature", one("float", "-21.5"), one("integer", "20")),
		state(longName, one("integer", "-9223372036854775808"), nil),
	}, k.fault()
}

// Search finds what the devices have said.
func (k kiosks) Search(_ context.Context, q devices.Query) (p devices.Page, err error) {
	at := time.Now().Truncate(time.Minute)
	said := []devices.Record{
		{Message: "receipt printed"},
		{Message: `<script>document.title="taken"</script>`},
		{
			Message: "card declined", Fields: json.RawMessage(
				`{"level":"warning","reader":2,"code":"05 do not honour"}`,
			), Timestamp: json.RawMessage(`"2026-05-02T10:00:00Z"`),
		},
		{
			Message: "Traceback (most recent call last):\n  File \"kiosk.py\", line 23, in show\n    draw(shoe)\nKeyError: 'laces'",
		},
		{Message: strings.Repeat("a-word-without-an-end", 30)},
		{Message: "الطابعة بلا ورق", Fields: json.RawMessage(`{"level":"error"}`)},
		{Message: "door opened"},
		{Message: "door closed"},
	}
	all := k.all()
	for i := 0; len(all) > 0 && i < 24; i++ {
		d := all[i%2]
		if q.ID != 0 && q.ID != d.ID {
			continue
		}
		p.Records = append(p.Records, devices.Logged{
			ID: int64(1000 - i), Device: d.ID, Name: d.Name, Received: at.Add(-time.Duration(i) * time.Second),
			Record: said[(i/2)%len(said)],
		})
	}
	return p, k.fault()
}

// Tail has nothing new.
func (k kiosks) Tail(context.Context, devices.TailQuery) (devices.Tail, error) {
	return devices.Tail{}, k.fault()
}

// Add refuses.
func (kiosks) Add(context.Context, string) (devices.Device, devices.Key, error) {
	return devices.Device{}, "", idleError{}
}

// Revoke refuses.
func (kiosks) Revoke(context.Context, devices.ID) error { return idleError{} }

// Set refuses.
func (kiosks) Set(context.Context, devices.ID, []devices.Variable) error { return idleError{} }

// Unset refuses.
func (kiosks) Unset(context.Context, devices.ID, string) error { return idleError{} }

// devicePages are the states of the page of devices.
func devicePages() []scene {
	busy := settings{busy: true}
	return []scene{
		{name: "all", title: "All devices", settings: busy, visit: signsInTo("/admin/devices")},
		{name: "one", title: "One device", fragment: chosen(1), settings: busy, visit: signsInTo("/admin/devices")},
		{
			name: "never-seen", title: "A device that was never connected", fragment: chosen(3), settings: busy,
			visit: signsInTo("/admin/devices"),
		},
		{
			name: "lost", title: "A device whose key is not recognized", fragment: chosen(4), settings: busy,
			visit: signsInTo("/admin/devices"),
		},
		{
			name: "revoked", title: "A device that was revoked", fragment: chosen(5), settings: busy,
			visit: signsInTo("/admin/devices"),
		},
		{
			name: "gone", title: "A device that there is not", fragment: chosen(4711), settings: busy,
			visit: signsInTo("/admin/devices"),
		},
		{name: "none", title: "No device", visit: signsInTo("/admin/devices")},
		{
			name: "away", title: "The database is away", settings: settings{away: true},
			visit: signsInTo("/admin/devices"),
		},
	}
}

// chosen is the fragment of a page that looks at a device.
func chosen(id int) string { return fmt.Sprint("device=", id) }
