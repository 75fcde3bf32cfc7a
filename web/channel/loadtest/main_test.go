//go:build linux

package main

import (
	"os"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestMain(m *testing.M) {
	if role, ok := childRole(os.Args); ok { // the test's binary is started again
		os.Exit(obey(role))
	}
	os.Setenv("GORACE", "atexit_sleep_ms=0") // else each child takes a second to end
	os.Exit(m.Run())
}

// Everything is measured, with few sockets: the figures mean nothing.
func TestRun(t *testing.T) {
	var out strings.Builder
	cfg := config{sockets: 20, turns: 1, seconds: 1, pace: time.Millisecond, walk: 1000}
	if err := run(t.Context(), cfg, &out); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"| one a second |", "| burst of 100 |", "| 2 |", "| 20 |", "| connect,", "| **RSS", "`channel.newSocket`",
		"subscribers on one core",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("not printed: %s", want)
		}
	}
	if t.Failed() {
		t.Log(out.String())
	}
}

// Frames are told apart however they are cut.
func TestScan(t *testing.T) {
	text := func(s string) []byte { return append(appendHeader(nil, len(s), false), s...) }
	stream := slices.Concat(
		text(`["1","1","room:a","phx_reply",{}]`),
		text(`[null,null,"room:a","noise",{"x":"`+strings.Repeat("x", 200)+`"}]`),
		text(`["1",null,"room:a","noise",{"x":"`+strings.Repeat("x", 70_000)+`"}]`),
		text(`[null,"5","phoenix","phx_reply",{}]`),
		text(""),
		[]byte{0x88, 2, 0x03, 0xf5}, // 1013
	)
	want := []int{int(reply), int(delivery), int(delivery), int(reply), int(reply), 1013}
	for _, size := range []int{1, 3, 7, 100, len(stream)} {
		var s scanner
		var got []int
		for piece := range slices.Chunk(stream, size) {
			s.scan(piece, func(kind frameKind, code int) {
				if kind == closing {
					got = append(got, code)
				} else {
					got = append(got, int(kind))
				}
			})
		}
		if !slices.Equal(got, want) {
			t.Errorf("in pieces of %d: got %v, want %v", size, got, want)
		}
	}
}
