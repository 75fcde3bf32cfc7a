package shop

import (
	"encoding/json"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"sneakers23/inventory"
	"sneakers23/replication/pubsub"
	"sneakers23/web/webtest"
)

// ear hears what is broadcast on a topic.
type ear struct{ events []string }

func (e *ear) Deliver(m *pubsub.Message) {
	b, err := json.Marshal(m.Payload)
	if err != nil {
		panic(err)
	}
	e.events = append(e.events, m.Event+" "+string(b))
}

// rig is a pusher, a shelf to change, and an ear on each product.
type rig struct {
	t      *testing.T
	shelf  *webtest.Shelf
	pages  *Pages
	pusher *Pusher
	topics *pubsub.PubSub
	ears   map[inventory.ProductID]*ear
	rows   inventory.Rows
	shown  uint64
}

func newRig(t *testing.T) *rig {
	r := &rig{t: t, shelf: webtest.NewShelf(webtest.Rows()), rows: webtest.Rows(), ears: map[inventory.ProductID]*ear{}}
	r.topics = pubsub.New()
	r.pages = newPagesWith(t, r.shelf, newCarts(t, r.topics, 2))
	r.pusher = NewPusher(r.pages, r.topics, slog.New(slog.DiscardHandler))
	for _, id := range []inventory.ProductID{1, 2} {
		r.ears[id] = new(ear)
		r.topics.Subscribe(productTopic(id), r.ears[id])
	}
	return r
}

// notice shows the rows as they are now, tells the pusher, and returns what was broadcast on both
// topics.
func (r *rig) notice(products []inventory.ProductID, items ...inventory.ItemID) []string {
	r.t.Helper()
	r.shown++
	r.shelf.PutShown(r.rows, 1000+r.shown)
	r.pusher.Watch(r.t.Context(), inventory.Notice{Catalog: r.shelf.Catalog(), Products: products, Items: items})
	var heard []string
	for _, id := range []inventory.ProductID{1, 2} {
		heard = append(heard, r.ears[id].events...)
		r.ears[id].events = nil
	}
	return heard
}

func (r *rig) all() []string {
	r.t.Helper()
	items := make([]inventory.ItemID, len(r.rows.Items))
	for i, it := range r.rows.Items {
		items[i] = it.ID
	}
	return r.notice([]inventory.ProductID{1, 2}, items...)
}

func TestPusherPushesLevelsThatChanged(t *testing.T) {
	r := newRig(t)
	r.all()
	item := &r.rows.Items[1] // 149 left
	if heard := r.all(); len(heard) != 0 {
		t.Errorf("nothing has changed, and %v was pushed", heard)
	}
	for _, tt := range []struct {
		available int
		want      []string
	}{
		{148, nil},
		{0, []string{`stock_change {"product_id":1,"item_id":2,"level":"out"}`}},
		{0, nil},
		{500, []string{`stock_change {"product_id":1,"item_id":2,"level":"high"}`}},
	} {
		item.Available = tt.available
		if heard := r.notice(nil, item.ID); !slices.Equal(heard, tt.want) {
			t.Errorf("%d left: pushed %v, want %v", tt.available, heard, tt.want)
		}
	}
}

func TestPusherPushesAReleaseOnce(t *testing.T) {
	r := newRig(t)
	r.all()
	r.rows.Products[1].Released = true
	heard := r.notice([]inventory.ProductID{2})
	if len(heard) != 1 || !strings.HasPrefix(heard[0], `released {"size_html":"`) ||
		!strings.Contains(heard[0], `value=\"5\"`) {
		t.Errorf("pushed %v, want the sizes of product 2", heard)
	}
	if heard := r.notice([]inventory.ProductID{2}); len(heard) != 0 {
		t.Errorf("pushed %v after a release that was told", heard)
	}
	r.rows.Products[1].Released = false // taken back
	if heard := r.notice([]inventory.ProductID{2}); len(heard) != 1 || !strings.Contains(heard[0], "product-soon-2") {
		t.Errorf("pushed %v, want the block without sizes", heard)
	}
	r.rows.Products[1].Released = true
	if heard := r.notice([]inventory.ProductID{2}); len(heard) != 1 {
		t.Errorf("pushed %v, want released again", heard)
	}
}

