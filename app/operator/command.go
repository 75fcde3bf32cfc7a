package operator

import (
	"cmp"
	"time"

	"sneakers23/inventory"
)

// The commands that a node takes over NATS. Each is a subject behind that of the node; request and
// reply are JSON.
const (
	commandProducts  = "products"
	commandDetails   = "details"
	commandSave      = "save"
	commandPictures  = "pictures"
	commandPart      = "picture_part"
	commandRendition = "rendition"
	commandShop      = "shop"
	commandShopSet   = "shop_set"
	commandPage      = "page"
	commandPageSave  = "page_save"
	commandRelease   = "release"
	commandPause     = "pause"
	commandDrops     = "drops"
	commandPlan      = "drop_plan"
	commandChange    = "drop_change"
	commandRestock   = "restock"
	commandSell      = "sell"
	commandSeed      = "seed"
	commandSeedMore  = "seed_more"
	commandOrders    = "orders"
	commandOrder     = "order"
	commandCancel    = "cancel"
	commandNodes     = "nodes"
	commandCarts     = "carts"
	commandCorrect   = "correct"
	commandAudit     = "audit"

	commandDevices      = "devices"
	commandDeviceAdd    = "device_add"
	commandDeviceRevoke = "device_revoke"
	commandDeviceLogs   = "device_logs"
	commandDeviceVars   = "device_vars"
	commandDeviceSet    = "device_set"
	commandDeviceUnset  = "device_unset"
)

// reply is what comes back for a command: a result, or words for the operator.
type reply[T any] struct {
	Result T      `json:"result"`
	Error  string `json:"error,omitempty"`
	Asks   string `json:"asks,omitempty"` // see Question; Error has the same words for a client that knows no questions
}

// none is the request or the result of a command that has none.
type none struct{}

// Product is a product as the command line lists it.
type Product struct {
	ID        inventory.ProductID `json:"id"`
	SKU       string              `json:"sku"`
	Order     int                 `json:"order"`
	Brand     string              `json:"brand"`
	Name      string              `json:"name"`
	Color     string              `json:"color"`
	Price     inventory.Cents     `json:"price_usd"`
	State     inventory.State     `json:"state"`
	Released  bool                `json:"released"`
	ReleaseAt *time.Time          `json:"release_at,omitempty"`
	Paused    inventory.Pause     `json:"paused,omitempty"`
	Items     []Item              `json:"items"`
}

// Item is an item as the command line lists it.
type Item struct {
	ID        inventory.ItemID `json:"id"`
	SKU       string           `json:"sku"`
	Size      string           `json:"size"`
	Available int              `json:"available_count"`
	Sold      int              `json:"sold_count"`
	Level     inventory.Level  `json:"level"`
	Frozen    bool             `json:"frozen,omitempty"` // sold no more until its count is corrected
}

// ReleaseRequest names a product by SKU or id, and a time when it is not now. At most one of At,
// Undo and CallOff is set.
type ReleaseRequest struct {
	Product string     `json:"product"`
	At      *time.Time `json:"at,omitempty"`
	Undo    bool       `json:"undo,omitempty"`     // take the release back, while nothing of the product is sold
	CallOff bool       `json:"call_off,omitempty"` // forget when it was to be released
	Sure    bool       `json:"sure,omitempty"`     // a Question was answered
}

// Everywhere tells which live nodes did not show a change within 5 s, by name. They take it from
// the database.
type Everywhere struct {
	Missing []string `json:"not_shown_by,omitempty"`
}

// Released is what a release did. Already says that it was released before.
type Released struct {
	SKU       string     `json:"sku"`
	Name      string     `json:"name"`
	Released  bool       `json:"released"`
	Already   bool       `json:"already_released"`
	At        *time.Time `json:"at,omitempty"`
	Undone    bool       `json:"undone,omitempty"`
	CalledOff bool       `json:"called_off,omitempty"`
	Everywhere
}

// PauseRequest names a product by SKU or id, or nothing for the whole shop.
type PauseRequest struct {
	Product string `json:"product,omitempty"`
	Resume  bool   `json:"resume,omitempty"` // sell again
}

// Paused tells which products were paused or resumed, by SKU. The others were so before.
type Paused struct {
	Products []string `json:"products"`
	Everywhere
}

// RestockRequest names an item by SKU or id, and how many pairs come.
type RestockRequest struct {
	Item  string `json:"item"`
	Count int    `json:"count"`
	Sure  bool   `json:"sure,omitempty"` // a Question was answered
}

// Restocked is what a restock did.
type Restocked struct {
	SKU       string          `json:"sku"`
	Size      string          `json:"size"`
	Added     int             `json:"added"`
	Available int             `json:"available_count"`
	Level     inventory.Level `json:"level"`
	Everywhere
}

// CorrectRequest names an item by SKU or id, how many pairs more or fewer there are than was
// thought, and why.
type CorrectRequest struct {
	Item string `json:"item"`
	By   int    `json:"by"`
	Why  string `json:"why"`
}

// Corrected is what a correction did.
type Corrected struct {
	SKU       string          `json:"sku"`
	Size      string          `json:"size"`
	By        int             `json:"by"`
	Why       string          `json:"why"`
	Available int             `json:"available_count"`
	Level     inventory.Level `json:"level"`
	Everywhere
}

// SellRequest asks for that many pairs to be sold, of items chosen by chance. 0 sells none, and
// tells how many there are.
type SellRequest struct {
	Count      int  `json:"count"`
	Unreleased bool `json:"unreleased,omitempty"` // also of products that are not released
}

// MaxSell is the most pairs of one SellRequest.
const MaxSell = 1000

// Sold is what a SellRequest sold. It is less than was asked for if nothing is left, or if others
// sell at the same time and it takes too long to find the rest.
type Sold struct {
	Sold    int      `json:"sold"`
	Left    int      `json:"left"`     // pairs of all items together that may be sold
	Hidden  int      `json:"hidden"`   // pairs of products that are not released, unless they may be sold too
	Orders  int      `json:"orders"`   // that were made and not cancelled; told when none is to be sold
	SoldOut []string `json:"sold_out"` // SKUs of the items whose last pair was among them
	Everywhere
}

func viewProducts(c *inventory.Catalog) []Product {
	products := make([]Product, 0, c.Len())
	for p := range c.Products() {
		view := Product{
			ID: p.ID, SKU: p.SKU, Order: p.Order, Brand: p.Brand, Name: p.Name, Color: p.Color, Price: p.Price,
			State: cmp.Or(p.State, inventory.Live), Released: p.Released, ReleaseAt: p.ReleaseAt, Paused: p.Paused,
			Items: make([]Item, 0, len(p.Items)),
		}
		for _, it := range p.Items {
			view.Items = append(view.Items, Item{
				ID: it.ID, SKU: it.SKU, Size: it.Size, Available: it.Available, Sold: it.Sold, Level: it.Level,
				Frozen: it.Frozen,
			})
		}
		products = append(products, view)
	}
	return products
}
