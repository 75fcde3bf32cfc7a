package e2e

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/playwright-community/playwright-go"
)

// TestAuditAndFreeze changes a count by hand, as no command does. The next purchase finds it: the
// size can't be bought, shoppers see it as sold out, the dashboard and the audit say why, and a
// correction puts it right.
func TestAuditAndFreeze(t *testing.T) {
	t.Parallel()
	s := freshShop(t)
	s.sql(shelf{empty: true, pairs: map[int]int{5: 3, 18: 2}}.sql())
	s.look()
	s.run("release", "SHU6000")
	if said := s.run("audit"); !strings.Contains(said, "compared: nothing is off") {
		t.Errorf("a healthy shop: %s", said)
	}
	s.sql(`UPDATE item_availabilities SET available_count = 30 WHERE item_id = 5`)
	c := newCustomer(t, s.URL)
	c.add(5)
	form := c.purchase()
	if p := c.post("/checkout", form); !strings.HasPrefix(p.flash(), "Your cart has out-of-stock shoes") {
		t.Errorf("at %s: %q", p.path, p.flash())
	}
	v := newVisitor(t, s.URL)
	v.wait(sizeAt(5, "out") + ":disabled")

	out, _, code := s.try("audit", "--json")
	var a struct {
		OK       bool
		Findings []struct{ Kind, Text string }
	}
	if err := json.Unmarshal([]byte(out), &a); err != nil || code != 1 || a.OK || len(a.Findings) != 3 {
		t.Errorf("exit code %d, %+v, %v; want 1 with three findings", code, a, err)
	}
	if said, _, _ := s.try("audit"); !strings.Contains(said, "SHU6005, Hop Man 3 size 8: it is frozen") {
		t.Errorf("the audit says\n%s", said)
	}
	admin := newAdmin(t, s.password, playwright.BrowserNewContextOptions{})
	admin.opensDashboard(s.URL)
	admin.wait("[data-troubles] li")
	if said := admin.text("[data-troubles]"); !strings.Contains(said, "SHU6005") ||
		!strings.Contains(said, "stock correct") {
		t.Errorf("the dashboard says %q", said)
	}

	s.run("stock", "correct", "SHU6005", "--by", "-1", "--why", "counted after a change by hand")
	admin.gone("[data-troubles] li")
	if it := s.stock()["SHU6005"]; it.Available != 2 || it.Level != "low" {
		t.Errorf("corrected: %+v, want 2 pairs for sale", it)
	}
	if said := s.run("audit"); !strings.Contains(said, "nothing is off") {
		t.Errorf("corrected: %s", said)
	}
	if p := c.post("/checkout", form); p.path != "/checkout/complete" {
		t.Errorf("bought when it is corrected: at %s, %q", p.path, p.flash())
	}
	truth(t, s.database)
}