// TestPusherPushesTheBlock pushes the block of a product when something changes that has no event
// of its own.
func TestPusherPushesTheBlock(t *testing.T) {
	r := newRig(t)
	r.all()
	product := &r.rows.Products[0]
	for _, tt := range []struct {
		name   string
		change func()
		items  []inventory.ItemID
		want   string // in the html; "" for no push
	}{
		{"another price", func() { product.Price = 13000 }, nil, "$130"},
		{"the same", func() {}, nil, ""},
		{"another name", func() { product.Name = "Hop Man 4" }, nil, "Hop Man 4"},
		{"another place on the page", func() { product.Order = 7 }, nil, ""},
		{"a new size", func() {
			size := inventory.ItemRow{ID: 77, ProductID: 1, SKU: "SHU6000-14", Size: "14", Revision: 1}
			r.rows.Items = append(r.rows.Items, size)
		}, []inventory.ItemID{77}, `value=\"77\"`},
		{"a level", func() { r.rows.Items[0].Available += 1000 }, []inventory.ItemID{1}, ""},
		{"a size that is gone", func() {
			r.rows.Items = r.rows.Items[:len(r.rows.Items)-1]
		}, []inventory.ItemID{77}, "Hop Man 4"},
	} {
		tt.change()
		var products []inventory.ProductID
		if len(tt.items) == 0 { // a row of an item changes alone
			products = append(products, 1)
		}
		heard := slices.DeleteFunc(r.notice(products, tt.items...), func(event string) bool {
			return !strings.HasPrefix(event, "product ")
		})
		switch {
		case tt.want == "" && len(heard) > 0:
			t.Errorf("%s: pushed %v, want nothing", tt.name, heard)
		case tt.want != "" && (len(heard) != 1 || !strings.Contains(heard[0], tt.want)):
			t.Errorf("%s: pushed %v, want the block with %q", tt.name, heard, tt.want)
		}
	}
	with := r.rows.Products
	r.rows.Products = with[1:]
	if heard := r.notice([]inventory.ProductID{1}); !slices.Contains(heard, `product {"html":""}`) {
		t.Errorf("gone: pushed %v", heard)
	}
	r.rows.Products = with
	if heard := r.notice([]inventory.ProductID{1}); len(heard) == 0 || !strings.HasPrefix(heard[0], "product ") {
		t.Errorf("back: pushed %v, want the block first", heard)
	}
}

// TestJoinReplyHasTheBlock for pages that show another one.
func TestJoinReplyHasTheBlock(t *testing.T) {
	r := newRig(t)
	r.all()
	version := func(id inventory.ProductID) string {
		product, _ := r.shelf.Catalog().Product(id)
		return versionOf(product).String()
	}
	for _, tt := range []struct {
		name    string
		product inventory.ProductID
		page    pageShows
		block   bool
	}{
		{"no page", 1, pageShows{}, false},
		{"a page as it is", 1, pageShows{true, version(1)}, false},
		{"an old page", 1, pageShows{true, "old"}, true},
		{"an old page without sizes", 1, pageShows{false, "old"}, true},
		{"a page before the release", 1, pageShows{false, version(1)}, false},
		{"a release that was taken back", 2, pageShows{true, version(2)}, true},
		{"a page of a newer row", 1, pageShows{true, "new.999"}, false},
		{
			"a release of which this node has not heard", 2, pageShows{true, parseVersion(version(2)).hash + ".999"},
			false,
		},
		{"a product that came back", 1, pageShows{true, "gone"}, true},
	} {
		replies, err := r.pusher.repliesFor(tt.product)
		if err != nil {
			t.Fatal(err)
		}
		var reply joinReply
		if err := json.Unmarshal(replies.replyTo(tt.page), &reply); err != nil {
			t.Fatal(err)
		}
		if has := strings.Contains(reply.HTML, `data-shown="`+version(tt.product)+`"`); has != tt.block {
			t.Errorf("%s: the reply has the block: %v, want %v", tt.name, has, tt.block)
		}
	}
}

func TestPusherPushesSchedules(t *testing.T) {
	r := newRig(t)
	r.all()
	product := &r.rows.Products[1]
	at := time.Date(2031, 5, 2, 18, 0, 0, 0, time.UTC)
	for _, tt := range []struct {
		name string
		at   *time.Time
		want []string
	}{
		{"scheduled", &at, []string{`scheduled {"release_at":"2031-05-02T18:00:00Z"}`}},
		{"as before", new(at), nil},
		{"moved", new(at.Add(time.Hour)), []string{`scheduled {"release_at":"2031-05-02T19:00:00Z"}`}},
		{"called off", nil, []string{`scheduled {"release_at":null}`}},
		{"as before", nil, nil},
	} {
		product.ReleaseAt = tt.at
		if heard := r.notice([]inventory.ProductID{2}); !slices.Equal(heard, tt.want) {
			t.Errorf("%s: pushed %v, want %v", tt.name, heard, tt.want)
		}
	}
}

