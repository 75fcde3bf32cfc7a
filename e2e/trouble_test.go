package e2e

import (
	"testing"
	"time"

	"github.com/playwright-community/playwright-go"

	"sneakers23/app/postgres/pgtest"
)

// TestDashboardSaysThatTheDatabaseIsAway cuts the line to the database under an open dashboard: a
// banner says what shoppers meet, and what happened says when that began and ended, also at another
// node and after a restart.
func TestDashboardSaysThatTheDatabaseIsAway(t *testing.T) {
	t.Parallel()
	url := pgtest.URL(t)
	line := newHolder(t, url)
	s := &shop{t: t, dataDir: t.TempDir(), database: line.DSN, direct: url, secret: sharedSecret}
	s.start("--seed")
	s.run("release", "SHU6000")
	a := newAdmin(t, s.password, playwright.BrowserNewContextOptions{})
	a.opensDashboard(s.URL)
	a.says("[data-events]", "Hop Man 3 is released, by ")

	began := time.Now()
	line.cut()
	a.says("[data-troubles]", "The database does not answer. Shoppers see the shop as it was")
	t.Logf("the banner is there %v after the database went", time.Since(began))
	a.says("[data-events]", "the database does not answer")
	line.mend()
	a.gone("[data-troubles] li")
	a.says("[data-events]", "the database answers again, after ")

	const told = "the database answers again, after "
	other := s.another()
	b := newAdmin(t, other.password, playwright.BrowserNewContextOptions{})
	b.opensDashboard(other.URL)
	b.says("[data-events]", told)
	b.says("[data-events]", "Hop Man 3 is released, by ")
	other.stop()
	other.launch()
	b.opensDashboard(other.URL)
	b.says("[data-events]", told)
}
