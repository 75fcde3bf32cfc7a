package app

import (
	"context"
	"time"

	"sneakers23/inventory"
)

// openWithin bounds the opening of a drop, so that one whose sizes are held does not keep others
// waiting, and the announcement after it.
const openWithin = 5 * time.Second

// openDrop opens a drop that is due, and tells the other nodes what it has released and announced.
// If that fails, they find out by themselves, as after any other lost message.
func (n *Node) openDrop(ctx context.Context, d inventory.Drop) error {
	opening, cancel := context.WithTimeout(ctx, openWithin)
	defer cancel()
	opened, err := n.ledger.OpenDrop(opening, d)
	if err != nil || !opened {
		return err
	}
	n.log.Info("a drop opens", "drop", d.ID, "products", len(d.Releases), "sizes", len(d.Restocks))
	announcing, cancel := context.WithTimeout(context.WithoutCancel(ctx), openWithin)
	defer cancel()
	if err := n.stock.Announce(announcing, d.Releases...); err != nil {
		n.log.Warn("a drop is open, and shows when the catalog is compared with the database", "drop", d.ID, "err", err)
	}
	n.showBanner(ctx, d)
	return nil
}

// showBanner lets all nodes show the banner of a drop that has opened.
func (n *Node) showBanner(ctx context.Context, d inventory.Drop) {
	if d.Announces == "" {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), openWithin)
	defer cancel()
	if _, err := n.front.Reread(ctx); err != nil {
		n.log.Warn("the banner of a drop shows when settings are next compared", "drop", d.ID, "err", err)
	}
}
