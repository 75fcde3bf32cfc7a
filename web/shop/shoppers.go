package shop

import (
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"sneakers23/checkout"
	"sneakers23/inventory"
	"sneakers23/replication/presence"
	"sneakers23/web/channel"
)

// Shoppers tracks who is in the shop, for those who watch it: each tab of a cart, on a topic that no shopper can join.
type Shoppers struct {
	tracker *presence.Tracker
	topic   string
	log     *slog.Logger
}

// NewShoppers tracks shoppers in a topic of the tracker, which must be served.
func NewShoppers(tracker *presence.Tracker, topic string, log *slog.Logger) *Shoppers {
	return &Shoppers{tracker, topic, log}
}

// Shopper is what is known of a tab. A shopper chooses the page and the items himself: they are data, and the items may be none
// of the shop's.
type Shopper struct {
	Page     string             `json:"page"`           // a path, or "other"
	LoadedAt int64              `json:"page_loaded_at"` // when the tab joined, in ms since 1970
	Items    []inventory.ItemID `json:"items"`          // of the cart, by id
}

// ShopperKey is the key under which the tabs of a cart are tracked. The cart's id is a bearer secret, and can't be found out
// from it.
func ShopperKey(cartID string) string {
	sum := sha256.Sum256([]byte("sneakers23 shopper " + cartID))
	return base64.RawURLEncoding.EncodeToString(sum[:16])
}

// trackedTab is a tab while it is tracked.
type trackedTab struct {
	of    *Shoppers
	owner *presence.Owner
	key   string
	told  Shopper
}

// track tracks the tab of a channel until that ends. Shopping goes on without it.
func (s *Shoppers) track(socket *channel.Socket, cartID, page string, cart checkout.Cart) *trackedTab {
	tab := &trackedTab{of: s, owner: socket.Owner(s.tracker), key: ShopperKey(cartID)}
	tab.told = Shopper{Page: knownPage(page), LoadedAt: time.Now().UnixMilli(), Items: itemsOf(cart)}
	if _, err := tab.owner.Track(s.topic, tab.key, tab.told); err != nil {
		s.log.Debug("shopper not tracked", "err", err)
	}
	return tab
}

// shows tells what is in the cart, if it is not what was told.
func (t *trackedTab) shows(cart checkout.Cart) {
	items := itemsOf(cart)
	if slices.Equal(items, t.told.Items) {
		return
	}
	tell := t.told
	tell.Items = items
	_, err := t.owner.Update(t.of.topic, t.key, tell)
	if errors.Is(err, presence.ErrNotTracked) { // the tracker was away when the tab came
		_, err = t.owner.Track(t.of.topic, t.key, tell)
	}
	if err != nil {
		t.of.log.Debug("shopper not tracked", "err", err)
		return // the next change tells it
	}
	t.told = tell
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

// knownPage makes of what a tab says of its page something that may be shown to others: no query, which may hold a token, and
// no order's id. It is written as browsers write it: what is not ASCII, and may look like something else, is escaped.
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
