package e2e

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
)

// backbone connects the hosts of all tests, and the test itself, by a bridge in a network namespace
// of its own. On this machine one line leads there; it is laid before the browser starts, and
// stays. Chromium breaks off what it is loading when an address comes to the machine or goes, a
// page's script for instance.
type backbone struct {
	name     string // of the line; names of interfaces have at most 15 letters
	prefix   string // of all addresses, like 10.77.
	networks atomic.Uint32
}

// wires is nil where the tests have no right to lay them.
var wires *backbone

// The test's own addresses, of which the second leads to databases.
func (b *backbone) here() string     { return b.prefix + "0.1" }
func (b *backbone) database() string { return b.prefix + "0.2" }

func (b *backbone) bridge() string { return b.name + "-0" }

func layBackbone() (*backbone, error) {
	if os.Geteuid() != 0 {
		return nil, nil
	}
	if _, err := exec.LookPath("ip"); err != nil {
		return nil, errors.New("ip is missing, on Debian: apt-get install iproute2")
	}
	prefix, err := freePrefix()
	if err != nil {
		return nil, err
	}
	b := &backbone{name: fmt.Sprintf("s23%08x", rand.Uint32()), prefix: prefix}
	for _, args := range []string{
		"netns add " + b.bridge(),
		"-n " + b.bridge() + " link add bridge type bridge",
		"-n " + b.bridge() + " link set bridge up",
		"link add " + b.name + " type veth peer name here netns " + b.bridge(),
		"-n " + b.bridge() + " link set here master bridge up",
		"addr add " + b.here() + "/16 dev " + b.name,
		"addr add " + b.database() + "/16 dev " + b.name,
		"link set " + b.name + " up",
	} {
		if err := ip(strings.Fields(args)...); err != nil {
			return nil, errors.Join(err, b.remove())
		}
	}
	return b, nil
}

// freePrefix returns the beginning of addresses that no line of this machine has: a suite that was
// killed leaves its lines.
func freePrefix() (string, error) {
	taken, err := net.InterfaceAddrs()
	if err != nil {
		return "", err
	}
	for {
		prefix := fmt.Sprintf("10.%d.", 32+rand.IntN(200))
		if !slices.ContainsFunc(taken, func(a net.Addr) bool { return strings.HasPrefix(a.String(), prefix) }) {
			return prefix, nil
		}
	}
}

// remove takes both ends of the line away with the namespace.
func (b *backbone) remove() error {
	if b == nil {
		return nil
	}
	return ip("netns", "del", b.bridge())
}

// newNetwork has addresses of its own.
func (b *backbone) newNetwork(t testing.TB) *network {
	n := b.networks.Add(1)
	return &network{t: t, name: fmt.Sprintf("%s-%d", b.name, n), prefix: fmt.Sprintf("%s%d.", b.prefix, n)}
}

// ip changes the network.
func ip(args ...string) error {
	if out, err := exec.Command("ip", args...).CombinedOutput(); err != nil {
		return fmt.Errorf("ip %s: %w: %s", strings.Join(args, " "), err, out)
	}
	return nil
}
