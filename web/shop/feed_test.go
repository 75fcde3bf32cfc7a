package shop

import (
	"encoding/json"
	"errors"
	"testing"

	"sneakers23/inventory"
)

func TestStateOfAFeed(t *testing.T) {
	r := newRig(t)
	if _, err := r.pusher.State(t.Context(), "product:1"); !errors.Is(err, ErrNotOpen) {
		t.Errorf("before the catalog is loaded: %v, want ErrNotOpen", err)
	}
	r.all()
	for topic, released := range map[string]bool{
		"product:1": r.rows.Products[0].Released, "product:2": r.rows.Products[1].Released,
	} {
		payload, err := r.pusher.State(t.Context(), topic)
		if err != nil {
			t.Fatal(err)
		}
		var got joinReply
		if err := json.Unmarshal(payload.(json.RawMessage), &got); err != nil {
			t.Fatal(err)
		}
		if got.Released != released || len(got.Levels) == 0 || released != (got.SizesHTML != "") {
			t.Errorf("%s: %s", topic, payload)
		}
	}
	for _, topic := range []string{
		"product:", "product:01", "product:3", "product:-1", "product:one", "product:1 ",
		"product:99999999999999999999",
	} {
		if _, err := r.pusher.State(t.Context(), topic); !errors.Is(err, inventory.ErrNotFound) {
			t.Errorf("%q: %v, want ErrNotFound", topic, err)
		}
	}
}
