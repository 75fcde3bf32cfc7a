// Package ledgertest starts committers for the tests of other packages.
package ledgertest

import (
	"context"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"

	"sneakers23/app/waittest"
	"sneakers23/checkout/ledger"
	"sneakers23/inventory"
)

// Start starts a committer without a catalog, which nothing learns of. It ends with the test.
func Start(t testing.TB, pool *pgxpool.Pool) *ledger.Committer {
	t.Helper()
	c := ledger.New(ledger.Config{
		Pool: pool, Inventory: noInventory{}, Patience: waittest.Limit(), MaxWait: waittest.Limit(),
	})
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1) // buffer 1: it ends whether or not the test waits
	go func() { ended <- c.Serve(ctx) }()
	t.Cleanup(func() { cancel(); <-ended })
	return c
}

// noInventory has an empty catalog.
type noInventory struct{}

func (noInventory) Catalog() *inventory.Catalog {
	return inventory.NewCatalog(inventory.Rows{}, inventory.DefaultThresholds)
}
func (noInventory) Committed(context.Context, ...inventory.Change) error { return nil }

func (noInventory) Reread(context.Context, ...inventory.ProductID) error { return nil }
