package e2e

import (
	"context"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"sneakers23/app/postgres"
	"sneakers23/app/postgres/pgtest"
	"sneakers23/app/waittest"
	"sneakers23/migrations"
)

// TestDatabaseRestartsUnderLoad stops the database of a cluster, and kills it, while 50 buyers a
// second come. No confirmed order is lost, and all nodes sell again by themselves.
func TestDatabaseRestartsUnderLoad(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	dir := pgtest.DataDir(t)
	start := func() *postgres.Server {
		t.Helper()
		db, err := postgres.Start(ctx, postgres.Config{
			Dir: dir, Root: "..", BinDir: os.Getenv("PG_BINDIR"), DieWithParent: true,
		})
		if err != nil {
			t.Fatal(err)
		}
		return db
	}
	db := start()
	t.Cleanup(func() { _ = db.Stop(ctx) })
	if _, err := migrations.Up(ctx, db.URL()); err != nil {
		t.Fatal(err)
	}
	cluster := fill(newClusterOn(t, db.URL(), 3), map[int]int{1: 1_000_000})
	balancer := newBalancer(t, cluster)
	soldBefore := truth(t, db.URL())[skuOf(1)].Sold
	buyers := newBuyers(t, balancer, 50, 100)
	sells := func(n int64) {
		t.Helper()
		waittest.Until(t, "orders are made", func() bool { return buyers.bought.Load() >= n })
	}
	ready := func() {
		t.Helper()
		back := time.Now()
		for _, s := range cluster {
			waittest.Until(t, s.name+" is ready", func() bool { return s.readiness() == 200 })
		}
		sells(buyers.bought.Load() + 100)
		t.Logf("all nodes sell again %v after the database is back", time.Since(back))
	}
	sells(100)
	if err := db.Stop(ctx); err != nil {
		t.Fatal(err)
	}
	waittest.Until(t, "a node is not ready", func() bool { return cluster[0].readiness() == 503 })
	db = start()
	ready()

	if err := syscall.Kill(postmasterOf(t, filepath.Join(dir, "postgres")), syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	waittest.Until(t, "a node is not ready", func() bool { return cluster[0].readiness() == 503 })
	if err := db.Ensure(ctx); err != nil { // as whoever runs it does
		t.Fatal(err)
	}
	ready()
	buyers.stop()
	bought := buyers.bought.Load()
	if sold := truth(t, db.URL())[skuOf(1)].Sold - soldBefore; int64(sold) != bought {
		t.Errorf("%d pairs are sold, %d buyers were told so", sold, bought)
	}
	t.Logf("%d bought, %d after more than one try", bought, buyers.again.Load())
	agree(t, cluster)
}

// postmasterOf is the process of a database.
func postmasterOf(t testing.TB, dir string) int {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(dir, "postmaster.pid"))
	if err != nil {
		t.Fatal(err)
	}
	first, _, _ := strings.Cut(string(b), "\n")
	pid, err := strconv.Atoi(first)
	if err != nil {
		t.Fatal(err)
	}
	return pid
}
