//go:build linux

package main

import (
	"errors"
	"fmt"
	"maps"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// patience is how long a generator waits for anything.
const patience = time.Minute

// generator is a child that holds the clients' sockets. One goroutine reads all of
// them, by epoll into one buffer, so that the load costs the machine less than the
// servers do.
type generator struct {
	epoll  int
	groups map[string][]*peer // used by the goroutine that takes orders only

	mu    sync.Mutex
	byFD  []*peer // index: file descriptor
	seen  counts
	grown *sync.Cond // seen has changed
}

// counts is what has arrived so far.
type counts struct {
	deliveries, replies, gone int
	codes                     map[int]int
}

// peer is one client.
type peer struct {
	fd     int
	serial int // of all clients of this generator
	topics int
	scanner
}

func newGenerator() *generator {
	g := &generator{groups: make(map[string][]*peer), seen: counts{codes: make(map[int]int)}}
	g.grown = sync.NewCond(&g.mu)
	return g
}

func (g *generator) obey(o order) (r report, err error) {
	group := g.groups[o.Group]
	switch o.Do {
	case "connect":
		err = g.connect(o)
	case "join":
		err = g.join(group, o.Topic, max(o.Every, 1))
	case "heartbeat":
		err = g.sendAll(group, func(*peer) []byte {
			return clientFrame(`[null,"5","phoenix","heartbeat",{}]`)
		})
	case "stop":
		err = g.watch(group, syscall.EPOLL_CTL_DEL)
	case "resume":
		err = g.watch(group, syscall.EPOLL_CTL_ADD)
	case "delivered": // since the generator began
		r.Count, err = g.await(o.Count, func(c *counts) int { return c.deliveries })
	case "gone":
		r.Count, err = g.await(o.Count, func(c *counts) int { return c.gone })
		g.mu.Lock()
		r.Codes = maps.Clone(g.seen.codes)
		g.mu.Unlock()
	case "forget": // a group whose sockets are gone
		delete(g.groups, o.Group)
	default:
		err = errors.New("unknown order")
	}
	return r, err
}

// await waits until the count is reached and returns it.
func (g *generator) await(want int, count func(*counts) int) (got int, err error) {
	var late atomic.Bool
	timer := time.AfterFunc(patience, func() {
		late.Store(true)
		g.grown.Broadcast()
	})
	defer timer.Stop()
	g.mu.Lock()
	defer g.mu.Unlock()
	for got = count(&g.seen); got < want; got = count(&g.seen) {
		if late.Load() {
			return got, fmt.Errorf("%d of %d came", got, want)
		}
		g.grown.Wait()
	}
	return got, nil
}

// join makes every so manieth of the group join a topic, one more each.
func (g *generator) join(group []*peer, topic string, every int) error {
	var some []*peer
	for i := 0; i < len(group); i += every {
		some = append(some, group[i])
	}
	return g.sendAll(some, func(p *peer) []byte { return p.joinFrame(topic) })
}

// joinFrame is the request to join a topic; one that ends with a colon gets the
// client's number.
func (p *peer) joinFrame(topic string) []byte {
	if topic[len(topic)-1] == ':' {
		topic += fmt.Sprint(p.serial)
	}
	p.topics++
	return clientFrame(`["%d","%d",%q,"phx_join",{}]`, p.topics, p.topics, topic)
}

// sendAll sends a message for each and waits for all replies.
func (g *generator) sendAll(group []*peer, message func(*peer) []byte) error {
	g.mu.Lock()
	before := g.seen.replies
	g.mu.Unlock()
	for _, p := range group {
		if err := p.write(message(p)); err != nil {
			return err
		}
	}
	_, err := g.await(before+len(group), func(c *counts) int { return c.replies })
	return err
}

// watch adds a group to those that are read, or takes it off.
func (g *generator) watch(group []*peer, op int) error {
	for _, p := range group {
		if err := g.control(op, p); err != nil {
			return err
		}
	}
	return nil
}

func (g *generator) control(op int, p *peer) error {
	return syscall.EpollCtl(g.epoll, op, p.fd, &syscall.EpollEvent{Events: syscall.EPOLLIN, Fd: int32(p.fd)})
}

// read reads what arrives, until the process ends.
func (g *generator) read() {
	events := make([]syscall.EpollEvent, 256)
	buf := make([]byte, 64<<10)
	for {
		n, err := syscall.EpollWait(g.epoll, events, -1)
		if err == syscall.EINTR {
			continue
		}
		if err != nil {
			panic(err) // the epoll is our own
		}
		g.mu.Lock()
		for _, e := range events[:n] {
			if p := g.byFD[e.Fd]; p != nil {
				g.readFrom(p, buf)
			}
		}
		g.mu.Unlock()
		g.grown.Broadcast()
	}
}

// readFrom is called with mu.
func (g *generator) readFrom(p *peer, buf []byte) {
	n, err := syscall.Read(p.fd, buf)
	if n <= 0 {
		if err != syscall.EAGAIN && err != syscall.EINTR {
			g.hangUp(p)
		}
		return
	}
	closed := false
	p.scan(buf[:n], func(kind frameKind, code int) {
		switch kind {
		case delivery:
			g.seen.deliveries++
		case reply:
			g.seen.replies++
		case closing:
			g.seen.codes[code]++
			closed = true
		}
	})
	if closed {
		g.hangUp(p)
	}
}

// hangUp is called with mu.
func (g *generator) hangUp(p *peer) {
	g.byFD[p.fd] = nil
	syscall.Close(p.fd)
	g.seen.gone++
}
