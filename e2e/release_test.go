package e2e

import (
	"strings"
	"testing"
	"time"

	"github.com/playwright-community/playwright-go"
)

func TestFirstVisit(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	v := newVisitor(t, s.URL)
	title, err := v.Title()
	if err != nil || title != "Sneakers23" {
		t.Errorf("title %q, %v, want Sneakers23", title, err)
	}
	for _, id := range []string{"1", "2"} {
		if got := v.text(".product-soon-" + id); !strings.Contains(got, "coming soon...") {
			t.Errorf("product %s says %q, want coming soon...", id, got)
		}
	}
	if id := evaluate[string](v, "window.cartId"); len(id) != 64 {
		t.Errorf("window.cartId is %q, want 64 characters", id)
	}
	v.wait("text=Hop Man 3")
	v.visit(s.URL + "/products/SHU6100")
	v.wait(`.product-listing[data-product-id="2"]`)
	v.visit(s.URL + "/products/NOPE")
	if got := v.text("main"); !strings.Contains(got, "Not on our shelves") {
		t.Errorf("an unknown product shows %q", got)
	}
}

// watchDOM makes the page note the time when the selector first finds something.
const watchDOM = `selector => {
	const note = () => { if (!window.seenAt && document.querySelector(selector)) window.seenAt = Date.now() }
	new MutationObserver(note).observe(document.body, { subtree: true, childList: true, attributes: true })
	note()
}`

// seenAfter is how long after a moment the page of the visitor showed what it watched for.
func seenAfter(v *visitor, moment time.Time) time.Duration {
	v.t.Helper()
	ms := evaluate[float64](v, "window.seenAt + 0.5") // half a millisecond makes it a float for certain
	return time.UnixMilli(int64(ms)).Sub(moment.Truncate(time.Millisecond))
}

func TestReleaseShowsInTwoBrowsersAtOnce(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	visitors := []*visitor{newVisitor(t, s.URL), newVisitor(t, s.URL+"/products/SHU6000")}
	const sizes = `[data-product-id="1"] form.size-container`
	for _, v := range visitors {
		if _, err := v.Evaluate(watchDOM, sizes); err != nil {
			t.Fatal(err)
		}
		if _, err := v.Evaluate("window.sameDocument = true"); err != nil {
			t.Fatal(err)
		}
	}
	commanded := time.Now()
	s.run("release", "SHU6000")
	for _, v := range visitors {
		v.wait(sizes)
		t.Logf("from the command to the page: %v", seenAfter(v, commanded))
		if v.count(".product-soon-1") != 0 {
			t.Error("coming soon... is still there")
		}
		if n := v.count(sizes + " button.size-container__entry[name=item_id]"); n != 13 {
			t.Errorf("%d sizes, want 13", n)
		}
		if !evaluate[bool](v, "window.sameDocument === true") {
			t.Error("the page was loaded anew")
		}
		if v.count(`[data-product-id="2"] form.size-container`) != 0 {
			t.Error("the other product was released too")
		}
	}
	// what was pushed is what a reload shows
	form := func(v *visitor) string {
		return evaluate[string](v, `() => {
			const form = document.querySelector('[data-product-id="1"] form.size-container').cloneNode(true)
			form.classList.remove("size-container--arriving")
			return form.outerHTML
		}`)
	}
	for _, v := range visitors {
		pushed := form(v)
		if _, err := v.Reload(); err != nil {
			t.Fatal(err)
		}
		if loaded := form(v); loaded != pushed {
			t.Errorf("pushed:\n%s\nloaded:\n%s", pushed, loaded)
		}
	}
}

func TestScheduledRelease(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	v := newVisitor(t, s.URL)
	const countdown = ".product-soon-2 [data-countdown]"
	s.run("release", "SHU6100", "--at", "1h")
	v.wait(countdown)
	// The release is at a full second, and a second that has begun counts.
	if got := v.text(countdown); !strings.HasPrefix(got, "00:59:") && got != "01:00:00" && got != "01:00:01" {
		t.Errorf("an hour before its release a product counts down from %s", got)
	}
	s.run("release", "SHU6100", "--at", "3s")
	v.wait(`[data-product-id="2"] form.size-container`)
	if v.count(`[data-product-id="1"] form.size-container`) != 0 {
		t.Error("the other product was released too")
	}
}

func TestSoldOutSizeChangesOnThePage(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	const item = 5
	s.onlyItem(item, 1)
	s.run("release", "SHU6000")
	v := newVisitor(t, s.URL)
	v.wait(sizeAt(item, "low") + ":enabled")
	if _, err := v.Evaluate(watchDOM, sizeAt(item, "out")); err != nil {
		t.Fatal(err)
	}
	commanded := time.Now()
	s.run("sell", "--yes", "--unreleased")
	v.wait(sizeAt(item, "out") + ":disabled")
	t.Logf("from the command to the page: %v", seenAfter(v, commanded))
	if _, err := v.Reload(); err != nil {
		t.Fatal(err)
	}
	v.wait(sizeAt(item, "out") + ":disabled")
	v.live()
	s.run("restock", "SHU6005", "500", "--yes")
	v.wait(sizeAt(item, "high") + ":enabled")
}

func TestPageThatWasAwayIsRightAgain(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	const item = 18 // of the second product
	s.onlyItem(item, 1)
	s.run("release", "SHU6100")
	line := newProxy(t, s.URL)
	v := newVisitor(t, line.URL)
	v.wait(sizeAt(item, "low"))
	if _, err := v.Evaluate("window.sameDocument = true"); err != nil {
		t.Fatal(err)
	}
	line.cut()
	s.run("release", "SHU6000")
	s.run("sell", "--yes", "--unreleased")
	line.mend()
	v.wait(`[data-product-id="1"] form.size-container`)
	v.wait(sizeAt(item, "out") + ":disabled")
	if !evaluate[bool](v, "window.sameDocument === true") {
		t.Error("the page was loaded anew")
	}
}

func TestWithoutJavaScript(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	v := newContext(t, playwright.BrowserNewContextOptions{JavaScriptEnabled: playwright.Bool(false)})
	v.visit(s.URL)
	if n := v.count(".product-listing .product-soon"); n != 2 {
		t.Errorf("%d products coming soon, want 2", n)
	}
	s.run("release", "SHU6000")
	v.visit(s.URL)
	if n := v.count(`[data-product-id="1"] button.size-container__entry`); n != 13 {
		t.Errorf("%d sizes, want 13", n)
	}
	if n := v.count(".size-container__entry--level-out:enabled, .size-container__entry:disabled:not(.size-container__entry--level-out)"); n != 0 {
		t.Errorf("%d sizes can be clicked and should not, or the other way round", n)
	}
	v.visit(s.URL + "/products/SHU6000")
	v.wait("form.size-container")
}

func TestSellEmptiesTheShopBeforeYourEyes(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	s.run("release", "SHU6000")
	s.run("release", "SHU6100")
	v := newVisitor(t, s.URL)
	if out := s.run("sell", "--yes", "--unreleased", "--per-tick", "500", "--every", "0s"); !strings.Contains(out,
		"every size is out") {
		t.Errorf("sell says %q", out)
	}
	for item := 1; item <= 26; item++ {
		v.wait(sizeAt(item, "out") + ":disabled")
	}
	if out := s.run("sell"); !strings.Contains(out, "nothing to sell") {
		t.Errorf("sell of nothing says %q", out)
	}
}
