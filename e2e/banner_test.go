package e2e

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/playwright-community/playwright-go"

	"sneakers23/app/waittest"
)

// topOfMain is where the content of a page begins, in pixels.
func topOfMain(v *visitor) int {
	v.t.Helper()
	return evaluate[int](v, `() => Math.round(document.querySelector("main").getBoundingClientRect().top)`)
}

// TestBannerOfADrop plans a drop that has a banner at one node: pages that are open at the other
// say it when the drop opens, and do not move. New pages show it at their head until the drop ends.
func TestBannerOfADrop(t *testing.T) {
	t.Parallel()
	nodes := newCluster(t, 2)
	s, other := nodes[0], nodes[1]
	open, admin := newVisitor(t, other.URL), newAdmin(t, sharedPassword, playwright.BrowserNewContextOptions{})
	now := s.clock().Truncate(time.Second)
	s.setClock(now)
	at, ends := now.Add(time.Hour), now.Add(2*time.Hour)
	d := s.drop("plan", "--at", at.Format(time.RFC3339), "--ends", now.Add(9*time.Hour).Format(time.RFC3339),
		"--release", "SHU6000", "--announce", "Hop Man is <here>.")
	before := topOfMain(open)
	s.setClock(at)
	open.says(".toast__card", "Hop Man is <here>.")
	if after := topOfMain(open); after != before {
		t.Errorf("the open page moved from %v to %v", before, after)
	}
	fresh := newVisitor(t, other.URL+"/products/SHU6100")
	fresh.says("[data-banner]", "Hop Man is <here>.")
	before = topOfMain(fresh)
	if _, page := s.get("/checkout/complete"); !strings.Contains(page, "Hop Man is &lt;here&gt;.") {
		t.Error("a page without products does not show the banner")
	}

	admin.visit(s.URL + "/admin/drops")
	admin.says(".drop__acts", "Banner “Hop Man is <here>.”")
	admin.click(`.drop summary:has-text("Change the end")`)
	admin.fill(`.drop input[name="ends"]`, ends.UTC().Format("2006-01-02T15:04:05"))
	admin.click(fmt.Sprintf(`button:has-text("Change the end of drop %d")`, d.ID))
	admin.says(".drop__ends", "Ends "+ends.UTC().Format("2 January 2006, 15:04:05 MST"))
	s.setClock(ends)
	fresh.gone("[data-banner]:not(:empty)")
	if after := topOfMain(fresh); after != before {
		t.Errorf("the page moved from %v to %v when the banner went", before, after)
	}
	waittest.Until(t, "new pages have no banner", func() bool {
		_, page := s.get("/")
		return !strings.Contains(page, "data-banner")
	})
	if out := s.run("shop", "show"); !strings.Contains(out, "Banner          none") {
		t.Errorf("shop show says\n%s", out)
	}
	if d = s.drop("show", fmt.Sprint(d.ID)); d.State != "over" {
		t.Errorf("the drop is %s", d.State)
	}
}
