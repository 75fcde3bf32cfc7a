package shop

import (
	"encoding/json"
	"errors"
	"slices"
	"testing"

	"sneakers23/inventory/storefront"
	"sneakers23/replication/pubsub"
)

// movingFront is a front that shows another look when told.
type movingFront struct{ look *storefront.Look }

func (f *movingFront) Look() *storefront.Look { return f.look }

// TestBannerPushes pushes a banner when it is another one, and tells those who join of it.
func TestBannerPushes(t *testing.T) {
	f := &movingFront{storefront.NewLook(1, storefront.Settings{Name: "Volt"})}
	topics, heard := pubsub.New(), new(ear)
	topics.Subscribe(shopTopic, heard)
	b := NewBanner(f, topics)
	for i, text := range []string{"", "Here.", "Here.", "There.", ""} {
		f.look = storefront.NewLook(uint64(i)+2, storefront.Settings{Name: "Volt", Banner: text})
		b.Watch(f.look)
		reply, err := shopChannel{b}.Join(t.Context(), nil, nil)
		if err != nil {
			t.Fatal(err)
		}
		if got, _ := json.Marshal(reply); string(got) != `{"banner":"`+text+`"}` {
			t.Errorf("a join is answered with %s, while the banner is %q", got, text)
		}
	}
	f.look = new(storefront.Look)
	if reply, err := (shopChannel{b}).Join(t.Context(), nil, nil); !errors.Is(err, ErrNotOpen) {
		t.Errorf("before the settings are read, a join is answered with %v, %v", reply, err)
	}
	want := []string{`banner {"text":"Here."}`, `banner {"text":"There."}`, `banner {"text":""}`}
	if !slices.Equal(heard.events, want) {
		t.Errorf("pushed %q, want %q", heard.events, want)
	}
}
