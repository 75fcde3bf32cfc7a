package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"sneakers23/cmd/console"
)

// crowdSum is what simulated devices have done.
type crowdSum struct {
	Event      string         `json:"event"` // sum
	Devices    int            `json:"devices"`
	Seconds    float64        `json:"seconds"`
	Reached    int            `json:"reached"` // devices whose key was accepted at least once
	Refused    int            `json:"refused"` // devices whose key was refused for good
	Records    int64          `json:"records"` // logged by the devices
	Confirmed  int64          `json:"confirmed"`
	Waiting    int64          `json:"waiting"`
	Dropped    int64          `json:"dropped"`
	Lines      int64          `json:"lines"`
	Reconnects int64          `json:"reconnects"`
	Changes    int            `json:"changes"` // variables that were changed by an admin
	Problems   map[string]int `json:"problems"`

	Connected int `json:"-"` // now
}

// printChange prints one changed variable as a line.
func printChange(to *console.Writer, p *progress, asJSON bool, c change) {
	if asJSON {
		printLine(to, struct {
			Event  string `json:"event"`
			Device int    `json:"device"`
			Name   string `json:"name"`
			Type   string `json:"type"`
			Value  any    `json:"value"`
		}{"change", c.device, c.Name, c.Type(), c.Value})
		return
	}
	p.done()
	to.Printf("device %d: %s = %v (%s)\n", c.device, c.Name, c.Value, c.Type())
}

// printLine prints a value as JSON on one line.
func printLine(to *console.Writer, v any) {
	text, err := json.Marshal(v)
	if err != nil {
		return // values of these types can always be encoded
	}
	_, _ = to.JSONLog().Write(append(text, '\n')) // the writer keeps its error
}

func printSum(to *console.Writer, asJSON bool, s crowdSum) {
	if asJSON {
		s.Event = "sum"
		printLine(to, s)
		return
	}
	to.Printf("%d devices for %.0f s: %d records logged, %d of them read by the gateway, %d waiting, %d dropped\n",
		s.Devices, s.Seconds, s.Records, s.Confirmed, s.Waiting, s.Dropped)
	to.Printf("%d lines sent, %d reconnects, %d variables changed by an admin\n", s.Lines, s.Reconnects, s.Changes)
	if len(s.Problems) > 0 {
		to.Println()
		table := to.Table()
		table.Row("TIMES", "PROBLEM")
		for _, kind := range s.kinds() {
			table.Row(s.Problems[kind], kind)
		}
		table.Print()
	}
}

// kinds are the problems, the most frequent first.
func (s crowdSum) kinds() []string {
	return slices.SortedFunc(maps.Keys(s.Problems), func(a, b string) int {
		if n := s.Problems[b] - s.Problems[a]; n != 0 {
			return n
		}
		return strings.Compare(a, b)
	})
}

// explain returns an error that says what to do if devices could not work.
func (s crowdSum) explain(addresses []string) error {
	switch {
	case s.Refused > 0:
		return fmt.Errorf("the key of %d of %d devices was refused; see: sneakers23 devices list", s.Refused, s.Devices)
	case s.Reached == 0 && len(s.Problems) > 0:
		return fmt.Errorf("no device could connect: %s; is there a node with --gateway-listen %s?",
			s.kinds()[0], strings.Join(addresses, " or "))
	case s.Reached == 0:
		return errors.New("no device could connect in this time")
	}
	return nil
}
