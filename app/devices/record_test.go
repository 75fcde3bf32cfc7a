package devices

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"
)

// TestParseRecords reads what devices send.
func TestParseRecords(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]Record{
		`[{"message":"hello"}]`:                          {Message: "hello"},
		` [ { "message" : "" , "timestamp" : 1.5e3 } ] `: {Timestamp: []byte(`1.5e3`)},
		`[{"message":"a","timestamp":null}]`:             {Message: "a", Timestamp: []byte(`null`)},
		`[{"message":"a","timestamp":"soon","z":1,"b":"<>"}]`: {
			Message: "a", Timestamp: []byte(`"soon"`), Fields: []byte(`{"b":"<>","z":1}`),
		},
		`[{"message":"a\u0000b\ud800"}]`: {Message: "a\ufffdb\ufffd"},
		`[{"message":"\ud83d\ude00"}]`:   {Message: "😀"},
		`[{"message":"a","n\u0000":["\u0000",{"x":1e9999}]}]`: {
			Message: "a", Fields: []byte(`{"n` + "\ufffd" + `":["` + "\ufffd" + `",{"x":1e9999}]}`),
		},
		`[{"message":"a","s":"\ud800"}]`:  {Message: "a", Fields: []byte(`{"s":"` + "\ufffd" + `"}`)},
		`[{"message":"a","s":"\\u0000"}]`: {Message: "a", Fields: []byte(`{"s":"\\u0000"}`)},
		`[{"message":"a","message":"b"}]`: {Message: "b"},
	} {
		got, err := ParseRecords([]byte(in))
		if err != nil || len(got) != 1 {
			t.Errorf("%s: %v, %v", in, got, err)
			continue
		}
		if g := got[0]; g.Message != want.Message || !bytes.Equal(g.Timestamp, want.Timestamp) ||
			!bytes.Equal(g.Fields, want.Fields) {
			t.Errorf("%s:\n got %q %s %s\nwant %q %s %s",
				in, g.Message, g.Timestamp, g.Fields, want.Message, want.Timestamp, want.Fields)
		}
	}
	if got, err := ParseRecords([]byte(`[]`)); err != nil || len(got) != 0 {
		t.Errorf("no records: %v, %v", got, err)
	}
	if got, err := ParseRecords([]byte("[" + strings.Repeat(`{"message":"a"},`, MaxArray-1) +
		`{"message":"a"}]`)); err != nil || len(got) != MaxArray {
		t.Errorf("%d records: %v", len(got), err)
	}
}

// badArrays are no arrays of objects, whatever the objects should be.
func badArrays() map[string]string {
	return map[string]string{
		``:                   "this is not a JSON array",
		`{}`:                 "this is not a JSON array",
		`"[]"`:               "this is not a JSON array",
		`[{"a":1}`:           "this is not valid JSON",
		`[{"a":1}] x`:        "this is not valid JSON",
		`[{"a":01}]`:         "this is not valid JSON",
		"[\x80]":             "the JSON is not valid UTF-8",
		`[{}, 7]`:            "element 2 of the array is not an object",
		`[null]`:             "element 1 of the array is not an object",
		`[[[[]]]]`:           "element 1 of the array is not an object",
		nested(MaxDepth):     "the JSON is nested more than 32 levels deep",
		nested(1_000_000):    "the JSON is nested more than 32 levels deep",
		nested(MaxDepth - 1): "",
		"[" + strings.Repeat(`{},`, MaxArray) + "{}]": "the array has more than 1000 elements",
	}
}

// nested is an array with a record that is nested so much deeper.
func nested(depth int) string {
	return `[{"message":"\"[[[","name":"a","type":"integer","value":1,"x":` + strings.Repeat(`[`, depth-1) +
		strings.Repeat(`]`, depth-1) + `}]`
}

// TestParseBadRecords says what is wrong, shortly and without the data of the device.
func TestParseBadRecords(t *testing.T) {
	t.Parallel()
	bad := badArrays()
	bad[`[{"message":"a"},{"text":"\u001b[31m"}]`] = "record 2: there is no message"
	bad[`[{"message":7}]`] = "record 1: the message is not a string"
	bad[`[{"message":null}]`] = "record 1: the message is not a string"
	bad[`[{"Message":"a"}]`] = "record 1: there is no message"
	bad[`[{"message":"`+strings.Repeat("a", MaxMessage+1)+`"}]`] = "record 1: the message is longer than 64 KiB"
	bad[`[{"message":"`+strings.Repeat("a", MaxMessage)+`"}]`] = ""
	bad[`[{"message":"","timestamp":"`+strings.Repeat("a", MaxStamp)+
		`"}]`] = "record 1: the timestamp is longer than 1024 bytes"
	bad[`[{"message":"","x":"`+strings.Repeat("a", MaxFields)+
		`"}]`] = "record 1: the members beside message and timestamp are longer than 64 KiB"
	for in, want := range bad {
		_, err := ParseRecords([]byte(in))
		if got := words(err); got != want {
			t.Errorf("%.80s: %q, want %q", in, got, want)
		}
	}
}

func words(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// checkSentence holds what may be said to a device: one short line that a terminal can show.
func checkSentence(t *testing.T, err error) {
	t.Helper()
	text := err.Error()
	if len(text) > 400 || !utf8.ValidString(text) ||
		strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || r == 0x7f }) {
		t.Errorf("no sentence for a device: %q", text)
	}
}

// FuzzParseRecords reads anything: what it returns is within the limits, and PostgreSQL can keep
// it.
func FuzzParseRecords(f *testing.F) {
	for in := range badArrays() {
		f.Add([]byte(in[:min(len(in), 200)]))
	}
	f.Add([]byte(`[{"message":"a\u0000","timestamp":[1e9999,"\ud800"],"x":{"\u0000":"\\u0000"}}]`))
	f.Fuzz(func(t *testing.T, array []byte) {
		records, err := ParseRecords(array)
		if err != nil {
			checkSentence(t, err)
			return
		}
		for _, r := range records {
			if len(r.Message) > MaxMessage || strings.Contains(r.Message, "\x00") || !utf8.ValidString(r.Message) {
				t.Errorf("message %q", r.Message)
			}
			for _, text := range []json.RawMessage{r.Timestamp, r.Fields} {
				if text != nil && (!json.Valid(text) || len(text) > MaxFields) {
					t.Errorf("not valid JSON: %q", text)
				}
				var v any
				if text != nil && json.Unmarshal(text, &v) == nil && strings.Contains(stringsIn(v), "\x00") {
					t.Errorf("NUL in %q", text)
				}
			}
			if deeper(r.Fields, MaxDepth) {
				t.Errorf("too deep: %q", r.Fields)
			}
		}
	})
}

// stringsIn are all strings and names of a value.
func stringsIn(v any) (all string) {
	switch v := v.(type) {
	case string:
		return v
	case []any:
		for _, e := range v {
			all += stringsIn(e)
		}
	case map[string]any:
		for name, e := range v {
			all += name + stringsIn(e)
		}
	}
	return all
}
