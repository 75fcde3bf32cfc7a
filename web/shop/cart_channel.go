package shop

import (
	"context"
	"encoding/json"
	"errors"
	"regexp"
	"strconv"
	"strings"

	"golang.org/x/time/rate"

	"sneakers23/checkout"
	"sneakers23/inventory"
	"sneakers23/replication/pubsub"
	"sneakers23/web/channel"
)

// cartTopics begins the topic of each cart. The rest is a bearer secret.
const cartTopics = "cart:"

// cartIDs are those that we make, see [newCartID], and that any other program of the protocol may
// make.
var cartIDs = regexp.MustCompile(`^[A-Za-z0-9+/]{64}$`)

// CartRoute lets a tab follow and change its cart: cart:CART_ID.
func CartRoute(p *Pusher, carts *Carts, shoppers *Shoppers) channel.Route {
	return channel.Route{
		Pattern: cartTopics + "*",
		New:     func() channel.Channel { return &cartChannel{pusher: p, carts: carts, shoppers: shoppers} },
	}
}

// cartChannel is one tab of a cart. [Carts] owns the cart; the channel knows what its tab has seen
// of it. It follows the items of the cart: first it subscribes, then it reads the catalog, so it
// misses nothing.
type cartChannel struct {
	pusher   *Pusher
	carts    *Carts
	shoppers *Shoppers
	id       string
	actor    checkout.Actor
	limit    *rate.Limiter
	tab      *trackedTab

	shown   uint64 // version of the cart that the tab has seen
	token   string // of that version, "" while there is nothing in it
	follows map[inventory.ItemID]*channel.Subscription
}

// cartParams are the params of the join.
type cartParams struct {
	Serialized string `json:"serialized"`
	Carried    string `json:"carried"` // a token in the page, where a cookie could not carry the cart
	Page       string `json:"page"`    // for those who watch the shop, not for the cart
}

// Join merges what the tab brings with what the others know, and shows the cart to all of them.
func (c *cartChannel) Join(_ context.Context, s *channel.Socket, params json.RawMessage) (any, error) {
	c.id = strings.TrimPrefix(s.Topic(), cartTopics)
	if !cartIDs.MatchString(c.id) {
		return nil, channel.Refuse(map[string]string{"reason": "bad cart id"})
	}
	if c.pusher.taken.Load() == nil {
		return nil, ErrNotOpen
	}
	if err := enterSocket(s); err != nil {
		return nil, err
	}
	c.actor = checkout.NewActor()
	if c.carts.perSecond > 0 {
		c.limit = rate.NewLimiter(rate.Limit(c.carts.perSecond), max(1, int(c.carts.perSecond)))
	}
	var p cartParams
	_ = json.Unmarshal(params, &p) // what is no token is an empty cart
	brought, own := c.carts.tokens.Open(p.Serialized, c.id)
	carried, ofThisCart := c.carts.tokens.Open(p.Carried, c.id)
	if !ofThisCart { // an address made for another cart must not change this one
		carried = checkout.Cart{}
	}
	cart := c.carts.enter(c.id, brought.Merge(carried))
	if own && !cart.Equal(checkout.Cart{}) && cart.Equal(brought) {
		c.shown, c.token = cart.version, p.Serialized
	}
	joined := false
	defer func() {
		if !joined { // Terminate will not be called
			c.carts.leave(c.id)
			leaveSocket(s)
		}
	}()
	c.tab = c.shoppers.track(s, c.id, p.Page, cart.Cart)
	err := errors.Join(s.Push("cart", c.show(s, cart)), c.tellOthers(s, cart))
	joined = err == nil
	return nil, err
}

// Terminate is the end of the tab.
func (c *cartChannel) Terminate(_ context.Context, s *channel.Socket, _ error) {
	c.carts.leave(c.id)
	leaveSocket(s)
}

// cartChange is the payload of add_item and remove_item.
type cartChange struct {
	ItemID  json.RawMessage `json:"item_id"`
	Replace bool            `json:"replace"`
}

// item reads an item's id, which may be a number or its text. Anything else is the id of nothing.
func (ch cartChange) item() inventory.ItemID {
	text := string(ch.ItemID)
	if strings.HasPrefix(text, `"`) {
		if json.Unmarshal(ch.ItemID, &text) != nil {
			return 0
		}
	}
	return parseItemID(text)
}

// parseItemID gives 0, which no item has, for what is no id.
func parseItemID(text string) inventory.ItemID {
	id, err := strconv.ParseInt(text, 10, 64)
	if err != nil || id < 0 {
		return 0
	}
	return inventory.ItemID(id)
}

// HandleIn changes the cart: add_item and remove_item.
func (c *cartChannel) HandleIn(_ context.Context, s *channel.Socket, m channel.Message) (any, error) {
	var change func(cartChange, checkout.Cart) (checkout.Cart, error)
	switch m.Event {
	case "add_item":
		change = c.add
	case "remove_item":
		change = c.remove
	default:
		return nil, channel.ErrUnknownEvent
	}
	if c.limit != nil && !c.limit.Allow() {
		return nil, refuseChange("too_fast")
	}
	var asked cartChange
	_ = json.Unmarshal(m.Payload, &asked) // what has no item_id is about no item
	cart, err := c.carts.change(c.id, func(cart checkout.Cart) (checkout.Cart, error) { return change(asked, cart) })
	if err != nil {
		return nil, refusalOf(err)
	}
	return c.show(s, cart), c.tellOthers(s, cart)
}

