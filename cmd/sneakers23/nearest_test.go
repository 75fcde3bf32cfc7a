package main

import "testing"

func TestNearest(t *testing.T) {
	t.Parallel()
	names := []string{
		"serve", "seed", "sell", "products", "release", "restock", "restore", "rehearse", "orders", "nodes", "migrate",
		"version",
	}
	for word, want := range map[string]string{
		"prodcuts": "products",
		"product":  "products",
		"PRODUCTS": "products",
		"relase":   "release",
		"order":    "orders",
		"oders":    "orders",
		"restok":   "restock",
		"resotre":  "restore",
		"srve":     "serve",
		"prod":     "products", // not written to its end
		"re":       "",         // may be four
		"x":        "",
		"":         "",
		"dance":    "",
		"checkout": "",
		"größe":    "",
	} {
		if got, ok := nearest(word, names); got != want || ok != (want != "") {
			t.Errorf("%q is taken for %q, %v; want %q", word, got, ok, want)
		}
	}
}
