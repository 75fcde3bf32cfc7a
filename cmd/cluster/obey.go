package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"sneakers23/cmd/console"
)

const help = `  nodes        how the nodes do
  stop NAME    stop a node in an orderly way
  kill NAME    end a node with SIGKILL
  start NAME   start it again
  without NAME send no more requests to a node; with NAME does again
  quit         stop everything (or Ctrl-C)`

// greet says what is there, and what to try.
func (c *cluster) greet() {
	names := c.names()
	var devices []string
	for _, n := range c.nodes {
		devices = append(devices, n.devices)
	}
	program, first := shorten(c.Program), shorten(filepath.Join(c.DataDir, names[0]))
	last := shorten(filepath.Join(c.DataDir, names[len(names)-1]))
	c.term.print(fmt.Sprintf(`
The cluster is open: nodes %s behind one proxy.

  shop        %s  the header X-Served-By of an answer tells which node it is of
  dashboard   %s/admin  user admin, password %s
  devices     %s  one address for each node
  release     %s --data-dir %s release SHU6000
  watch       %s --data-dir %s sell
  nodes       %s --data-dir %s nodes
  break       kill %s, and look how the pages go on
  stop        Ctrl-C

What you type here is obeyed:

%s
`, strings.Join(names, ", "), c.shopURL(), c.shopURL(), c.secrets.password(), strings.Join(devices, ", "), program, first, program, last, program, first, names[len(names)/2], help))
}

// shopURL is how a browser on this machine reaches the proxy.
func (c *cluster) shopURL() string {
	at := c.listener.Addr().(*net.TCPAddr)
	host := at.IP.String()
	if at.IP.IsLoopback() || at.IP.IsUnspecified() {
		host = "localhost"
	}
	return "http://" + net.JoinHostPort(host, strconv.Itoa(at.Port))
}

// shorten makes a path below the working directory relative to it.
func shorten(path string) string {
	if wd, err := os.Getwd(); err == nil {
		if rel, err := filepath.Rel(wd, path); err == nil && filepath.IsLocal(rel) {
			return rel
		}
	}
	return path
}

// obey runs typed commands until quit is typed or ctx ends. At the end of the input it goes on
// without.
func (c *cluster) obey(ctx context.Context, input io.Reader) {
	typed := make(chan string) // unbuffered: a line is read when the one before was obeyed
	// This goroutine is not waited for: a read from a terminal can't be interrupted.
	go func() {
		scanner := bufio.NewScanner(input)
		for scanner.Scan() {
			select {
			case typed <- scanner.Text():
			case <-ctx.Done():
				return
			}
		}
	}()
	for {
		select {
		case <-ctx.Done():
			return
		case line := <-typed:
			words := strings.Fields(line)
			if len(words) == 1 && words[0] == "quit" {
				return
			}
			if answer := c.obeyLine(words); answer != "" {
				c.term.print(answer)
			}
		}
	}
}

// obeyLine obeys one line and returns what there is to say.
func (c *cluster) obeyLine(words []string) string {
	switch {
	case len(words) == 0:
		return ""
	case len(words) == 1 && words[0] == "nodes":
		return c.describe()
	case len(words) != 2:
		return help
	}
	for _, n := range c.nodes {
		if n.name == words[1] {
			return c.doTo(n, words[0])
		}
	}
	return fmt.Sprintf("there is no node %s: they are %s", words[1], strings.Join(c.names(), ", "))
}

func (c *cluster) doTo(n *node, verb string) string {
	var err error
	switch verb {
	case "stop", "kill":
		switch {
		case !n.running():
			return "node " + n.name + " does not run"
		case verb == "stop":
			n.stop()
		default:
			n.kill()
		}
	case "start":
		err = n.start()
	case "without", "with":
		err = c.proxy.LeaveOut(n.name, verb == "without")
	default:
		return help
	}
	if err != nil {
		return err.Error()
	}
	return ""
}

// describe lists the nodes.
func (c *cluster) describe() string {
	var b strings.Builder
	table := console.New(&b).Table()
	table.Row("NODE", "ADDRESS", "PROCESS", "STATE", "ANSWERS")
	for i, s := range c.proxy.States() {
		process := "-"
		if n := c.nodes[i]; n.running() {
			process = fmt.Sprint(n.process.Pid)
		}
		state := s.Health.String()
		if s.LeftOut {
			state += ", left out"
		}
		table.Row(s.Name, s.URL, process, state, s.Served)
	}
	table.Print()
	return strings.TrimSuffix(b.String(), "\n")
}
