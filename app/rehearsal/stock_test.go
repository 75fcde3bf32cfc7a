package rehearsal

import (
	"encoding/json"
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

const (
	sizeIn   = `<button class="size-container__entry size-container__entry--level-high" name="item_id" value="1" title="many">6</button>`
	sizeOut  = `<button class="size-container__entry size-container__entry--level-out" name="item_id" value="2" title="none" disabled>7</button>`
	sizeForm = `<form class="size-container" action="/cart/add" method="post">` + sizeIn + sizeOut + `</form>`
)

func payload(t *testing.T, v any) json.RawMessage {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestProductOfATab follows a product from before its release until it is sold out, put back, and
// taken out of the shop.
func TestProductOfATab(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		tb := &tab{tabConfig: tabConfig{ids: []string{"1"}}, products: map[string]*product{"1": {}}}
		p := tb.products["1"]
		opened := time.Now()
		level := func(item int64, level string) json.RawMessage {
			return payload(t, map[string]any{"product_id": 1, "item_id": item, "level": level})
		}
		for _, step := range []struct {
			event   string // "" for a join reply
			payload json.RawMessage
			more    bool
			forSale []int64
		}{
			{
				"", payload(t, map[string]any{"released": false, "levels": map[string]string{"1": "high", "2": "out"}}),
				false, nil,
			},
			{"stock_change", level(2, "low"), true, nil}, // not to be bought before the release
			{"released", payload(t, map[string]any{"size_html": sizeForm}), true, []int64{1}},
			{"stock_change", level(1, "low"), false, []int64{1}},
			{"stock_change", level(1, "out"), false, nil},
			{"stock_change", level(2, "low"), true, []int64{2}},
			{"scheduled", payload(t, map[string]any{"release_at": nil}), false, []int64{2}},
			{
				"product", payload(t, map[string]any{"html": `<div class="product-stock">` + sizeForm + `</div>`}),
				false, []int64{1},
			},
			{"stock_change", json.RawMessage(`"nonsense"`), false, []int64{1}},
			{
				"", payload(t, map[string]any{"released": true, "levels": map[string]string{"1": "out", "2": "out"}}),
				false, nil,
			},
			{
				"", payload(t, map[string]any{"released": true, "levels": map[string]string{"1": "out", "2": "low"}}),
				true, []int64{2},
			},
			{"product", payload(t, map[string]any{"html": ""}), false, nil},
		} {
			time.Sleep(time.Second)
			more := false
			if step.event == "" {
				more = p.reply(step.payload)
			} else {
				more = p.push(step.event, step.payload)
			}
			if got := tb.forSale("1"); more != step.more || !slices.Equal(got, step.forSale) {
				t.Errorf("%s %s: for sale are %v, more %v, want %v, %v",
					step.event, step.payload, got, more, step.forSale, step.more)
			}
		}
		if at := p.releasedAt.Sub(opened); at != 3*time.Second {
			t.Errorf("the release was shown after %v", at)
		}
		if got := tb.unreleased(); !slices.Equal(got, []string{"1"}) {
			t.Errorf("not released any more is %v", got)
		}
	})
}

// TestReleasedBefore tells a product that was released before the tab was opened from one that was
// released while it was away.
func TestReleasedBefore(t *testing.T) {
	t.Parallel()
	released := payload(t, map[string]any{"released": true, "levels": map[string]string{"1": "high"}})
	var before, meanwhile product
	before.reply(released)
	meanwhile.reply(payload(t, map[string]any{"released": false}))
	if more := meanwhile.reply(released); !more || meanwhile.releasedAt.IsZero() || !before.releasedAt.IsZero() {
		t.Errorf("more to buy: %v; released before at %v, meanwhile at %v",
			more, before.releasedAt, meanwhile.releasedAt)
	}
}

// TestWhatIsReleased waits for one product, or for any that can be bought.
func TestWhatIsReleased(t *testing.T) {
	t.Parallel()
	in, out := []size{{item: 1}}, []size{{item: 2, out: true}}
	for name, tt := range map[string]struct {
		one, two, three product
		want, orAny     string
	}{
		"nothing": {product{sizes: in}, product{sizes: in}, product{}, "", ""},
		"the product, though out": {
			product{released: true, sizes: out}, product{released: true, sizes: in}, product{}, "1", "1",
		},
		"another one":               {product{sizes: in}, product{}, product{released: true, sizes: in}, "", "3"},
		"another one, which is out": {product{sizes: in}, product{released: true, sizes: out}, product{}, "", ""},
	} {
		tb := &tab{tabConfig: tabConfig{ids: []string{"1", "2", "3"}}}
		tb.products = map[string]*product{"1": &tt.one, "2": &tt.two, "3": &tt.three}
		got, _, _ := tb.release("1", false)
		orAny, _, _ := tb.release("1", true)
		if got != tt.want || orAny != tt.orAny {
			t.Errorf("%s: %q, or any %q; want %q, %q", name, got, orAny, tt.want, tt.orAny)
		}
	}
}
