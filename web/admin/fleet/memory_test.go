package fleet

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"time"

	"sneakers23/app/devices"
)

var errAway = errors.New("the database is away")

// memory is a store and a desk without a database.
type memory struct {
	mu        sync.Mutex
	away      bool
	asked     int  // polls of logs
	gap       bool // what polls find is not all
	devices   []devices.Device
	variables map[devices.ID][]devices.VariableState
	logs      []devices.Logged // the oldest first, with ids from 1 on
	listed    devices.Listing  // what was asked for last
	searched  devices.Query
	kept      time.Duration // how long an order takes

	polls, mostPolls int // that run, and that ran at a time
}

// begin is what every method begins with.
func (m *memory) begin() (end func(), err error) {
	m.mu.Lock()
	if m.away {
		err = errAway
	}
	return m.mu.Unlock, err
}

func (m *memory) set(do func()) {
	m.mu.Lock()
	defer m.mu.Unlock()
	do()
}

// addLogs adds log records of a device.
func (m *memory) addLogs(id devices.ID, messages ...string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, text := range messages {
		m.logs = append(m.logs, devices.Logged{
			ID: int64(len(m.logs) + 1), Device: id, Name: "kiosk", Received: time.Now(),
			Record: devices.Record{Message: text},
		})
	}
}

// Count takes its time.
func (m *memory) Count(context.Context) (int, error) {
	m.set(func() { m.polls++; m.mostPolls = max(m.mostPolls, m.polls) })
	time.Sleep(20 * time.Millisecond)
	m.set(func() { m.polls-- })
	end, err := m.begin()
	defer end()
	return len(m.devices), err
}

func (m *memory) Page(_ context.Context, l devices.Listing) (devices.Listed, error) {
	end, err := m.begin()
	defer end()
	slices.Sort(l.Connected)
	m.listed = l
	return devices.Listed{Devices: m.devices, Next: devices.Cursor{Name: "z", ID: 9}}, err
}

func (m *memory) Get(_ context.Context, id devices.ID) (d devices.Device, err error) {
	end, err := m.begin()
	defer end()
	if err != nil {
		return d, err
	}
	for _, d := range m.devices {
		if d.ID == id && !d.Revoked.IsZero() {
			return d, devices.ErrRevoked
		}
		if d.ID == id {
			return d, nil
		}
	}
	return d, devices.ErrNoSuchDevice
}

func (m *memory) Variables(_ context.Context, id devices.ID) ([]devices.VariableState, error) {
	end, err := m.begin()
	defer end()
	return slices.Clone(m.variables[id]), err
}

func (m *memory) Search(_ context.Context, q devices.Query) (p devices.Page, err error) {
	end, err := m.begin()
	defer end()
	m.searched = q
	for _, l := range slices.Backward(m.logs) {
		if (q.ID == 0 || l.Device == q.ID) && strings.Contains(l.Message, q.Text) && len(p.Records) < q.Limit {
			p.Records = append(p.Records, l)
		}
	}
	return p, err
}

func (m *memory) Tail(_ context.Context, q devices.TailQuery) (t devices.Tail, err error) {
	end, err := m.begin()
	defer end()
	m.asked++
	t.AtLeast = m.gap
	if t.Next = int64(len(m.logs)); q.After < 0 || err != nil {
		return t, err
	}
	for _, l := range slices.Backward(m.logs[q.After:]) {
		switch {
		case q.Device != 0 && l.Device != q.Device:
		case len(t.Lines) == q.Limit:
			t.More++
		default:
			text, cut := cutText(l.Message, q.Length)
			t.Lines = append(t.Lines, devices.Line{
				ID: l.ID, Device: l.Device, Name: l.Name, Received: l.Received, Message: text, Cut: cut,
			})
		}
	}
	return t, nil
}

func (m *memory) Add(ctx context.Context, name string) (devices.Device, devices.Key, error) {
	time.Sleep(m.kept)
	end, err := m.begin()
	defer end()
	if err = errors.Join(err, ctx.Err()); err != nil || name == "" {
		return devices.Device{}, "", errors.New("Choose another name.")
	}
	d := devices.Device{ID: devices.ID(len(m.devices) + 1), Name: name, Created: time.Now(), Key: devices.KeyCurrent}
	m.devices = append(m.devices, d)
	return d, "0123456789ab", nil
}

func (m *memory) Revoke(_ context.Context, id devices.ID) error {
	end, err := m.begin()
	defer end()
	m.devices[id-1].Revoked = time.Now()
	return err
}

func (m *memory) Set(_ context.Context, id devices.ID, variables []devices.Variable) error {
	end, err := m.begin()
	defer end()
	for _, v := range variables {
		m.variables[id] = append(m.variables[id], devices.VariableState{
			Name: v.Name, Wanted: &v, Since: time.Now(), Who: "the dashboard",
		})
	}
	return err
}

func (m *memory) Unset(_ context.Context, id devices.ID, name string) error {
	end, err := m.begin()
	defer end()
	m.variables[id] = slices.DeleteFunc(m.variables[id], func(s devices.VariableState) bool { return s.Name == name })
	return err
}
