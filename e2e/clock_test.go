package e2e

import (
	"fmt"
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

// wrongClock gives the page a clock that is %d ms fast, and leaves the true one at hand. It also
// measures how long answers to joins take: the page can know the server's time to half of that.
const wrongClock = `
const True = Date
const fast = %d
window.trueTime = () => True.now()
window.Date = class extends True {
	constructor(...args) {
		if (args.length > 0) super(...args)
		else super(True.now() + fast)
	}
	static now() {
		return True.now() + fast
	}
}
window.joinTimes = []
const send = WebSocket.prototype.send
const joins = new Map()
WebSocket.prototype.send = function (frame) {
	const [, ref, , event] = typeof frame === "string" ? JSON.parse(frame) : []
	if (event === "phx_join") {
		if (joins.size === 0) this.addEventListener("message", ({ data }) => {
			const [, ref, , event, payload] = typeof data === "string" ? JSON.parse(data) : []
			if (event !== "phx_reply" || !joins.has(ref) || !payload.response.now) return
			window.joinTimes.push(performance.now() - joins.get(ref))
		})
		joins.set(ref, performance.now())
	}
	send.call(this, frame)
}`

// countdownLag reads the countdown whenever it shows another second, and returns how many
// milliseconds after its moment that was at best: negative for a countdown that is ahead. It reads
// on, within limit, while a busy machine lets the second change late.
const countdownLag = `([selector, allowed, limit]) => new Promise((done) => {
	const time = document.querySelector(selector)
	const lags = []
	const best = () => Math.min(...lags)
	const read = () => {
		const [h, m, s] = time.textContent.split(":").map(Number)
		lags.push(window.trueTime() - (Date.parse(time.dateTime) - 1000 * (3600 * h + 60 * m + s)) + 0.25)
		if (lags.length >= 3 && best() <= allowed) done(best())
	}
	new MutationObserver(read).observe(time, { childList: true })
	setTimeout(() => done(lags.length > 0 ? best() : limit + 0.25), limit)
})`

// TestCountdownAgreesWithTheServer reads the seconds that pages show whose devices are hours wrong.
// They change when the server's clock says so. The server runs on the clock of this machine.
func TestCountdownAgreesWithTheServer(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	due := time.Now().Add(3 * time.Hour).Truncate(time.Second)
	s.run("release", "SHU6100", "--at", due.Format(time.RFC3339))
	for name, fast := range map[string]time.Duration{"fast": 5 * time.Hour, "slow": -30 * time.Hour, "right": 0} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			v := newContext(t, playwright.BrowserNewContextOptions{TimezoneId: playwright.String("UTC")})
			script := fmt.Sprintf(wrongClock, fast.Milliseconds())
			if err := v.AddInitScript(playwright.Script{Content: playwright.String(script)}); err != nil {
				t.Fatal(err)
			}
			v.visit(s.URL)
			v.live()
			const block = `[data-product-id="2"] `
			v.says(block+"[data-countdown-moment]", due.UTC().Format("2 January 2006 at 15:04 MST"))
			if said := evaluate[string](v, `selector => document.querySelector(selector).dateTime`,
				block+"[data-countdown]"); said != due.UTC().Format(time.RFC3339) {
				t.Errorf("the page counts down to %s, want %v", said, due.UTC())
			}
			before := time.Now()
			pages := time.UnixMilli(int64(evaluate[float64](v, `() => window.trueTime() + 0.25`)))
			if pages.Before(before.Truncate(time.Millisecond)) || pages.After(time.Now()) {
				t.Fatalf("the clock under the page's is another one: %v, and not from %v on", pages, before)
			}
			// The page believes the quickest answer that brings the time.
			trip := evaluate[float64](v, `() => Math.min(...window.joinTimes) + 0.0001`)
			allowed := 150 + trip/2
			lag := evaluate[float64](v, countdownLag, []any{block + "[data-countdown]", allowed, *limit()})
			t.Logf("seconds change %.0f ms after their moment; a join takes %.1f ms", lag, trip)
			if lag < -allowed || lag > allowed {
				t.Errorf("seconds change %.0f ms after their moment, want at most %.0f ms from it", lag, allowed)
			}
		})
	}
}
