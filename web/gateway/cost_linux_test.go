package gateway

import (
	"crypto/tls"
	"flag"
	"fmt"
	"io"
	"net"
	"os"
	"runtime"
	"runtime/debug"
	"slices"
	"testing"

	"golang.org/x/sys/unix"

	"sneakers23/app/devices"
)

var idle = flag.Int("idle", 1000,
	"connect so many devices to measure what an idle one costs, and a tenth of them over TLS")

// bareDevice verifies a device and returns a descriptor of its end of the connection. It costs this
// process no memory of Go's, so that what is measured is the server's.
func (s *site) bareDevice(key devices.Key) (fd int) {
	s.t.Helper()
	conn := s.dial()
	fmt.Fprintf(conn, "v:%s\n", string(key))
	answer := make([]byte, 3)
	if _, err := io.ReadFull(conn, answer); err != nil || string(answer) != "OK\n" {
		s.t.Fatalf("got %q, %v", answer, err)
	}
	if secure, ok := conn.(*tls.Conn); ok {
		conn = secure.NetConn()
	}
	raw, err := conn.(*net.TCPConn).SyscallConn()
	if err == nil {
		err = raw.Control(func(original uintptr) { fd, err = unix.Dup(int(original)) })
	}
	if err != nil {
		s.t.Fatal(err)
	}
	conn.Close() // the connection lives on by fd
	return fd
}

// used is what the process has in use: objects, stacks, and all of it by the kernel's count.
type used struct{ objects, stacks, resident int }

func (u used) minus(v used) used {
	return used{u.objects - v.objects, u.stacks - v.stacks, u.resident - v.resident}
}

func (u used) by(n int) used { return used{u.objects / n, u.stacks / n, u.resident / n} }

func measure(t *testing.T) used {
	t.Helper()
	for range 3 { // stacks shrink by half at each
		runtime.GC()
	}
	debug.FreeOSMemory()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	var pages, resident int
	text, err := os.ReadFile("/proc/self/statm")
	if err == nil {
		_, err = fmt.Sscan(string(text), &pages, &resident)
	}
	if err != nil {
		t.Fatal(err)
	}
	return used{int(m.HeapAlloc), int(m.StackInuse), resident * os.Getpagesize()}
}

// An idle device that is verified costs a stack that has not grown and less than 2 KiB of
// objects. Run it with -idle 9000 and without the race detector for
// the resident set, which has Go's own tables in it.
func TestIdleCost(t *testing.T) {
	t.Run("TCP", func(t *testing.T) {
		each := idleCost(t, start(t, Config{}), *idle)
		stack := 2<<10 + 512
		if raceEnabled() { // which doubles the smallest stack
			stack *= 2
		}
		if each.objects > 2<<10 || each.stacks > stack {
			t.Errorf("want 2 KiB of objects, and %d B of stacks", stack)
		}
	})
	t.Run("TLS", func(t *testing.T) {
		s := start(t, Config{TLS: serverTLS()})
		plain := s.dial
		s.dial = func() net.Conn { return overTLS(plain()) }
		if each := idleCost(t, s, *idle/10); each.objects > 16<<10 || each.stacks > 16<<10 {
			t.Error("want 16 KiB of each")
		}
	})
}

// idleCost is what an idle device costs at a site.
func idleCost(t *testing.T, s *site, n int) used {
	keys := make([]devices.Key, n)
	for i := range keys {
		keys[i] = s.shelf.add(i)
	}
	first := s.bareDevice(keys[0]) // pays for pools and tables
	before, goroutines := measure(t), runtime.NumGoroutine()
	all := make([]int, 0, len(keys))
	for _, key := range keys {
		all = append(all, s.bareDevice(key))
	}
	each := measure(t).minus(before).by(len(all))
	parked := runtime.NumGoroutine() - goroutines
	t.Logf("%d devices: %d B of objects, %d B of stacks, %d B resident each",
		len(all), each.objects, each.stacks, each.resident)
	if parked != len(all) {
		t.Errorf("%d goroutines for %d devices", parked, len(all))
	}
	for _, fd := range append(all, first) {
		unix.Close(fd)
	}
	s.gone()
	return each
}

// raceEnabled reports whether the race detector is in this program: it makes stacks and objects
// larger.
func raceEnabled() bool {
	info, _ := debug.ReadBuildInfo()
	return slices.ContainsFunc(info.Settings, func(s debug.BuildSetting) bool {
		return s.Key == "-race" && s.Value == "true"
	})
}
