package inventory

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"

	"github.com/jackc/pgx/v5"
)

// seed is a product of a new store.
type seed struct {
	ProductRow
	firstItem int           // number in the SKU of its first size
	sizes     []SizeDetails // without SKU and stock
}

// seeds are the products of a new store. Their items are the sizes from 6 to 12 in halves.
var seeds = []seed{
	{ProductRow{
		SKU: "SHU6000", Order: 0, Brand: "Snks 23", Name: "Hop Man 3", Color: "yellow/blue", Price: 120_00,
		MainImageURL: "/assets/images/hop-man-3.svg",
	}, 6001, usSizes(6, 12, 0.5)},
	{ProductRow{
		SKU: "SHU6100", Order: 1, Brand: "Asler", Name: "Breezy Boost 600", Color: "momentum", Price: 140_00,
		MainImageURL: "/assets/images/breezy-boost-600.svg",
	}, 6101, usSizes(6, 12, 0.5)},
}

// Seed fills an empty store with two products in random stock, and tells whether it did. A store
// that has products is left alone. Several nodes may call it at once: one of them does it.
func (s *Store) Seed(ctx context.Context) (bool, error) {
	seeded := false
	err := pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		// The lock goes with the transaction, and the one who waited for it sees what the other has
		// put in.
		if _, err := tx.Exec(ctx, `LOCK TABLE products IN EXCLUSIVE MODE`); err != nil {
			return err
		}
		var full bool
		if err := tx.QueryRow(ctx, `SELECT EXISTS (SELECT FROM products)`).Scan(&full); err != nil || full {
			return err
		}
		seeded = true
		if err := unsaid(ctx, tx, true); err != nil { // the first pairs are no news
			return err
		}
		return insertSeeds(ctx, tx, seeds)
	})
	if err != nil {
		return false, fmt.Errorf("seed: %w", err)
	}
	return seeded, nil
}

// Seeded is what [Store.SeedMore] did.
type Seeded struct {
	Added []string `json:"added"` // SKUs of the products that it put in
	Own   bool     `json:"own"`   // nothing was put in, since the store has products of its own
}

// SeedMore puts the products of Seed and four more into a store, as far as they are missing. It
// changes no product that is there, and adds nothing to a store that has others. Several nodes may
// call it at once.
//
// It takes the locks of Save in the same order, so it can run while the store sells.
func (s *Store) SeedMore(ctx context.Context) (Seeded, error) {
	done := Seeded{Added: []string{}}
	err := pgx.BeginTxFunc(ctx, s.pool, pgx.TxOptions{IsoLevel: pgx.ReadCommitted}, func(tx pgx.Tx) error {
		if err := sign(ctx, tx); err != nil {
			return err
		}
		if err := lockEdits(ctx, tx); err != nil {
			return err
		}
		rows, _ := tx.Query(ctx, `SELECT sku FROM products`)
		there, err := pgx.CollectRows(rows, pgx.RowTo[string])
		if err != nil {
			return err
		}
		missing := slices.Concat(seeds, moreSeeds)
		for _, sku := range there {
			before := len(missing)
			missing = slices.DeleteFunc(missing, func(p seed) bool { return p.SKU == sku })
			if done.Own = len(missing) == before; done.Own {
				return nil
			}
		}
		for _, p := range missing {
			done.Added = append(done.Added, p.SKU)
		}
		if err := unsaid(ctx, tx, len(there) == 0); err != nil {
			return err
		}
		return insertSeeds(ctx, tx, missing)
	})
	if err != nil {
		return Seeded{}, fmt.Errorf("seed more: %w", err)
	}
	return done, nil
}

// unsaid says whether the dashboards hear nothing of what the transaction creates from here on.
func unsaid(ctx context.Context, tx pgx.Tx, on bool) error {
	value := "off"
	if on {
		value = "on"
	}
	_, err := tx.Exec(ctx, `SELECT set_config('sneakers23.unsaid', $1, true)`, value)
	return err
}

// insertSeeds inserts products with their items. These are no events of their own.
func insertSeeds(ctx context.Context, tx pgx.Tx, products []seed) error {
	products = slices.Clone(products) // they get ids
	for i := range products {
		p := &products[i].ProductRow
		err := tx.QueryRow(ctx, `
			INSERT INTO products (sku, "order", brand, name, color, price_cents, main_image_url, released, story)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) RETURNING id`,
			p.SKU, p.Order, p.Brand, p.Name, p.Color, p.Price, p.MainImageURL, p.Released, p.Story).Scan(&p.ID)
		if err != nil {
			return err
		}
	}
	if err := unsaid(ctx, tx, true); err != nil {
		return err
	}
	b := &pgx.Batch{}
	for _, p := range products {
		stock := randomStock(len(p.sizes))
		for i, size := range p.sizes {
			size.SKU, size.Stock = "SHU"+strconv.Itoa(p.firstItem+i), stock[i]
			queueItem(ctx, b, p.ID, size)
		}
	}
	return tx.SendBatch(ctx, b).Close()
}

// usSizes are sizes of the United States alone.
func usSizes(from, to, step float64) (sizes []SizeDetails) {
	for us := from; us <= to; us += step {
		sizes = append(sizes, SizeDetails{Size: sizeText(us)})
	}
	return sizes
}

func sizeText(size float64) string { return strconv.FormatFloat(size, 'f', -1, 64) }

// randomStock is a count for each of n sizes: some are out, some low, some medium, some high.
func randomStock(n int) []int {
	counts := make([]int, n)
	for i := range counts {
		switch (i + 1) % 4 { // every level is there, whatever chance says
		case 0:
			counts[i] = 0
		case 1:
			counts[i] = 1 + rand.IntN(DefaultThresholds.Medium-1)
		case 2:
			counts[i] = DefaultThresholds.Medium + rand.IntN(DefaultThresholds.High-DefaultThresholds.Medium)
		case 3:
			counts[i] = DefaultThresholds.High + rand.IntN(DefaultThresholds.High)
		}
	}
	rand.Shuffle(n, func(i, j int) { counts[i], counts[j] = counts[j], counts[i] })
	return counts
}
