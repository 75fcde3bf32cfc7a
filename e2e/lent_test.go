package e2e

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"

	"sneakers23/app/postgres/pgtest"
)

// lent are shops that one test uses after the other: most tests want a shop, and no fresh one.
var lent lending

type lending struct {
	mu   sync.Mutex
	idle []*shop
	all  lasting
}

// newShop is a shop as the seed makes it, perhaps one that another test has used: its node may
// remember the carts and the events of earlier shoppers. A test that minds takes freshShop.
func newShop(t testing.TB) *shop {
	t.Helper()
	return newShopWith(t, shelf{})
}

// newShopWith is newShop with other stock.
func newShopWith(t testing.TB, sh shelf) *shop {
	t.Helper()
	s := lent.idleShop()
	if s == nil {
		s = &shop{dataDir: lent.all.of(t).TempDir(), database: pgtest.URL(lent.all.of(t)), secret: sharedSecret}
		s.t = t
		s.launch("--seed")
		t.Cleanup(func() { lent.giveBack(s) })
		s.seeded = lastMovement(t, s.database)
	} else {
		s.t = t
		t.Cleanup(func() { lent.giveBack(s) })
		s.checkRaces()
		s.log.reset()
	}
	s.sql(back(s.seeded) + sh.sql())
	s.look()
	return s
}

// checkRaces fails the test if the node's race detector has found something.
func (s *shop) checkRaces() {
	s.t.Helper()
	if log := s.log.String(); strings.Contains(log, "DATA RACE") {
		s.t.Errorf("the node has a data race:\n%s", log)
	}
}

func lastMovement(t testing.TB, database string) (id int64) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), database)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.WithoutCancel(t.Context()))
	if err := conn.QueryRow(t.Context(), `SELECT max(id) FROM stock_movements`).Scan(&id); err != nil {
		t.Fatal(err)
	}
	return id
}

func (l *lending) idleShop() *shop {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.idle) == 0 {
		return nil
	}
	s := l.idle[len(l.idle)-1]
	l.idle = l.idle[:len(l.idle)-1]
	return s
}

// giveBack keeps the shop for the next test. One that was stopped, or whose test failed, is not
// used again.
func (l *lending) giveBack(s *shop) {
	if s.cmd == nil {
		return
	}
	s.checkRaces()
	if s.t.Failed() {
		s.stop()
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.idle = append(l.idle, s)
}

// end stops all that wait, and removes what they have.
func (l *lending) end() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	var err error
	for _, s := range l.idle {
		if e := s.end(); e != nil {
			err = errors.Join(err, fmt.Errorf("a shop that several tests have used: %w\n%s", e, s.log))
		}
	}
	l.idle = nil
	return errors.Join(err, l.all.end())
}
