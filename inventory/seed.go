package inventory

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strconv"

	"github.com/jackc/pgx/v5"
)

// seeds are the products of a new store. Their items are the sizes from 6 to 12 in halves.
var seeds = []struct {
	ProductRow
	firstItem int // number in the SKU of size 6
}{
	{ProductRow{
		SKU: "SHU6000", Order: 0, Brand: "Snks 23", Name: "Hop Man 3", Color: "yellow/blue", Price: 120_00,
		MainImageURL: "/assets/images/hop-man-3.svg",
	}, 6001},
	{ProductRow{
		SKU: "SHU6100", Order: 1, Brand: "Asler", Name: "Breezy Boost 600", Color: "momentum", Price: 140_00,
		MainImageURL: "/assets/images/breezy-boost-600.svg",
	}, 6101},
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
		if _, err := tx.Exec(ctx, `SET LOCAL sneakers23.unsaid = 'on'`); err != nil { // the first pairs are no news
			return err
		}
		return insertSeeds(ctx, tx)
	})
	if err != nil {
		return false, fmt.Errorf("seed: %w", err)
	}
	return seeded, nil
}

func insertSeeds(ctx context.Context, tx pgx.Tx) error {
	for _, p := range seeds {
		err := tx.QueryRow(ctx, `
			INSERT INTO products (sku, "order", brand, name, color, price_cents, main_image_url)
			VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING id`,
			p.SKU, p.Order, p.Brand, p.Name, p.Color, p.Price, p.MainImageURL).Scan(&p.ID)
		if err != nil {
			return err
		}
		b := &pgx.Batch{}
		for i, count := range randomStock(13) {
			queueItem(ctx, b, p.ID, SizeDetails{
				SKU: "SHU" + strconv.Itoa(p.firstItem+i), Size: strconv.FormatFloat(6+float64(i)/2, 'f', -1, 64), Stock: count,
			})
		}
		if err := tx.SendBatch(ctx, b).Close(); err != nil {
			return err
		}
	}
	return nil
}

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
