package device

import (
	"encoding/json"
	"maps"
	"strings"
	"testing"
	"time"
)

func TestRecords(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 29, 12, 0, 0, 5e6, time.FixedZone("", 3600))
	now := at.Add(time.Hour)
	nested := func(levels int) any {
		return json.RawMessage(strings.Repeat("[", levels) + strings.Repeat("]", levels))
	}
	for name, tt := range map[string]struct {
		r    Record
		want string // what it becomes, or a part of the error
	}{
		"message alone": {
			Record{Message: "door open"}, `{"message":"door open","timestamp":"2026-11-29T12:00:00.005Z"}`,
		},
		"nothing":      {Record{}, `{"message":"","timestamp":"2026-11-29T12:00:00.005Z"}`},
		"its own time": {Record{Message: "a", Time: at}, `{"message":"a","timestamp":"2026-11-29T11:00:00.005Z"}`},
		"fields": {
			Record{Message: "<a>", Fields: map[string]any{"z": 1, "a": "<b>"}},
			`{"message":"<a>","timestamp":"2026-11-29T12:00:00.005Z","a":"<b>","z":1}`,
		},
		"no UTF-8": {
			Record{Message: "a\xff\xfeb\x00"}, `{"message":"a�b�","timestamp":"2026-11-29T12:00:00.005Z"}`,
		},
		"largest message":  {Record{Message: strings.Repeat("x", MaxMessage)}, strings.Repeat("x", MaxMessage)},
		"too large":        {Record{Message: strings.Repeat("x", MaxMessage+1)}, "a message is longer than 64 KiB"},
		"grows too large":  {Record{Message: strings.Repeat("\x00", MaxMessage/2)}, "a message is longer than 64 KiB"},
		"fields too large": {Record{Fields: map[string]any{"x": strings.Repeat("x", MaxFields)}}, "longer than 64 KiB"},
		"taken name":       {Record{Fields: map[string]any{"timestamp": 1}}, `called "timestamp"`},
		"no JSON": {
			Record{Fields: map[string]any{"x": make(chan int)}}, "fields of a record: json: unsupported type",
		},
		"deepest":         {Record{Fields: map[string]any{"[x": nested(MaxDepth - 1)}}, "[[["},
		"too deep":        {Record{Fields: map[string]any{`"\`: nested(MaxDepth)}}, "more than 31 levels deep"},
		"a year too late": {Record{Time: at.AddDate(9000, 0, 0)}, "the time of a record"},
	} {
		text, err := tt.r.encode(now)
		if err != nil {
			if !strings.Contains(err.Error(), tt.want) || !strings.HasPrefix(err.Error(), "device: ") {
				t.Errorf("%s: %v, want %s", name, err, tt.want)
			}
			continue
		}
		got, part := string(text), !strings.HasPrefix(tt.want, "{")
		if got != tt.want && !(part && strings.Contains(got, tt.want)) || !json.Valid(text) {
			t.Errorf("%s: %s, want %s", name, got, tt.want)
		}
	}
}

// TestLogAllOrNone keeps nothing of a call with a record that can't be sent.
func TestLogAllOrNone(t *testing.T) {
	t.Parallel()
	c, err := New(Config{Addresses: []string{"gateway:6667"}, Key: testKey})
	if err != nil {
		t.Fatal(err)
	}
	fields := map[string]any{"a": 1}
	before := maps.Clone(fields)
	if err := c.Log(Record{Fields: fields}, Record{Fields: map[string]any{"message": 1}}); err == nil {
		t.Error("a field called message was taken")
	}
	if err := c.Set(Integer("a", 1), Integer("", 1)); err == nil {
		t.Error("an empty name was taken")
	}
	if err := c.Log(); err != nil {
		t.Error(err)
	}
	if c.Stats().Waiting != 0 || len(c.report.variables) != 0 || !maps.Equal(fields, before) {
		t.Errorf("%+v is kept, %d variables, %v", c.Stats(), len(c.report.variables), fields)
	}
}
