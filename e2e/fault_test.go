package e2e

import (
	"bufio"
	"context"
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"sneakers23/app/postgres"
	"sneakers23/app/postgres/pgtest"
	"sneakers23/app/waittest"
	"sneakers23/migrations"
)

// stock is what the command line says of the items, by SKU.
func (s *shop) stock() map[string]item {
	s.t.Helper()
	var products []struct {
		Items []item `json:"items"`
	}
	if err := json.Unmarshal([]byte(s.run("products", "--json")), &products); err != nil {
		s.t.Fatal(err)
	}
	all := map[string]item{}
	for _, p := range products {
		for _, it := range p.Items {
			all[it.SKU] = it
		}
	}
	return all
}

type item struct {
	ID        int    `json:"id"`
	SKU       string `json:"sku"`
	Size      string `json:"size"`
	Available int    `json:"available_count"`
	Sold      int    `json:"sold_count"`
	Level     string `json:"level"`
}

// privateURL is the address of the node's private database, as its greeting tells it.
func (s *shop) privateURL() string {
	return "postgres://sneakers23@/sneakers23?host=" + filepath.Join(s.dataDir, "postgres")
}

// truth reads the stock from the database, and checks that the movements add up to it.
func truth(t testing.TB, url string) map[string]item {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	rows, err := conn.Query(t.Context(), `
		SELECT i.sku, a.available_count, a.sold_count,
			coalesce(sum(m.available_delta), 0), coalesce(sum(m.sold_delta), 0)
		FROM items i JOIN item_availabilities a ON a.item_id = i.id LEFT JOIN stock_movements m ON m.item_id = i.id
		GROUP BY 1, 2, 3`)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	all := map[string]item{}
	for rows.Next() {
		var (
			it                 item
			movedIn, movedSold int
		)
		if err := rows.Scan(&it.SKU, &it.Available, &it.Sold, &movedIn, &movedSold); err != nil {
			t.Fatal(err)
		}
		if movedIn != it.Available || movedSold != it.Sold {
			t.Errorf("%s has %d available and %d sold, its movements say %d and %d",
				it.SKU, it.Available, it.Sold, movedIn, movedSold)
		}
		all[it.SKU] = it
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return all
}

// postmaster is the process of the private database.
func (s *shop) postmaster() int {
	s.t.Helper()
	return postmasterOf(s.t, filepath.Join(s.dataDir, "postgres"))
}

func TestKilledInTheMiddleOfSell(t *testing.T) {
	t.Parallel()
	s := newPrivateShop(t)
	s.run("release", "SHU6000")
	s.run("release", "SHU6100")
	type result struct {
		out, errOut string
		code        int
	}
	sold := make(chan result, 1)
	go func() {
		// hundreds of ticks
		out, errOut, code := s.try("sell", "--yes", "--unreleased", "--per-tick", "1", "--every", "10ms")
		sold <- result{out, errOut, code}
	}()
	waittest.Until(t, "something is sold", func() bool {
		for _, it := range s.stock() {
			if it.Sold > 0 {
				return true
			}
		}
		return false
	})
	s.kill()
	killed := time.Now()
	r := <-sold
	t.Logf("sell noticed after %v: %s", time.Since(killed).Round(time.Millisecond), strings.TrimSpace(r.errOut))
	if r.code != 1 || !strings.Contains(r.errOut, "did not answer") {
		t.Errorf("sell ended with %d: %s%s", r.code, r.out, r.errOut)
	}
	if _, errOut, code := s.try("products"); code != 1 || !strings.Contains(errOut, "sneakers23 serve") {
		t.Errorf("without a node: exit code %d: %s", code, errOut)
	}
	orphan := s.postmaster()
	s.start()
	if pid := s.postmaster(); pid != orphan {
		t.Logf("the database has a new process: %d after %d", pid, orphan)
	}
	v := newVisitor(t, s.URL)
	says := s.stock()
	for sku, want := range truth(t, s.privateURL()) {
		got := says[sku]
		if got.Available != want.Available || got.Sold != want.Sold {
			t.Errorf("%s: the node says %d and %d, the database %d and %d",
				sku, got.Available, got.Sold, want.Available, want.Sold)
		}
	}
	for id := 1; id <= 26; id++ {
		sku := skuOf(id)
		v.wait(sizeAt(id, says[sku].Level))
	}
	s.run("sell", "--yes", "--unreleased", "--per-tick", "1000", "--every", "0s")
	for sku, it := range truth(t, s.privateURL()) {
		if it.Available != 0 {
			t.Errorf("%s has %d pairs left", sku, it.Available)
		}
	}
}

// TestNodeOutlivesItsTerminal: a node stops in order when its terminal is closed, and its output is
// no longer read.
func TestNodeOutlivesItsTerminal(t *testing.T) {
	t.Parallel()
	s := &shop{t: t, dataDir: pgtest.DataDir(t)}
	cmd := s.command("serve", "--listen", "127.0.0.1:0", "--log-level", "debug")
	reader, writer, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stdout, cmd.Stderr = writer, writer
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- cmd.Wait() }()
	t.Cleanup(func() { _ = cmd.Process.Kill() })
	writer.Close()
	for lines := bufio.NewScanner(reader); lines.Scan() && !strings.Contains(lines.Text(), "Ctrl-C"); {
	}
	reader.Close()
	pid := s.postmaster()
	if err := cmd.Process.Signal(syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	select {
	case err := <-done:
		if err != nil {
			t.Errorf("the node ended with %v", err)
		}
	case <-time.After(waittest.Limit()):
		t.Fatal("the node did not end")
	}
	if err := syscall.Kill(pid, 0); err == nil {
		t.Error("its database still runs")
	}
}

// ready asks the node whether it should be sent shoppers.
func (s *shop) ready() (bool, string) {
	status, body := s.get("/readyz")
	return status == http.StatusOK, body
}

func TestPrivateDatabaseDies(t *testing.T) {
	t.Parallel()
	s := newPrivateShop(t)
	s.run("release", "SHU6000")
	v := newVisitor(t, s.URL)
	if err := syscall.Kill(s.postmaster(), syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	waittest.Until(t, "the node notices", func() bool {
		ok, _ := s.ready()
		return !ok || strings.Contains(s.log.String(), "starting it again")
	})
	if status, body := s.get("/"); status != http.StatusOK || !strings.Contains(body, "Hop Man 3") {
		t.Errorf("page without a database: %d", status)
	}
	waittest.Until(t, "the node is ready again", func() bool { ok, _ := s.ready(); return ok })
	s.run("release", "SHU6100")
	v.wait(`[data-product-id="2"] form.size-container`)
}

func TestNamedDatabaseStops(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	start := func(dir string) *postgres.Server {
		t.Helper()
		db, err := postgres.Start(ctx, postgres.Config{
			Dir: dir, Root: "..", BinDir: os.Getenv("PG_BINDIR"), DieWithParent: true,
		})
		if err != nil {
			t.Fatal(err)
		}
		return db
	}
	dir := pgtest.DataDir(t)
	db := start(dir)
	t.Cleanup(func() { _ = db.Stop(ctx) })
	s := &shop{t: t, dataDir: t.TempDir(), database: db.URL()}
	if _, err := migrations.Up(ctx, s.database); err != nil {
		t.Fatal(err)
	}
	s.start("--seed")
	s.run("release", "SHU6000")
	v := newVisitor(t, s.URL)
	if err := db.Stop(ctx); err != nil {
		t.Fatal(err)
	}
	waittest.Until(t, "the node is not ready", func() bool {
		ok, why := s.ready()
		if !ok && !strings.Contains(why, "the database does not answer") {
			t.Errorf("readyz says %s", why)
		}
		return !ok
	})
	if status, body := s.get("/products/SHU6000"); status != http.StatusOK ||
		!strings.Contains(body, "size-container") {
		t.Errorf("page without a database: %d", status)
	}
	if status, _ := s.get("/healthz"); status != http.StatusOK {
		t.Errorf("healthz without a database: %d", status)
	}
	if _, errOut, code := s.try("release", "SHU6100"); code != 1 || errOut == "" {
		t.Errorf("release without a database: exit code %d: %s", code, errOut)
	} else {
		t.Logf("release without a database says: %s", strings.TrimSpace(errOut))
	}
	db = start(dir)
	waittest.Until(t, "the node is ready again", func() bool { ok, _ := s.ready(); return ok })
	s.run("release", "SHU6100")
	v.wait(`[data-product-id="2"] form.size-container`)
}
