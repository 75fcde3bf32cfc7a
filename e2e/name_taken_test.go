package e2e

import (
	"slices"
	"strings"
	"testing"

	"sneakers23/app/postgres/pgtest"
	"sneakers23/app/waittest"
)

// TestNameTakenOutOfReach starts a node whose name another one has which it can't reach: it hears
// of that by a third, and gives up. When the other one was killed the name is free.
func TestNameTakenOutOfReach(t *testing.T) {
	t.Parallel()
	url := pgtest.URL(t)
	net := newNetwork(t, 3, url)
	on := func(h *host, name, seed string) *shop {
		return &shop{
			t: t, dataDir: t.TempDir(), database: net.database, direct: url, secret: sharedSecret,
			host: h, name: name, seed: seed + ":6222",
		}
	}
	first, middle := net.hosts[0], net.hosts[1]
	a, b, twin := on(first, "a", first.IP), on(middle, "b", first.IP), on(net.hosts[2], "a", middle.IP)
	a.start("--seed")
	b.start()
	b.sees(2)
	twin.host.cut(a.host)
	_, said, code := twin.try(slices.Concat([]string{"serve", "--secret", sharedSecret}, twin.clusterArgs())...)
	if code != 1 || !strings.Contains(said, "same name") || !strings.Contains(said, first.IP) {
		t.Errorf("the twin ended with %d and says %s", code, said)
	}
	if here := b.nodes()["a"].Address; !strings.Contains(here, first.IP) {
		t.Errorf("a is at %s, as b sees it", here)
	}
	a.kill()
	twin.start()
	waittest.Until(t, "b sees the new one", func() bool {
		return strings.Contains(b.nodes()["a"].Address, twin.host.IP)
	})
}
