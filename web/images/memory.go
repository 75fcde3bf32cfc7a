package images

import (
	"container/list"
	"sync"

	"sneakers23/inventory/picture"
)

// memory keeps images, and when there are too many bytes, forgets those whose last reader is the
// longest ago.
type memory struct {
	max int

	mu     sync.Mutex
	byName map[string]*list.Element
	recent list.List // of kept, the one asked for last in front
	used   int       // bytes
}

type kept struct {
	name string
	data []byte
}

func newMemory(maxBytes int) *memory {
	return &memory{max: maxBytes, byName: make(map[string]*list.Element)}
}

func (m *memory) get(name string) ([]byte, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	at, ok := m.byName[name]
	if !ok {
		return nil, false
	}
	m.recent.MoveToFront(at)
	return at.Value.(kept).data, true
}

func (m *memory) put(name string, data []byte) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if _, ok := m.byName[name]; ok || len(data) > m.max {
		return
	}
	m.byName[name] = m.recent.PushFront(kept{name, data})
	m.used += len(data)
	for m.used > m.max {
		oldest := m.recent.Remove(m.recent.Back()).(kept)
		delete(m.byName, oldest.name)
		m.used -= len(oldest.data)
	}
}

// keep forgets the images for which it is false.
func (m *memory) keep(wanted func(name string) bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for name, at := range m.byName {
		if !wanted(name) {
			m.used -= len(m.recent.Remove(at).(kept).data)
			delete(m.byName, name)
		}
	}
}

// full reports whether one more image could make the memory forget another.
func (m *memory) full() bool { return m.bytes() > m.max-picture.MaxRendition }

func (m *memory) bytes() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.used
}
