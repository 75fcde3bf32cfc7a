package checkout

import (
	"errors"
	"time"

	"sneakers23/inventory"
)

// Purchase is what a form asks for.
type Purchase struct {
	Lines []Line
	Total inventory.Cents // what the shopper was shown
}

// OrderID names an order. Who knows it may see the order, so it cannot be guessed, and is never logged.
type OrderID string

// OrderStatus says whether an order stands.
type OrderStatus string

// The statuses of an order.
const (
	OrderConfirmed OrderStatus = "confirmed"
	OrderCancelled OrderStatus = "cancelled" // its pairs are back on the shelf
)

// Order is what was sold, at the prices of that moment.
type Order struct {
	ID        OrderID
	CreatedAt time.Time
	Total     inventory.Cents
	Status    OrderStatus
	Lines     []OrderLine
}

// OrderLine is one pair of an order, described as it was when it was sold.
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

// Why nothing was sold, and that there is no such order.
var (
	ErrEmptyCart    = errors.New("checkout: the cart is empty")
	ErrSoldOut      = errors.New("checkout: something in the cart is sold out")
	ErrNotReleased  = errors.New("checkout: something in the cart is not released")
	ErrPriceChanged = errors.New("checkout: the price has changed")
	ErrNoOrder      = errors.New("checkout: no such order")
)
