package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"sneakers23/app/operator"
	"sneakers23/app/sleep"
	"sneakers23/cmd/console"
)

// devicesLogsCmd reads what devices have logged.
type devicesLogsCmd struct {
	Device string `help:"Only of this device." placeholder:"NAME" predictor:"device"`
	Text   string `help:"Only with these words: all of them, \"a phrase\", one or another, -without." placeholder:"WORDS"`
	Since  string `help:"Only received since then: 90m, 1h or 2d ago, 18:00, \"yesterday 18:00\", 2026-12-24, \"2026-12-24 18:00\"." placeholder:"TIME"`
	Until  string `help:"Only received before then." placeholder:"TIME" xor:"end"`
	Limit  int    `help:"Show so many records at most, 1 to 500." default:"50"`
	Before string `help:"Only those older than this place, which the page before told: the next page." placeholder:"PLACE" xor:"end"`
	Follow bool   `help:"Go on to show records as they come, until Ctrl-C." short:"f" xor:"end"`
}

// Help is shown by devices logs --help.
func (devicesLogsCmd) Help() string {
	return `Lists the newest records first; with --follow, the newest come last. RECEIVED is when a node received a
record; what the device sent as its timestamp is shown as it came. Words are searched in the message and in the values
of other members, whole and in upper or lower case.`
}

// Run is called by kong.
func (l *devicesLogsCmd) Run(ctx context.Context, g *globals, term terminal) error {
	q, err := l.request(time.Now())
	if err != nil {
		return usageError{err}
	}
	c, err := dial(g)
	if err != nil {
		return err
	}
	defer c.Close()
	if l.Follow {
		return follow(ctx, c, q, logPrinter(term, g))
	}
	page, err := c.DeviceLogs(ctx, q)
	if err != nil {
		return err
	}
	if g.JSON {
		return term.out.JSON(page)
	}
	if len(page.Records) == 0 {
		term.out.Println(l.none())
		return nil
	}
	printLogs(term.out, page.Records)
	if page.Older != "" {
		term.out.Printf("\nolder ones: %s devices logs%s --before %s\n", program(), l.flags(), page.Older)
	}
	return nil
}

// request checks the flags.
func (l *devicesLogsCmd) request(now time.Time) (q operator.DeviceLogsRequest, err error) {
	q = operator.DeviceLogsRequest{Device: l.Device, Text: l.Text, Before: l.Before, Limit: l.Limit}
	if l.Limit < 1 || l.Limit > operator.MaxDeviceLogs {
		return q, fmt.Errorf("--limit must be from 1 to %d", operator.MaxDeviceLogs)
	}
	if l.Since != "" {
		if q.Since, err = parsePast("--since", l.Since, now); err != nil {
			return q, err
		}
	}
	if l.Until != "" {
		if q.Until, err = parsePast("--until", l.Until, now); err != nil {
			return q, err
		}
	}
	if !q.Since.IsZero() && !q.Until.IsZero() && !q.Since.Before(q.Until) {
		return q, errors.New("--since is not before --until: nothing lies between")
	}
	return q, nil
}

// flags are those of this call that the next page needs too, as a shell takes them.
func (l *devicesLogsCmd) flags() string {
	var b strings.Builder
	for _, f := range []struct{ name, value string }{{"--device", l.Device}, {"--text", l.Text}, {"--since", l.Since}} {
		if f.value != "" {
			b.WriteString(" " + f.name + "=" + shellWord(f.value))
		}
	}
	return b.String()
}

// none says that there is no such record.
func (l *devicesLogsCmd) none() string {
	switch {
	case l.Before != "":
		return "No older records."
	case l.Device == "" && l.Text == "" && l.Since == "" && l.Until == "":
		return "No device has logged anything yet, or all of it was too old to be kept."
	}
	return "No record is like that."
}

// printLogs prints records as a table.
func printLogs(to *console.Writer, records []operator.DeviceLog) {
	table := to.Table()
	table.Row("RECEIVED", "DEVICE", "MESSAGE")
	for _, r := range records {
		table.Row(logTime(r), r.Device, logText(r))
	}
	table.Print()
}

func logTime(r operator.DeviceLog) string {
	return r.Received.Local().Format("2006-01-02 15:04:05.000")
}

// logText is a message, and behind it what else the record has.
func logText(r operator.DeviceLog) string {
	text := r.Message
	if len(r.Stamp) > 0 {
		text += "  timestamp=" + string(r.Stamp)
	}
	if len(r.Fields) > 0 {
		text += "  " + string(r.Fields)
	}
	return text
}

// logs is what follow needs of a node.
type logs interface {
	DeviceLogs(ctx context.Context, q operator.DeviceLogsRequest) (operator.DeviceLogs, error)
}

// followEvery is how often a node is asked for what is new.
const followEvery = time.Second

// follow shows the newest records, and then each that comes, until ctx ends. It first asks where to
// go on from: what comes while it looks for the newest is shown once.
func follow(ctx context.Context, node logs, q operator.DeviceLogsRequest, show func([]operator.DeviceLog) error) error {
	next := q
	next.Follow, next.After, next.Limit = true, -1, operator.MaxDeviceLogs
	start, err := node.DeviceLogs(ctx, next)
	if err != nil {
		return err
	}
	page, err := node.DeviceLogs(ctx, q)
	if err != nil {
		return err
	}
	page.Records = slices.DeleteFunc(page.Records, func(r operator.DeviceLog) bool { return r.ID > start.Next })
	slices.Reverse(page.Records)
	for records := page.Records; ; {
		if err := show(records); err != nil {
			return err
		}
		if !start.More {
			if sleep.For(ctx, followEvery) != nil {
				return nil
			}
		}
		next.After = start.Next
		if start, err = node.DeviceLogs(ctx, next); err != nil {
			if ctx.Err() != nil {
				return nil
			}
			return err
		}
		records = start.Records
	}
}

// logPrinter shows records one below the other, as lines for people or as objects of JSON, one a
// line.
func logPrinter(term terminal, g *globals) func([]operator.DeviceLog) error {
	return func(records []operator.DeviceLog) error {
		for _, r := range records {
			if !g.JSON {
				term.out.Printf("%s  %s  %s\n", logTime(r), r.Device, logText(r))
				continue
			}
			line, err := json.Marshal(r)
			if err != nil {
				return err
			}
			if _, err := term.out.JSONLog().Write(append(line, '\n')); err != nil {
				return err
			}
		}
		return term.out.Err()
	}
}
