package channeltest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"testing"

	"sneakers23/web/channel"
)

// payload is what an event or a reply carries: JSON, or bytes.
type payload struct {
	json   json.RawMessage
	binary channel.Binary // nil if it is JSON
}

func (p payload) String() string {
	if p.binary != nil {
		return fmt.Sprintf("bytes %q", []byte(p.binary))
	}
	return string(p.json)
}

// encode makes a payload as channels do.
func encode(t testing.TB, v any) payload {
	t.Helper()
	switch v := v.(type) {
	case nil:
		return payload{json: channel.OK}
	case channel.Binary:
		return payload{binary: append(channel.Binary{}, v...)}
	}
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return payload{json: b}
}

// same compares bytes with bytes, and all else as JSON.
func same(t testing.TB, got payload, want any) bool {
	t.Helper()
	wanted := encode(t, want)
	if got.binary != nil || wanted.binary != nil {
		return (got.binary == nil) == (wanted.binary == nil) && bytes.Equal(got.binary, wanted.binary)
	}
	return reflect.DeepEqual(decode(t, got.json), decode(t, wanted.json))
}

func decode(t testing.TB, b json.RawMessage) (v any) {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber()
	if err := d.Decode(&v); err != nil {
		t.Fatalf("%s: %v", b, err)
	}
	return v
}
