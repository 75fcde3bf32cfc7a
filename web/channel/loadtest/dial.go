//go:build linux

package main

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"sync/atomic"
	"syscall"

	"golang.org/x/sync/errgroup"
)

// dialers is how many clients connect at a time.
const dialers = 64

// connect opens the sockets of a group. A socket joins its topic as soon as it is
// open; only then is it read by the one who reads all.
func (g *generator) connect(o order) (err error) {
	if g.epoll == 0 {
		if g.epoll, err = syscall.EpollCreate1(syscall.EPOLL_CLOEXEC); err != nil {
			return fmt.Errorf("epoll: %w", err)
		}
		g.byFD = make([]*peer, mostSockets+1000)
		go g.read() // for as long as the process
	}
	first := 0
	for _, group := range g.groups {
		first += len(group)
	}
	peers := make([]*peer, o.Count)
	var next atomic.Int64
	var all errgroup.Group
	for range dialers {
		all.Go(func() error {
			for {
				i := int(next.Add(1)) - 1
				if i >= o.Count {
					return nil
				}
				p, err := dial(first+i, o)
				if err != nil {
					return fmt.Errorf("client %d: %w", i, err)
				}
				peers[i] = p
			}
		})
	}
	if err := all.Wait(); err != nil {
		return err
	}
	g.mu.Lock()
	for _, p := range peers {
		g.byFD[p.fd] = p
	}
	g.mu.Unlock()
	g.groups[o.Group] = append(g.groups[o.Group], peers...)
	return g.watch(peers, syscall.EPOLL_CTL_ADD)
}

// dial opens one socket by the plainest means.
func dial(serial int, o order) (*peer, error) {
	to, err := netip.ParseAddrPort(o.Addr)
	if err != nil {
		return nil, err
	}
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, os.NewSyscallError("socket", err)
	}
	p := &peer{fd: fd, serial: serial}
	if err := p.open(to, o); err != nil {
		syscall.Close(fd)
		return nil, err
	}
	return p, nil
}

func (p *peer) open(to netip.AddrPort, o order) error {
	// Several addresses: one has 28,000 ports only. No lingering: a port is free at once.
	from := &syscall.SockaddrInet4{Addr: [4]byte{127, 0, 0, byte(2 + p.serial%8)}}
	address := &syscall.SockaddrInet4{Addr: to.Addr().As4(), Port: int(to.Port())}
	const bindNoPort = 24 // IP_BIND_ADDRESS_NO_PORT: the port is chosen by connect
	if err := cmp.Or(
		os.NewSyscallError("setsockopt", p.narrow(o.Buffer)),
		os.NewSyscallError("setsockopt", syscall.SetsockoptInt(p.fd, syscall.IPPROTO_IP, bindNoPort, 1)),
		os.NewSyscallError("setsockopt", syscall.SetsockoptLinger(p.fd, syscall.SOL_SOCKET, syscall.SO_LINGER,
			&syscall.Linger{Onoff: 1})),
		os.NewSyscallError("bind", syscall.Bind(p.fd, from)),
		os.NewSyscallError("connect", syscall.Connect(p.fd, address)),
		p.write(fmt.Appendf(nil, handshake, o.Addr)),
	); err != nil {
		return err
	}
	if err := p.awaitBlocking([]byte("\r\n\r\n"), []byte("HTTP/1.1 101 ")); err != nil {
		return err
	}
	if o.Join {
		if err := p.write(p.joinFrame(o.Topic)); err != nil {
			return err
		}
		if err := p.awaitBlocking([]byte(`]`), []byte{0x81}); err != nil {
			return err
		}
	}
	return os.NewSyscallError("fcntl", syscall.SetNonblock(p.fd, true))
}

// narrow leaves the kernel little room for what this client does not read.
func (p *peer) narrow(buffer int) error {
	if buffer == 0 {
		return nil
	}
	return syscall.SetsockoptInt(p.fd, syscall.SOL_SOCKET, syscall.SO_RCVBUF, buffer)
}

const handshake = "GET /socket/websocket?vsn=2.0.0 HTTP/1.1\r\nHost: %s\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
	"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"

// awaitBlocking reads an answer that begins and ends so, before the socket is read
// with the others. Nothing follows it, since nothing else was asked.
func (p *peer) awaitBlocking(end, begin []byte) error {
	buf := make([]byte, 0, 4096)
	for !bytes.HasSuffix(buf, end) {
		n, err := syscall.Read(p.fd, buf[len(buf):cap(buf)])
		if err == syscall.EINTR {
			continue
		}
		if err != nil || n <= 0 {
			return errors.Join(fmt.Errorf("the answer ends after %q", buf), err)
		}
		buf = buf[:len(buf)+n]
	}
	if !bytes.HasPrefix(buf, begin) {
		return fmt.Errorf("the answer is %q", buf)
	}
	return nil
}

func (p *peer) write(b []byte) error {
	for {
		n, err := syscall.Write(p.fd, b)
		if err == syscall.EINTR {
			continue
		}
		if err == nil && n < len(b) {
			err = errors.New("the server does not read")
		}
		return os.NewSyscallError("write", err)
	}
}
