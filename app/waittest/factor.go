package waittest

import (
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"sync"
	"time"
)

// Factor says how many times slower this machine is than the reference. Each test binary measures
// it once, before its first test: at least 1 and at most 5, since a wait that fails must do so
// before the time-out of the binary. TEST_PATIENCE=4 in the environment sets it instead, to any
// number above 0.
func Factor() float64 { return factor }

// factor is measured while the package is initialized: in a testing/synctest bubble no time would
// pass.
var factor = measure()

func measure() float64 {
	if text := os.Getenv("TEST_PATIENCE"); text != "" {
		f, err := strconv.ParseFloat(text, 64)
		if err != nil || !(f > 0) { // also NaN
			panic("TEST_PATIENCE is " + strconv.Quote(text) + ", want a number above 0 like 4")
		}
		return f
	}
	return min(max(float64(compute())/float64(computeReference), float64(syncFile())/float64(syncReference), 1), 5)
}

// The times of the measures below on the reference machine.
const (
	computeReference = 6 * time.Millisecond
	syncReference    = 7 * time.Millisecond
)

// compute is the time in which every processor that Go may use does the same work. A processor that
// is shared with other programs takes longer.
func compute() time.Duration {
	began := time.Now()
	var all sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		all.Go(func() {
			x := uint64(1)
			for range 2_000_000 {
				x ^= x << 13
				x ^= x >> 7
				x ^= x << 17
			}
			runtime.KeepAlive(x)
		})
	}
	all.Wait()
	return time.Since(began)
}

// syncFile is the time of twenty writes that wait for the disk, as a commit does. It is 0 where no
// file can be written.
func syncFile() time.Duration {
	dir, err := os.MkdirTemp("", "sneakers23-waittest-")
	if err != nil {
		return 0
	}
	defer os.RemoveAll(dir)
	f, err := os.Create(filepath.Join(dir, "synced"))
	if err != nil {
		return 0
	}
	defer f.Close()
	page := make([]byte, 8192)
	began := time.Now()
	for range 20 {
		if _, err := f.Write(page); err != nil {
			return 0
		}
		if err := f.Sync(); err != nil {
			return 0
		}
	}
	return time.Since(began)
}
