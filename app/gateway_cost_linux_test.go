package app

import (
	"context"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"runtime"
	"runtime/debug"
	"strconv"
	"testing"

	"golang.org/x/sys/unix"

	"sneakers23/app/devices"
	"sneakers23/app/waittest"
	"sneakers23/replication/presence"
	"sneakers23/web/admin/fleet"
	"sneakers23/web/gateway"
)

var idleDevices = flag.Int("idle-devices", 200,
	"connect so many devices to measure what one costs that is verified and tracked")

// anyKey is a store in which each key is that of a device of its own.
type anyKey struct{}

func (anyKey) Verify(_ context.Context, key devices.Key) (devices.Device, error) {
	id, err := strconv.ParseInt(string(key), 10, 64)
	return devices.Device{ID: devices.ID(id), Name: "kiosk " + string(key)}, err
}
func (anyKey) Wanted(context.Context, devices.ID) ([]devices.Variable, error) { return nil, nil }
func (anyKey) Log(context.Context, devices.ID, []devices.Record) error        { return nil }
func (anyKey) Report(context.Context, devices.ID, []devices.Variable) error   { return nil }

// TestTrackedDeviceCost measures what idle devices cost that are verified, and known to the
// tracker, each with its own key. Run it with -idle-devices 10000, without the race detector, and
// with 20,100 files.
func TestTrackedDeviceCost(t *testing.T) {
	n := *idleDevices
	log := slog.New(slog.DiscardHandler)
	tracker, err := presence.New(presence.Options{Name: "node1", Log: log})
	if err != nil {
		t.Fatal(err)
	}
	presences := newDevicePresences("node1", tracker, log)
	server, err := gateway.New(gateway.Config{Store: anyKey{}, Presence: presences.changed})
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, end := context.WithCancel(context.WithoutCancel(t.Context()))
	ended := make(chan error, 3) // buffer 3: each ends even without a receiver
	go func() { ended <- tracker.Serve(ctx) }()
	go func() { ended <- presences.Serve(ctx) }()
	go func() { ended <- server.Serve(listener) }()
	var open []int
	connect := func(from, to int) {
		t.Helper()
		for key := from; key < to; key++ {
			open = append(open, idleDevice(t, listener.Addr().String(), key))
		}
		waittest.Until(t, fmt.Sprint(to-1, " devices are tracked"), func() bool {
			list, err := tracker.List(fleet.Presences)
			return err == nil && len(list) == to-1
		})
	}
	connect(1, 11) // pays for pools and tables
	before := resident(t)
	connect(11, 11+n)
	each := (resident(t) - before) / n
	t.Logf("%d devices, verified and tracked: %d B resident each", n, each)
	if n >= 5000 && each > 6<<10 {
		t.Errorf("want 6 KiB at most")
	}
	for _, fd := range open {
		unix.Close(fd)
	}
	end()
	if err := server.Drain(waittest.Context(t, "the gateway stops")); err != nil {
		t.Error(err)
	}
	for range 3 {
		waittest.Receive(t, "a service ends", ended)
	}
}

// idleDevice verifies a device, and returns the descriptor of its end, which costs no memory of
// Go's.
func idleDevice(t *testing.T, address string, key int) (fd int) {
	t.Helper()
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close() // the connection lives on by fd
	fmt.Fprintf(conn, "v:%012d\n", key)
	answer := make([]byte, 3)
	if _, err := io.ReadFull(conn, answer); err != nil || string(answer) != "OK\n" {
		t.Fatalf("got %q, %v", answer, err)
	}
	raw, err := conn.(*net.TCPConn).SyscallConn()
	if err == nil {
		err = raw.Control(func(original uintptr) { fd, err = unix.Dup(int(original)) })
	}
	if err != nil {
		t.Fatal(err)
	}
	return fd
}

// resident is the memory of the process by the kernel's count, after what is not used was given
// back.
func resident(t *testing.T) int {
	t.Helper()
	for range 3 { // stacks shrink by half at each
		runtime.GC()
	}
	debug.FreeOSMemory()
	text, err := os.ReadFile("/proc/self/statm")
	var pages, there int
	if err == nil {
		_, err = fmt.Sscan(string(text), &pages, &there)
	}
	if err != nil {
		t.Fatal(err)
	}
	return there * os.Getpagesize()
}
