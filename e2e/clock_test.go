package e2e

import (
	"strings"
	"testing"
	"time"

	"github.com/playwright-community/playwright-go"
)

// A device whose clock is wrong counts down as the server does, and shows the moment in the zone of
// its owner.
func TestCountdownWithAWrongClock(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	due := time.Now().Add(2 * time.Hour)
	s.run("release", "SHU6100", "--at", due.Format(time.RFC3339))
	const zone = "Asia/Kolkata"
	location, err := time.LoadLocation(zone)
	if err != nil {
		t.Fatal(err)
	}
	moment := due.In(location).Format("2 January 2006 at 15:04") + " GMT+5:30"
	for name, fast := range map[string]time.Duration{"fast": 3 * time.Hour, "slow": -30 * time.Hour, "right": 0} {
		v := newContext(t, playwright.BrowserNewContextOptions{
			TimezoneId:      playwright.String(zone),
			HttpCredentials: &playwright.HttpCredentials{Username: "admin", Password: s.password},
		})
		if err := v.Clock().Install(playwright.ClockInstallOptions{Time: time.Now().Add(fast)}); err != nil {
			t.Fatal(err)
		}
		for _, path := range []string{"/", "/products/SHU6100", "/admin"} {
			v.visit(s.URL + path)
			block := `[data-product-id="2"] `
			v.says(block+"[data-countdown-moment]", moment)
			got := v.text(block + "[data-countdown]")
			if left, err := time.ParseDuration(strings.Replace(strings.Replace(got, ":", "h", 1), ":", "m", 1) +
				"s"); err != nil ||
				left > 2*time.Hour || left < time.Hour {
				t.Errorf("%s, a clock that is %s: two hours before its release a product counts down from %q",
					path, name, got)
			}
		}
	}
	unscripted := newContext(t, playwright.BrowserNewContextOptions{JavaScriptEnabled: playwright.Bool(false)})
	unscripted.visit(s.URL)
	unscripted.says(".product-soon-2", due.UTC().Format("2 January 2006, 15:04 UTC"))
}
