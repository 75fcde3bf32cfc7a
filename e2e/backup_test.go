package e2e

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"sneakers23/app/postgres/pgtest"
	"sneakers23/app/waittest"
)

// TestBackupAndRestore backs a shop up while it sells, and restores it while two nodes run: both
// show the old stock again, and their open pages too.
func TestBackupAndRestore(t *testing.T) {
	t.Parallel()
	s := freshShopWith(t, shelf{released: true, empty: true, pairs: map[int]int{1: 5, 15: 1000}})
	other := s.another()
	buyer := newCustomer(t, s.URL)
	buyer.add(1)
	id := buyer.post("/checkout", buyer.purchase()).order()
	if id == "" {
		t.Fatal("nothing was bought")
	}
	file := filepath.Join(t.TempDir(), "shop.backup")
	t.Log(strings.TrimSpace(s.run("backup", file)))
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the file: %v, %v, want mode 0600", info.Mode(), err)
	}
	if _, errOut, code := s.try("backup", file); code != 1 || !strings.Contains(errOut, "--force") {
		t.Errorf("a second backup to the same file: exit code %d: %s", code, errOut)
	}
	victim, link := filepath.Join(t.TempDir(), "victim"), file+".link"
	if err := errors.Join(os.WriteFile(victim, []byte("unharmed"), 0o644), os.Symlink(victim, link)); err != nil {
		t.Fatal(err)
	}
	s.run("backup", "--force", link)
	if text, err := os.ReadFile(victim); err != nil || string(text) != "unharmed" {
		t.Errorf("a backup followed a link: %v", err)
	}
	if info, err := os.Lstat(link); err != nil || info.Mode() != 0o600 {
		t.Errorf("the backup in place of a link: %v, %v", info.Mode(), err)
	}
	before := truth(t, s.database)
	late := newCustomer(t, s.URL)
	late.add(1)
	if late.post("/checkout", late.purchase()).order() == "" {
		t.Fatal("nothing was bought after the backup")
	}
	v := newVisitor(t, other.URL)
	s.run("sell", "--yes", "--unreleased", "--per-tick", "1000", "--every", "0s")
	v.wait(`button[value="1"].size-container__entry--level-out`)
	if _, errOut, code := s.try("restore", file); code != 2 || !strings.Contains(errOut, "--yes") {
		t.Errorf("restore without an answer: exit code %d: %s", code, errOut)
	}
	t.Log(strings.TrimSpace(s.run("restore", "--yes", file)))
	restored := time.Now()
	v.wait(`button[value="1"].size-container__entry--level-low`)
	for _, node := range []*shop{s, other} {
		waittest.Until(t, "a node shows what was restored", func() bool { return sameStock(node.stock(), before) })
		if n := strings.Count(node.log.String(), "the store was restored from a backup"); n != 1 {
			t.Errorf("a node has logged the restore %d times:\n%s", n, node.log)
		}
	}
	t.Logf("both nodes show it %v after it was restored", time.Since(restored).Round(time.Millisecond))
	s.ordered("1")
	if orders := s.orders(); len(orders) != 1 || orders[0].ID != id {
		t.Errorf("the orders are %+v, want the one before the backup", orders)
	}
	if p := buyer.get("/orders/" + id); p.status != 200 {
		t.Errorf("its page: %d", p.status)
	}
	s.run("sell", "--yes", "--unreleased", "--per-tick", "1000", "--every", "0s") // revisions go on
	v.wait(`button[value="1"].size-container__entry--level-out`)

	fresh := &shop{t: t, dataDir: t.TempDir(), database: pgtest.URL(t), secret: sharedSecret}
	fresh.run("restore", "--yes", file)
	if got := truth(t, fresh.database); !sameStock(got, before) {
		t.Errorf("a fresh database holds %+v", got)
	}
	if _, errOut, code := fresh.try("restore", "--yes", "README.md"); code != 1 ||
		!strings.Contains(errOut, "no backup") {
		t.Errorf("restore what is no backup: exit code %d: %s", code, errOut)
	}
}
