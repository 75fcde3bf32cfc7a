package e2e

import (
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"sneakers23/app/postgres/pgtest"
	"sneakers23/app/waittest"
	"sneakers23/checkout"
)

const takesNoOrders = "the database commits nothing, so nothing can be sold"

// becomesUnready waits until the node says that nothing can be sold. The test must try to buy
// meanwhile.
func (s *shop) becomesUnready() {
	s.t.Helper()
	waittest.Until(s.t, "the node says that nothing can be sold", func() bool {
		status, body := s.get("/readyz")
		return status == http.StatusServiceUnavailable && strings.Contains(body, takesNoOrders)
	})
}

// becomesReady waits until the node has found out by itself that it can sell.
func (s *shop) becomesReady() {
	s.t.Helper()
	waittest.Until(s.t, "the node is ready again", func() bool {
		status, _ := s.get("/readyz")
		return status == http.StatusOK
	})
}

// TestCommitsFail lets the database refuse orders as it does on a full disk. The node is not ready,
// and finds out by itself, without a buyer, when the database takes orders again.
func TestCommitsFail(t *testing.T) {
	t.Parallel()
	s := freshShopWith(t, shelf{released: true, pairs: map[int]int{1: 5}})
	buyer := newCustomer(t, s.URL)
	buyer.add(1)
	s.sql(`CREATE FUNCTION no_space() RETURNS trigger LANGUAGE plpgsql AS $$
			BEGIN RAISE EXCEPTION 'could not extend file: No space left on device' USING ERRCODE = 'disk_full'; END $$;
		CREATE TRIGGER no_space BEFORE INSERT ON order_lines EXECUTE FUNCTION no_space()`)
	if status, _ := s.get("/readyz"); status != http.StatusOK {
		t.Errorf("before anybody has tried to buy: %d", status)
	}
	form, answered := buyer.purchase(), make(chan string, 1)
	go func() {
		p, err := buyer.send("/checkout", form)
		if err != nil {
			t.Error(err)
		}
		answered <- p.order()
	}()
	s.becomesUnready()
	if id := waittest.Receive(t, "the buyer's answer", answered); id != "" {
		t.Error("the buyer was told of an order")
	}
	if status, _ := s.get("/"); status != http.StatusOK {
		t.Errorf("the page meanwhile: %d", status)
	}
	s.sql(`DROP TRIGGER no_space ON order_lines`)
	s.becomesReady()
	if id := buyer.post("/checkout", buyer.purchase()).order(); id == "" {
		t.Error("nothing is sold")
	}
	if n := len(s.orders()); n != 1 {
		t.Errorf("there are %d orders, want the buyer's", n)
	}
}

// TestFullDisk fills the disk under a node's private database, and makes room again.
func TestFullDisk(t *testing.T) {
	t.Parallel()
	disk := filepath.Join(pgtest.DataDir(t), "disk")
	if err := os.Mkdir(disk, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mount("tmpfs", disk, "tmpfs", 0, "size=160m,mode=755"); errors.Is(err, syscall.EPERM) {
		t.Skip("SKIPPED: to mount a small disk takes root's rights")
	} else if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(disk, syscall.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	s := &shop{t: t, dataDir: filepath.Join(disk, "data"), secret: sharedSecret}
	s.start()
	s.run("release", "SHU6000")
	s.run("restock", "SHU6001", "100000", "--yes")
	tokens, err := checkout.NewTokens([]string{sharedSecret})
	if err != nil {
		t.Fatal(err)
	}
	b := &buyers{t: t, tokens: tokens, url: s.URL, client: &http.Client{
		Timeout:       waittest.Limit(),
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
	filler := filepath.Join(disk, "filler")
	if err := fillDisk(filler); err != nil {
		t.Fatal(err)
	}
	done, ended := make(chan struct{}), make(chan struct{})
	go func() { // what is free in the pages of the tables is sold
		defer close(ended)
		for {
			select {
			case <-done:
				return
			default:
			}
			b.send(b.form(1))
		}
	}()
	s.becomesUnready()
	close(done)
	waittest.Done(t, "the last buyer's answer", ended)
	if err := os.Remove(filler); err != nil {
		t.Fatal(err)
	}
	s.becomesReady()
	if why := b.send(b.form(1)); why != "" {
		t.Errorf("nothing is sold: %s", why)
	}
}

// fillDisk writes until there is no room.
func fillDisk(name string) error {
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	defer f.Close()
	for _, piece := range []int{1 << 20, 1 << 12} {
		for err == nil {
			_, err = f.Write(make([]byte, piece))
		}
		if !errors.Is(err, syscall.ENOSPC) {
			return err
		}
		err = nil
	}
	return nil
}
