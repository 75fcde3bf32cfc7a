package main

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// TestDrop decides what a copy releases when, of a shop in which A is released and B is not.
func TestDrop(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		flags string
		want  string // SKU and time of what is released meanwhile
	}{
		{"", "B@20s"},
		{"b@30s", "B@30s"},
		{"B@0s", ""},
		{"A@40s", "B@20s A@40s"},
		{"B@40s A@10s", "A@10s B@40s"},
		{"A@1m", "B@20s A@1m0s"},
	} {
		d, err := readDrop(strings.Fields(tt.flags), time.Minute)
		if err != nil {
			t.Fatal(err)
		}
		a, b := d.begins("A", true), d.begins("B", false)
		var got []string
		for _, r := range d.releases() {
			got = append(got, fmt.Sprintf("%s@%v", r.sku, r.after))
		}
		if text := strings.Join(got, " "); text != tt.want || a == strings.Contains(text, "A@") ||
			b == strings.Contains(text, "B@") || d.check() != nil {
			t.Errorf("%q: %q, from the beginning A %v, B %v; %v; want %q", tt.flags, text, a, b, d.check(), tt.want)
		}
	}
}

func TestDropOfWhatIsNotThere(t *testing.T) {
	t.Parallel()
	d, err := readDrop([]string{"A@1s", "C@1s"}, time.Minute)
	d.begins("A", true)
	if err != nil || d.check() == nil || !strings.Contains(d.check().Error(), "C: the shop has no such product") {
		t.Errorf("%v, %v", err, d.check())
	}
}