func TestJoinRepliesAreOfWhatThePusherHasTaken(t *testing.T) {
	r := newRig(t)
	if _, err := r.pusher.repliesFor(1); !errors.Is(err, ErrNotOpen) {
		t.Errorf("before the first notice: got %v, want ErrNotOpen", err)
	}
	r.all()
	if _, err := r.pusher.repliesFor(9); !errors.Is(err, inventory.ErrNotFound) {
		t.Errorf("unknown product: got %v, want ErrNotFound", err)
	}
	levels := func() map[string]string {
		t.Helper()
		replies, err := r.pusher.repliesFor(1)
		if err != nil {
			t.Fatal(err)
		}
		var reply struct{ Levels map[string]string }
		if err := json.Unmarshal(replies.brief, &reply); err != nil {
			t.Fatal(err)
		}
		return reply.Levels
	}
	if got := levels()["2"]; got != "low" {
		t.Errorf("level %s, want low", got)
	}
	// the catalog is ahead of the pusher: who joins now is told what the pusher will push from
	r.rows.Items[1].Available = 0
	r.shelf.PutShown(r.rows, 9999)
	if got := levels()["2"]; got != "low" {
		t.Errorf("level %s, which was not taken yet; want low", got)
	}
	r.notice(nil, 2)
	if got := levels()["2"]; got != "out" {
		t.Errorf("level %s, want out", got)
	}
}

// lateJoiner joins at the very moment when a change is pushed.
type lateJoiner struct {
	pusher *Pusher
	level  string
}

func (l *lateJoiner) Deliver(*pubsub.Message) {
	replies, err := l.pusher.repliesFor(1)
	if err != nil {
		panic(err)
	}
	var reply struct{ Levels map[string]string }
	if err := json.Unmarshal(replies.brief, &reply); err != nil {
		panic(err)
	}
	l.level = reply.Levels["2"]
}

// TestWhoJoinsDuringAPushKnowsIt because it may have subscribed too late for the push.
func TestWhoJoinsDuringAPushKnowsIt(t *testing.T) {
	r := newRig(t)
	r.all()
	joiner := &lateJoiner{pusher: r.pusher}
	r.pusher.pubsub.Subscribe(productTopic(1), joiner)
	r.rows.Items[1].Available = 0
	r.notice(nil, 2)
	if joiner.level != "out" {
		t.Errorf("joined with level %q while out was pushed", joiner.level)
	}
}

func TestJoinReplyHasSizesForThosePagesThatLackThem(t *testing.T) {
	r := newRig(t)
	r.all()
	for _, tt := range []struct {
		product         inventory.ProductID
		released, sizes bool
	}{{1, true, true}, {2, false, false}} {
		replies, err := r.pusher.repliesFor(tt.product)
		if err != nil {
			t.Fatal(err)
		}
		for name, raw := range map[string]json.RawMessage{"full": replies.full, "brief": replies.brief} {
			var reply map[string]any
			if err := json.Unmarshal(raw, &reply); err != nil {
				t.Fatal(err)
			}
			_, sizes := reply["size_html"]
			if want := tt.sizes && name == "full"; reply["released"] != tt.released || sizes != want {
				t.Errorf("product %d, %s reply: released %v, sizes %v; want %v, %v",
					tt.product, name, reply["released"], sizes, tt.released, want)
			}
		}
	}
	first, _ := r.pusher.repliesFor(1)
	second, _ := r.pusher.repliesFor(1)
	if &first.full[0] != &second.full[0] {
		t.Error("the reply was encoded again, though nothing has changed")
	}
}

// TestReleaseTakenBack pushes the block without sizes to open pages, shows it to whoever comes
// later, and pushes the next release.
func TestReleaseTakenBack(t *testing.T) {
	r := newRig(t)
	r.notice([]inventory.ProductID{1, 2})
	p := &r.rows.Products[0]
	p.Released = false
	if heard := r.notice([]inventory.ProductID{1}); len(heard) != 1 || !strings.HasPrefix(heard[0], "product ") {
		t.Errorf("an undo is pushed as %v, want the block", heard)
	}
	page := body(t, visit(t, r.pages.Product, p.SKU))
	reply, err := r.pusher.repliesFor(p.ID)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(page, "size-container__entry") || !strings.Contains(string(reply.full), `"released":false`) ||
		strings.Contains(string(reply.full), "size_html") {
		t.Errorf("after the undo, the reply to a join is %s and the page\n%s", reply.full, page)
	}
	p.Released = true
	heard := r.notice([]inventory.ProductID{1})
	if len(heard) != 1 || !strings.HasPrefix(heard[0], "released ") {
		t.Errorf("released again, %v is pushed", heard)
	}
}
