package shop

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"sneakers23/checkout"
	"sneakers23/inventory"
	"sneakers23/replication/presence"
	"sneakers23/web/channel"
)

// Shoppers tracks who is in the shop, for those who watch it: each tab of a cart, on a topic that
// no shopper can join.
type Shoppers struct {
	tracker *presence.Tracker
	topic   string
	log     *slog.Logger
}

// NewShoppers tracks shoppers in a topic of the tracker, which must be served.
func NewShoppers(tracker *presence.Tracker, topic string, log *slog.Logger) *Shoppers {
	return &Shoppers{tracker, topic, log}
}

// Shopper is what is known of a tab. A shopper chooses the page and the items himself: they are
// data, and the items may be none of the shop's.
type Shopper struct {
	Page     string             `json:"page"`           // a path, or "other"
	LoadedAt int64              `json:"page_loaded_at"` // when the tab joined, in ms since 1970
	Items    []inventory.ItemID `json:"items"`          // of the cart, by id
}

// ShopperKey is the key under which the tabs of a cart are tracked. The cart's id is a bearer
// secret, and can't be found out from it.
func ShopperKey(cartID string) string {
	sum := sha256.Sum256([]byte("sneakers23 shopper " + cartID))
	return base64.RawURLEncoding.EncodeToString(sum[:16])
}

// trackedTab is a tab while it is tracked. The tracker may be busy for seconds, or stuck, so it is
// updated by a task, and no callback of the channel waits for it.
type trackedTab struct {
	of     *Shoppers
	socket *channel.Socket
	owner  *presence.Owner
	key    string

	tracked bool // owned by the task, of which one runs at a time

	mu      sync.Mutex
	now     Shopper
	pending bool // the tracker does not have now yet
	running bool // the task
}

// track tracks the tab of a channel until the channel ends. It returns at once.
func (s *Shoppers) track(socket *channel.Socket, cartID, page string, cart checkout.Cart) *trackedTab {
	tab := &trackedTab{of: s, socket: socket, owner: socket.Owner(s.tracker), key: ShopperKey(cartID), pending: true}
	tab.now = Shopper{Page: knownPage(page), LoadedAt: time.Now().UnixMilli(), Items: itemsOf(cart)}
	tab.mu.Lock()
	defer tab.mu.Unlock()
	tab.start()
	return tab
}

// show updates the items of the tab, if they have changed. It returns at once.
func (t *trackedTab) show(cart checkout.Cart) {
	items := itemsOf(cart)
	t.mu.Lock()
	defer t.mu.Unlock()
	if !slices.Equal(items, t.now.Items) {
		t.now.Items, t.pending = items, true
	}
	t.start()
}

// start starts the task if there is something to update. It is called with mu held.
func (t *trackedTab) start() {
	if t.running || !t.pending {
		return
	}
	if err := t.socket.Go(t.update); err != nil {
		t.of.log.Debug("shopper not tracked", "err", err)
		return // the next event of the cart tries again
	}
	t.running = true
}

// update is the task. It ends when the tracker has what the tab shows; until then it repeats while
// the tracker is busy.
func (t *trackedTab) update(context.Context) {
	for {
		now, ok := t.next()
		if !ok {
			return
		}
		send := t.owner.Track
		if t.tracked {
			send = t.owner.Update
		}
		_, err := send(t.of.topic, t.key, now)
		t.tracked = t.tracked || err == nil
		if err != nil && !t.noteFailure(err) {
			return
		}
	}
}

// next returns what the tracker does not have yet. If there is nothing, the task ends.
func (t *trackedTab) next() (now Shopper, ok bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	ok, t.pending = t.pending, false
	t.running = ok
	return t.now, ok
}

// noteFailure notes that the tracker was not updated, and reports whether the task goes on.
func (t *trackedTab) noteFailure(err error) (again bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	again = errors.Is(err, presence.ErrBusy)
	t.pending, t.running = true, again
	if !again {
		t.of.log.Debug("shopper not tracked", "err", err)
	}
	return again
}

func itemsOf(cart checkout.Cart) []inventory.ItemID {
	items := make([]inventory.ItemID, 0, cart.Len())
	for _, l := range cart.Lines() {
		items = append(items, l.Item)
	}
	return items
}

// longestPage bounds the path of a page, in bytes.
const longestPage = 100

// knownPage makes of what a tab says of its page something that may be shown to others: no query,
// which may hold a token, and no order's id. It is written as browsers write it: what is not ASCII,
// and may look like something else, is escaped.
func knownPage(path string) string {
	path, _, _ = strings.Cut(path, "?")
	path, _, _ = strings.Cut(path, "#")
	switch {
	case !strings.HasPrefix(path, "/") || len(path) > longestPage || !utf8.ValidString(path):
		return "other"
	case strings.HasPrefix(path, "/orders/"):
		return "/orders/:id"
	}
	return escaped(path)
}

// escaped leaves only what has one look.
func escaped(path string) string {
	var b strings.Builder
	for _, c := range []byte(path) {
		if c <= ' ' || c > '~' {
			fmt.Fprintf(&b, "%%%02X", c)
		} else {
			b.WriteByte(c)
		}
	}
	return b.String()
}
