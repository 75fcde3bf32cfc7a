package app

import (
	"context"
	"log/slog"

	"sneakers23/inventory"
)

// returns logs at every node when pairs come back that were sold. It watches the catalog, so it is
// called by the inventory's dispatcher alone.
type returns struct {
	log  *slog.Logger
	sold map[inventory.ItemID]int // as last seen
}

func newReturns(log *slog.Logger) *returns {
	return &returns{log, make(map[inventory.ItemID]int)}
}

// Watch compares with what was sold before. All that a notice tells of is one line.
func (r *returns) Watch(_ context.Context, n inventory.Notice) {
	items, pairs, who := 0, 0, ""
	for _, id := range n.Items {
		it, _, ok := n.Catalog.Item(id)
		if !ok {
			delete(r.sold, id)
			continue
		}
		if back := r.sold[id] - it.Sold; back > 0 {
			items++
			pairs += back
			who = n.Actors.Item(id)
		}
		r.sold[id] = it.Sold
	}
	if pairs > 0 {
		r.log.Info("sold pairs are back: an order was cancelled, or a backup restored",
			"pairs", pairs, "items", items, "who", who)
	}
}
