package fleet

import (
	"time"

	"sneakers23/app/devices"
)

// card is a device in events and answers.
type card struct {
	ID      devices.ID   `json:"id"`
	Name    string       `json:"name"`
	Created int64        `json:"created"`
	Seen    int64        `json:"seen,omitempty"`
	Revoked int64        `json:"revoked,omitempty"`
	Key     string       `json:"key"`   // a devices.KeyState
	Nodes   []connection `json:"nodes"` // where it is connected
}

// connection is the connections of a device at one node.
type connection struct {
	Node        string `json:"name"`
	Since       int64  `json:"since"`
	Connections int    `json:"connections"`
}

func cardOf(d devices.Device, c *count) card {
	return card{d.ID, d.Name, millis(d.Created), millis(d.Seen), millis(d.Revoked), string(d.Key), c.connections(d.ID)}
}

// millis returns a time in milliseconds since 1970, 0 for the zero time.
func millis(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

// line is a log record in events and answers.
type line struct {
	ID        int64      `json:"id"`
	Device    devices.ID `json:"device"`
	Name      string     `json:"name"` // of the device
	At        int64      `json:"at"`
	Message   string     `json:"message"`
	Timestamp string     `json:"timestamp,omitempty"` // JSON
	Fields    string     `json:"fields,omitempty"`    // JSON
	Cut       bool       `json:"cut,omitempty"`
}

func lineOf(l devices.Line) line {
	return line{l.ID, l.Device, l.Name, millis(l.Received), l.Message, l.Timestamp, l.Fields, l.Cut}
}

func recordOf(l devices.Logged) line {
	return line{l.ID, l.Device, l.Name, millis(l.Received), l.Message, string(l.Timestamp), string(l.Fields), false}
}

// cutTo returns the line with its message and fields cut to a number of characters each.
func (l line) cutTo(length int) line {
	var cutMessage, cutFields bool
	l.Message, cutMessage = cutText(l.Message, length)
	l.Fields, cutFields = cutText(l.Fields, length)
	l.Cut = cutMessage || cutFields
	return l
}

// cutText returns the first characters of a text, and reports whether it was longer.
func cutText(text string, length int) (string, bool) {
	for i := range text {
		if length--; length < 0 {
			return text[:i], true
		}
	}
	return text, false
}

// variable is a variable in events and answers.
type variable struct {
	Name     string `json:"name"`
	Reported value  `json:"reported,omitzero"`
	Wanted   value  `json:"wanted,omitzero"`
}

// value is what a device has reported of a variable, or what an admin wants it to be.
type value struct {
	Type  string `json:"type"`
	Value string `json:"value"` // as people write it
	At    int64  `json:"at"`
	Who   string `json:"who,omitempty"` // the admin
	Cut   bool   `json:"cut,omitempty"`
}

// variableOf returns the variable with its values cut to a number of characters, whole for 0.
func variableOf(s devices.VariableState, length int) variable {
	return variable{s.Name, valueOf(s.Reported, s.At, "", length), valueOf(s.Wanted, s.Since, s.Who, length)}
}

func valueOf(v *devices.Variable, at time.Time, who string, length int) value {
	if v == nil {
		return value{}
	}
	text, cut := v.Text(), false
	if length > 0 {
		text, cut = cutText(text, length)
	}
	return value{v.Type, text, millis(at), who, cut}
}