func (c *cartChannel) add(asked cartChange, cart checkout.Cart) (checkout.Cart, error) {
	return addTo(cart, c.pusher.taken.Load(), asked.item(), asked.Replace, c.actor, c.carts.maxLines)
}

// addTo puts an item of the catalog into a cart, which holds so many that can be seen. It may be
// sold out or not released: then it cannot be bought.
func addTo(
	cart checkout.Cart, catalog *inventory.Catalog, id inventory.ItemID, replace bool, by checkout.Actor, most int,
) (checkout.Cart, error) {
	item, product, ok := catalog.Item(id)
	if !ok {
		return cart, inventory.ErrNotFound
	}
	most += cart.Len() - len(visible(cart, catalog))
	if replace {
		return cart.Replace(newLine(item, product), by, most)
	}
	added, err := cart.Add(newLine(item, product), by, most)
	if other, ok := errors.AsType[*checkout.DuplicateProductError](err); ok {
		if _, _, seen := catalog.Item(other.Held.Item); !seen { // the size to swap cannot be shown
			return cart.Replace(newLine(item, product), by, most)
		}
	}
	return added, err
}

func (c *cartChannel) remove(asked cartChange, cart checkout.Cart) (checkout.Cart, error) {
	return cart.Remove(asked.item(), c.actor)
}

// changeRefused is the error reply to what changes a cart.
type changeRefused struct {
	Error  string           `json:"error"`
	ItemID inventory.ItemID `json:"item_id,omitzero"` // that is in the way
}

func refuseChange(code string) error { return channel.Refuse(changeRefused{Error: code}) }

// changeCodes says what a refused change is to a script.
var changeCodes = []struct {
	err  error
	code string
}{
	{inventory.ErrNotFound, "not_found"},
	{checkout.ErrNotInCart, "not_found"},
	{checkout.ErrDuplicateItem, "duplicate_item"},
	{checkout.ErrCartFull, "cart_full"},
}

func refusalOf(err error) error {
	if other, ok := errors.AsType[*checkout.DuplicateProductError](err); ok {
		return channel.Refuse(changeRefused{"duplicate_product", other.Held.Item})
	}
	for _, known := range changeCodes {
		if errors.Is(err, known.err) {
			return refuseChange(known.code)
		}
	}
	return err
}

// Intercepts keeps what tabs and nodes tell each other from the browser.
func (c *cartChannel) Intercepts() []string { return []string{cartNewsEvent} }

// HandleOut takes news of the cart: of another tab, of a form, of another node.
func (c *cartChannel) HandleOut(_ context.Context, s *channel.Socket, m *pubsub.Message) error {
	answer, err := c.carts.receiveNews(c.id, m.Payload)
	if err != nil {
		return err
	}
	cart, _ := c.carts.of(c.id)
	if answer {
		c.carts.broadcastCart(c.id, cart.Cart)
	}
	if cart.version == c.shown {
		return nil
	}
	return s.Push("cart", c.show(s, cart))
}

// HandleInfo hears that an item of the cart is not what the tab shows.
func (c *cartChannel) HandleInfo(_ context.Context, s *channel.Socket, _ any) error {
	cart, _ := c.carts.of(c.id)
	return s.Push("cart", c.show(s, cart))
}

// show makes what the tab sees of the cart from now on. The same cart keeps its token: so a tab
// that sees another one knows that it has something to keep.
func (c *cartChannel) show(s *channel.Socket, cart seenCart) cartPayload {
	c.follow(s, cart.Lines())
	c.tab.show(cart.Cart)
	token := c.token
	if token == "" || c.shown != cart.version {
		token = c.carts.tokens.Sign(cart.Cart, c.id)
	}
	c.shown, c.token = cart.version, ""
	if !cart.Empty() {
		c.token = token
	}
	catalog := c.pusher.taken.Load()
	return cartPayload{
		Items:      viewCart(cart.Cart, catalog, c.pusher.pages.imageURL),
		Missing:    missing(cart.Cart, catalog),
		Serialized: token,
	}
}

// follow subscribes to the items of the lines, and to nothing else.
func (c *cartChannel) follow(s *channel.Socket, lines []checkout.Line) {
	if len(lines)+len(c.follows) == 0 {
		return
	}
	wanted := make(map[inventory.ItemID]*channel.Subscription, len(lines))
	for _, l := range lines {
		if sub, ok := c.follows[l.Item]; ok {
			wanted[l.Item] = sub
		} else {
			wanted[l.Item] = s.Subscribe(itemOutTopic(l.Item))
		}
	}
	for item, sub := range c.follows {
		if _, ok := wanted[item]; !ok {
			sub.Unsubscribe()
		}
	}
	c.follows = wanted
}

// tellOthers tells the other tabs of the cart, on all nodes.
func (c *cartChannel) tellOthers(s *channel.Socket, cart seenCart) error {
	return s.BroadcastFrom(cartNewsEvent, c.carts.news(c.id, cart.Cart))
}
