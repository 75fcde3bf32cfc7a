package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"sneakers23/app/postgres"
	"sneakers23/cmd/cluster/proxy"
)

// cluster is everything that runs. One goroutine starts it, obeys and stops it.
type cluster struct {
	flags
	term     *terminal
	log      *slog.Logger
	database *postgres.Server
	secrets  secrets
	nodes    []*node

	proxy    *proxy.Proxy
	listener net.Listener // of the proxy
	endProxy context.CancelFunc
	serving  sync.WaitGroup // the proxy
}

// start brings everything up: first what can be refused, then the database, its schema, the nodes,
// and the proxy. After an error the caller must call stop, which ends what has started.
func (c *cluster) start(ctx context.Context) (err error) {
	if c.listener, err = listen(ctx, "--listen", c.Listen); err != nil {
		return err
	}
	ports, err := choosePorts(ctx, c.Nodes, portRange{"--first-port", c.FirstPort},
		portRange{"--first-cluster-port", c.FirstClusterPort},
		portRange{"--first-gateway-port", c.FirstGatewayPort})
	if err != nil {
		return err
	}
	if c.secrets, err = openSecrets(c.DataDir); err != nil {
		return err
	}
	c.database, err = postgres.Start(ctx, postgres.Config{Dir: c.DataDir, BinDir: c.PostgresBin, Log: c.log})
	if err != nil {
		return err
	}
	for i, name := range c.names() {
		c.nodes = append(c.nodes, c.newNode(name, ports[0][i], ports[1][i], ports[2][i], addresses(ports[1])))
	}
	if err := c.newProxy(); err != nil {
		return err
	}
	// One does it for all: nodes that start at the same time would find each other's half-made
	// schema.
	for _, command := range [][]string{{"migrate", "up"}, {"seed"}} {
		if err := c.call(ctx, command...); err != nil {
			return err
		}
	}
	for _, n := range c.nodes {
		if err := n.start(); err != nil {
			return err
		}
	}
	for _, n := range c.nodes {
		if err := n.ready(ctx); err != nil {
			return err
		}
	}
	c.serve(ctx)
	return nil
}

// newNode describes a node; nothing runs yet. All may be given the same list to join: any of them
// may start first.
func (c *cluster) newNode(name string, port, clusterPort, gatewayPort int, join []string) *node {
	dir := filepath.Join(c.DataDir, name)
	return &node{
		name:    name,
		url:     "http://" + loopback(port),
		devices: loopback(gatewayPort),
		term:    c.term,
		command: []string{
			c.Program, "serve", "--json", "--data-dir", dir, "--node-name", name, "--listen", loopback(port),
			"--trusted-proxies", "127.0.0.1,::1", "--no-limits", // whoever comes has the address of this machine
			"--cluster-listen", loopback(clusterPort), "--join", strings.Join(join, ","),
			"--gateway-listen", loopback(gatewayPort),
		},
		// the last of each name holds
		env: slices.Concat(os.Environ(), c.secrets, []string{"DATABASE_URL=" + c.database.URL()}),
	}
}

// newProxy makes the proxy. It serves later, so that it finds all nodes.
func (c *cluster) newProxy() (err error) {
	cfg := proxy.Config{Log: c.log}
	for _, n := range c.nodes {
		cfg.Nodes = append(cfg.Nodes, proxy.Node{Name: n.name, URL: n.url})
	}
	if c.proxy, err = proxy.New(cfg); err != nil {
		return err
	}
	for _, name := range c.Without {
		if err := c.proxy.LeaveOut(name, true); err != nil {
			return fmt.Errorf("--without: %w", err)
		}
	}
	return nil
}

// serve lets the proxy serve until stop is called.
func (c *cluster) serve(ctx context.Context) {
	ctx, c.endProxy = context.WithCancel(context.WithoutCancel(ctx))
	c.serving.Go(func() {
		if err := c.proxy.Serve(ctx, c.listener); err != nil {
			c.log.Error("the proxy ended", "err", err)
		}
	})
}

// call runs a command of the server on the cluster's database.
func (c *cluster) call(ctx context.Context, args ...string) error {
	args = append([]string{"--data-dir", c.DataDir}, args...)
	cmd := exec.CommandContext(ctx, c.Program, args...)
	cmd.Env = append(os.Environ(), "DATABASE_URL="+c.database.URL())
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s %v: %w: %s", c.Program, args, err, bytes.TrimSpace(out))
	}
	return nil
}

// stop ends everything in order, each part of it only if it was started: the proxy, the nodes, the
// database.
func (c *cluster) stop() error {
	var errs []error
	if c.endProxy != nil {
		c.endProxy()
		c.serving.Wait()
	} else if c.listener != nil {
		errs = append(errs, c.listener.Close())
	}
	for _, n := range c.nodes {
		n.stop()
	}
	for _, n := range c.nodes {
		errs = append(errs, n.gone())
	}
	if c.database != nil {
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
		defer cancel()
		errs = append(errs, c.database.Stop(ctx))
	}
	return errors.Join(errs...)
}

func loopback(port int) string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(port)) }

// listen opens a port, or says which flag names another.
func listen(ctx context.Context, flag, address string) (net.Listener, error) {
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", address)
	if err != nil {
		return nil, fmt.Errorf("%w: stop what has this port, or choose another with %s", err, flag)
	}
	return l, nil
}

func addresses(ports []int) []string {
	var all []string
	for _, port := range ports {
		all = append(all, loopback(port))
	}
	return all
}

// portRange is what a flag says: the first port and those that follow or, if it is 0, any.
type portRange struct {
	flag  string
	first int
}

// choosePorts returns for each range count ports on which nothing listens now.
func choosePorts(ctx context.Context, count int, ranges ...portRange) ([][]int, error) {
	chosen := make([][]int, len(ranges))
	for r, want := range ranges {
		for i := range count {
			port := 0
			if want.first > 0 {
				port = want.first + i
			}
			l, err := listen(ctx, want.flag, loopback(port))
			if err != nil {
				return nil, err
			}
			defer l.Close() // all at the end, so that no port is chosen twice
			chosen[r] = append(chosen[r], l.Addr().(*net.TCPAddr).Port)
		}
	}
	return chosen, nil
}
