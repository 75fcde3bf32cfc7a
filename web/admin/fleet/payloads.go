package fleet

import (
	"time"

	"sneakers23/app/devices"
)

// card is a device as pages are told it.
type card struct {
	ID      devices.ID `json:"id"`
	Name    string     `json:"name"`
	Created int64      `json:"created"`
	Seen    int64      `json:"seen,omitempty"`
	Revoked int64      `json:"revoked,omitempty"`
	Key     string     `json:"key"`   // devices.KeyState
	Nodes   []place    `json:"nodes"` // at which it is connected
}

func cardOf(d devices.Device, c *count) card {
	return card{d.ID, d.Name, millis(d.Created), millis(d.Seen), millis(d.Revoked), string(d.Key), c.places(d.ID)}
}

// millis is a time in milliseconds since 1970, 0 for none.
func millis(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

// line is a log record as pages are told it.
type line struct {
	ID        int64      `json:"id"`
	Device    devices.ID `json:"device"`
	Name      string     `json:"name"` // of the device
	At        int64      `json:"at"`
	Message   string     `json:"message"`
	Timestamp string     `json:"timestamp,omitempty"` // JSON, as text
	Fields    string     `json:"fields,omitempty"`    // JSON, as text
	Cut       bool       `json:"cut,omitempty"`
}

func glimpsed(l devices.Line) line {
	return line{l.ID, l.Device, l.Name, millis(l.Received), l.Message, l.Timestamp, l.Fields, l.Cut}
}

func found(l devices.Logged) line {
	return line{l.ID, l.Device, l.Name, millis(l.Received), l.Message, string(l.Timestamp), string(l.Fields), false}
}

// size is about how many bytes a line has as JSON.
func (l line) size() int {
	return len(l.Name) + len(l.Message) + len(l.Timestamp) + len(l.Fields) + 150
}

// variable is a variable of a device as pages are told it.
type variable struct {
	Name     string `json:"name"`
	Reported value  `json:"reported,omitzero"`
	Wanted   value  `json:"wanted,omitzero"`
}

// value is what a variable is, or is to become.
type value struct {
	Type  string `json:"type"`
	Value string `json:"value"` // as people write it
	At    int64  `json:"at"`
	Who   string `json:"who,omitempty"` // wants it
	Cut   bool   `json:"cut,omitempty"`
}

// variableOf is a variable whose values are cut to so many characters, or not if that is 0.
func variableOf(s devices.VariableState, length int) variable {
	return variable{s.Name, valueOf(s.Reported, s.At, "", length), valueOf(s.Wanted, s.Since, s.Who, length)}
}

func valueOf(v *devices.Variable, at time.Time, who string, length int) value {
	if v == nil {
		return value{}
	}
	text, cut := v.Text(), false
	if length > 0 {
		text, cut = cutTo(text, length)
	}
	return value{v.Type, text, millis(at), who, cut}
}

// cutTo cuts a text to so many characters, and tells whether it was longer.
func cutTo(text string, length int) (string, bool) {
	for i := range text {
		if length--; length < 0 {
			return text[:i], true
		}
	}
	return text, false
}

func (v variable) size() int {
	return len(v.Name) + len(v.Reported.Value) + len(v.Wanted.Value) + len(v.Wanted.Who) + 200
}
