package e2e

import "testing"

// While the shop is away nobody loses his page to a click.
func TestClickWhileTheShopIsAway(t *testing.T) {
	t.Parallel()
	s := newCartShop(t, 2, 3)
	v := newVisitor(t, s.URL)
	v.cartLive()
	s.stop()
	v.says("[data-connection]", "Reconnecting")
	v.click(size(3))
	v.says("[data-toast]", "We are not connected.")
	if v.count(size(3)) != 1 {
		t.Error("the page is gone")
	}
}
