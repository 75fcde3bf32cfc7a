//go:build linux

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"time"
)

// order is what a child is told to do; which fields count depends on Do.
type order struct {
	Do     string
	Addr   string // of the server
	Group  string // of sockets of a generator
	Topic  string
	Count  int
	Size   int  // bytes of a frame's payload
	Every  int  // only every so manieth socket of the group
	Buffer int  // of the kernel, for a socket
	Join   bool // the first topic, as part of connecting
}

// report is a child's answer to an order.
type report struct {
	Err    string        `json:",omitempty"`
	Addr   string        `json:",omitempty"`
	Count  int           `json:",omitempty"`
	Codes  map[int]int   `json:",omitempty"` // close codes and how many sockets got them
	Took   time.Duration `json:",omitempty"`
	Usage  usage
	Places []place `json:",omitempty"`
}

// childArg marks a process that this program has started.
const childArg = "loadtest-child"

// childRole tells whether this process is a child, and which.
func childRole(args []string) (string, bool) {
	if len(args) == 3 && args[1] == childArg {
		return args[2], true
	}
	return "", false
}

// obey is a child's life: it answers orders until there are no more.
func obey(role string) (exit int) {
	var do func(order) (report, error)
	if role == "generator" {
		do = newGenerator().obey
	} else {
		do = (&server{kind: role}).obey
	}
	in, out := json.NewDecoder(os.Stdin), json.NewEncoder(os.Stdout)
	for {
		var o order
		if err := in.Decode(&o); err != nil {
			if errors.Is(err, io.EOF) {
				return 0
			}
			fmt.Fprintln(os.Stderr, "loadtest:", role, err)
			return 1
		}
		r, err := do(o)
		if err != nil {
			r.Err = err.Error()
		}
		if out.Encode(r) != nil {
			return 1
		}
	}
}

// child is a process that takes orders, one at a time.
type child struct {
	role string
	cmd  *exec.Cmd
	in   io.WriteCloser
	out  *json.Decoder
}

func startChild(ctx context.Context, role string, env ...string) (*child, error) {
	exe, err := os.Executable()
	if err != nil {
		return nil, err
	}
	c := &child{role: role, cmd: exec.CommandContext(ctx, exe, childArg, role)}
	c.cmd.Env = append(os.Environ(), env...)
	c.cmd.Stderr = os.Stderr
	if c.in, err = c.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	stdout, err := c.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	c.out = json.NewDecoder(stdout)
	return c, c.cmd.Start()
}

func (c *child) ask(o order) (r report, err error) {
	if err = json.NewEncoder(c.in).Encode(o); err == nil {
		err = c.out.Decode(&r)
	}
	if err == nil && r.Err != "" {
		err = errors.New(r.Err)
	}
	if err != nil {
		err = fmt.Errorf("%s, %s: %w", c.role, o.Do, err)
	}
	return r, err
}

// stop ends the child and waits for its end.
func (c *child) stop() {
	c.in.Close()
	c.cmd.Wait()
}

// pair is a server and the load on it.
type pair struct {
	server, load *child
	addr         string
	delivered    int // frames of broadcasts that the sockets should have got so far
}

// startPair starts a server of a kind and a generator for it. A buffer other than 0
// is what the kernel may hold of the server for a socket.
func startPair(ctx context.Context, kind string, buffer int, env ...string) (*pair, error) {
	server, err := startChild(ctx, kind, env...)
	if err != nil {
		return nil, err
	}
	load, err := startChild(ctx, "generator")
	if err != nil {
		server.stop()
		return nil, err
	}
	p := &pair{server: server, load: load}
	r, err := server.ask(order{Do: "listen", Buffer: buffer})
	if err != nil {
		p.stop()
		return nil, err
	}
	p.addr = r.Addr
	return p, nil
}

func (p *pair) stop() {
	p.load.stop()
	p.server.stop()
}

// connect opens sockets, which join the topic if there is one.
func (p *pair) connect(group string, n int, topic string) error {
	_, err := p.load.ask(order{Do: "connect", Addr: p.addr, Group: group, Count: n, Topic: topic, Join: topic != ""})
	return err
}

// broadcast makes so many broadcasts to a topic, and returns when all its receivers
// have got them.
func (p *pair) broadcast(topic string, count, size, receivers int) error {
	if _, err := p.server.ask(order{Do: "broadcast", Topic: topic, Count: count, Size: size}); err != nil {
		return err
	}
	p.delivered += count * receivers
	_, err := p.load.ask(order{Do: "delivered", Count: p.delivered})
	return err
}

// cpu returns what the server has used while f ran. Work that f has caused may end a little later.
func (p *pair) cpu(f func() error) (time.Duration, error) {
	before, err := p.server.ask(order{Do: "usage"})
	if err != nil {
		return 0, err
	}
	if err := f(); err != nil {
		return 0, err
	}
	time.Sleep(settle)
	after, err := p.server.ask(order{Do: "usage"})
	return after.Usage.CPU - before.Usage.CPU, err
}

// settle is how long a server is given to end what its clients cannot see.
const settle = 20 * time.Millisecond
