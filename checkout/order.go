package checkout

import (
	"crypto/rand"
	"encoding/base64"
	"net/netip"
	"time"

	"sneakers23/inventory"
)

// Purchase is what a form asks for.
type Purchase struct {
	Lines []Line
	Total inventory.Cents // what the shopper was shown
	Buyer ShopperID       // who may see the order that comes of it; zero: only who knows its id
	From  netip.Prefix    // the network it was sent from, by which TellerConfig.Places counts it
}

// OrderID names an order: 128 random bits as 22 characters of the URL-safe base64 alphabet. Whoever
// knows it may see the order, so it is a secret: it is never logged.
type OrderID string

// OrderStatus says what became of an order.
type OrderStatus string

// An order is confirmed when it is made, and may be cancelled once.
const (
	Confirmed OrderStatus = "confirmed"
	Cancelled OrderStatus = "cancelled"
)

// Order is what was sold at once, with the words and prices of that moment.
type Order struct {
	ID        OrderID
	CreatedAt time.Time
	Total     inventory.Cents
	Status    OrderStatus
	Buyer     ShopperID   // who sent the form; zero for orders that are older than this field
	Lines     []OrderLine // by item
}

// Purchased names the order that holds a line, and who bought it.
type Purchased struct {
	Order OrderID
	Buyer ShopperID
}

// OrderLine is one pair that was sold.
type OrderLine struct {
	LineID       LineID
	Item         inventory.ItemID
	Product      inventory.ProductID
	SKU          string
	Size         string
	Brand        string
	Name         string
	Color        string
	MainImageURL string
	Price        inventory.Cents
}

// orderKey is an order's id as the database has it.
type orderKey [16]byte

// newOrderKey makes an id that cannot be guessed. One that begins like a flag would be hard to name
// at a command line.
func newOrderKey() orderKey {
	for {
		var key orderKey
		_, _ = rand.Read(key[:]) // never fails: crypto/rand ends the process instead
		if key.id()[0] != '-' {
			return key
		}
	}
}

func (k orderKey) id() OrderID { return OrderID(base64.RawURLEncoding.EncodeToString(k[:])) }

// key tells whether the text can be an order's id at all, and which.
func (id OrderID) key() (orderKey, bool) {
	var line LineID // the same 128 bits in the same letters
	err := line.UnmarshalText([]byte(id))
	return orderKey(line), err == nil
}
