//go:build linux

package main

import (
	"bytes"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"syscall"
	"time"
)

// usage is what a process has used so far, and what it holds.
type usage struct {
	CPU     time.Duration // user and system
	RSS     int           // bytes; this and the following only when asked for
	Heap    int           // bytes of objects that live or await the collector
	Spans   int           // bytes of memory that holds objects, gaps included
	Stacks  int
	Mallocs int // objects made so far
}

// used returns the CPU time of this process.
func used() time.Duration {
	var r syscall.Rusage
	syscall.Getrusage(syscall.RUSAGE_SELF, &r)
	return time.Duration(r.Utime.Nano() + r.Stime.Nano())
}

// held returns what this process holds.
func held() (usage, error) {
	statm, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return usage{}, err
	}
	var size, resident int
	if _, err := fmt.Fscan(bytes.NewReader(statm), &size, &resident); err != nil {
		return usage{}, err
	}
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return usage{
		CPU:     used(),
		RSS:     resident * os.Getpagesize(),
		Heap:    int(m.HeapAlloc),
		Spans:   int(m.HeapInuse),
		Stacks:  int(m.StackInuse),
		Mallocs: int(m.Mallocs),
	}, nil
}

// collect leaves no garbage, and gives back to the system what is free.
func collect() {
	runtime.GC() // twice: what a sync.Pool holds outlives the first
	debug.FreeOSMemory()
}

// place is a function that made objects which live, and their bytes.
type place struct {
	Func  string
	Bytes int
}

// places returns where the living objects were made, the most bytes first. It knows
// all of them only in a process that profiles every allocation: see profileAll.
func places() []place {
	collect()
	records := make([]runtime.MemProfileRecord, 10_000)
	n, _ := runtime.MemProfile(records, false)
	sums := make(map[string]int)
	for _, r := range records[:n] {
		sums[maker(r.Stack())] += int(r.InUseBytes())
	}
	var all []place
	for f, bytes := range sums {
		all = append(all, place{f, bytes})
	}
	slices.SortFunc(all, func(a, b place) int { return b.Bytes - a.Bytes })
	return all[:min(len(all), 16)]
}

// maker names the innermost function that is not the runtime's.
func maker(stack []uintptr) string {
	frames := runtime.CallersFrames(stack)
	for {
		f, more := frames.Next()
		if !strings.HasPrefix(f.Function, "runtime.") && !strings.HasPrefix(f.Function, "internal/runtime/") &&
			f.Function != "" {
			return f.Function[strings.LastIndexByte(f.Function, '/')+1:]
		}
		if !more {
			return "runtime"
		}
	}
}

// profileAll is set in the environment of a server that is to know its places.
const profileAll = "GODEBUG=memprofilerate=1"
