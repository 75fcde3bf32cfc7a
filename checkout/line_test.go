package checkout

import (
	"encoding/json"
	"strings"
	"testing"
)

func TestLineID(t *testing.T) {
	id := NewLineID()
	if id == NewLineID() {
		t.Error("two ids are the same")
	}
	text, err := json.Marshal(id)
	if err != nil {
		t.Fatal(err)
	}
	var back LineID
	if err := json.Unmarshal(text, &back); err != nil || back != id {
		t.Errorf("%s became %v, %v", text, back, err)
	}
	for _, bad := range []string{
		"", "x", id.String() + "A", id.String()[1:], strings.Repeat("!", 22), strings.Repeat("_", 22),
		strings.Repeat("A", 1000),
	} {
		if err := new(LineID).UnmarshalText([]byte(bad)); err == nil {
			t.Errorf("%q was taken", bad)
		}
	}
}
