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

// newShop is a shop as the seed makes it, perhaps one that another test has used: its node may remember the carts and the
// events of earlier shoppers. A test that minds takes freshShop.
func newShop(t testing.TB) *shop {
	t.Helper()
	return newShopWith(t, shelf{})
}

// newShopWith is newShop with other stock.
func newShopWith(t testing.TB, sh shelf) *shop {
	t.Helper()
	s := lent.take()
	if s == nil {
		s = &shop{t: t, dataDir: lent.all.TempDir(), database: pgtest.URL(&lent.all), secret: sharedSecret, lasting: true}
		s.launch("--seed")
		s.seeded = lastMovement(t, s.database)
	}
	s.t = t
	s.log.reset()
	s.sql(back(s.seeded) + sh.sql())
	s.look()
	t.Cleanup(func() { lent.giveBack(s) })
	return s
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

func (l *lending) take() *shop {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.idle) == 0 {
		return nil
	}
	s := l.idle[len(l.idle)-1]
	l.idle = l.idle[:len(l.idle)-1]
	return s
}

// giveBack keeps the shop for the next test. One that was stopped, or whose test failed, is not used again.
func (l *lending) giveBack(s *shop) {
	if s.cmd == nil {
		return
	}
	if log := s.log.String(); strings.Contains(log, "DATA RACE") {
		s.t.Errorf("the node has a data race:\n%s", log)
	}
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
