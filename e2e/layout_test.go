package e2e

import (
	"fmt"
	"testing"

	"github.com/playwright-community/playwright-go"
)

// covered tells whether the elements overlap in the window.
const covered = `([some, other]) => {
	const rects = (selector) =>
		[...document.querySelectorAll(selector)].map((e) => e.getBoundingClientRect()).filter((r) => r.width > 0)
	const across = (a, b) => Math.min(a.right, b.right) - Math.max(a.left, b.left) > 1
	const down = (a, b) => Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > 1
	return rects(some).some((a) => rects(other).some((b) => across(a, b) && down(a, b)))
}`

func (v *visitor) clear(what, of string) {
	v.t.Helper()
	if evaluate[bool](v, covered, []string{what, of}) {
		v.t.Errorf("%s lies over %s", what, of)
	}
}

func newPhone(t *testing.T, width, height int) *visitor {
	t.Helper()
	return newContext(t, playwright.BrowserNewContextOptions{
		Viewport: &playwright.Size{Width: width, Height: height}, HasTouch: playwright.Bool(true),
		IsMobile: playwright.Bool(true),
	})
}

// On a phone nothing covers what the shopper is about to press or is told of.
func TestPhoneCoversNothing(t *testing.T) {
	t.Parallel()
	s := newScarceShop(t, map[int]int{2: 10, 3: 10, 15: 10, 16: 10})
	v := newPhone(t, 360, 640)
	v.visit(s.URL + "/products/SHU6000")
	v.cartLive()
	v.click(size(2))
	v.wait(inCart(2))
	v.says(".toast__card", "is in your cart")
	v.clear(".toast__card", ".site-header")
	v.clear(".toast__card", ".size-container")
	v.clear(".cart-link", ".size-container__entry")
	v.click(size(3))
	v.says(".toast__card", "Swap for size")
	v.clear(".toast__card", ".site-header")
	v.clear(".toast__card", ".size-container")
	for _, item := range []int{2, 3} { // to every size one can tab, and see it
		if err := v.Locator(size(item)).Focus(); err != nil {
			t.Fatal(err)
		}
		v.clear(".site-header", size(item))
	}
	v.press("Escape")

	v.click(".cart-link")
	v.clear(".site-header", inCart(2))
	s.onlyPairs(map[int]int{15: 10})
	s.run("seed")
	v.says(inCart(2), "No size left")
	v.says(".toast__card", "just sold out")
	if n := v.count(`.toast__card:has-text("is in your cart"):visible`); n != 0 {
		t.Error("a shoe is said to be in the cart and sold out")
	}
	v.clear(".toast__card", inCart(2))
	v.clear(".toast__card", ".site-header")
}

// On a phone's side nothing lies over the way to check out.
func TestToastLeavesCheckOut(t *testing.T) {
	t.Parallel()
	s := newScarceShop(t, map[int]int{2: 10, 15: 10})
	v := newPhone(t, 844, 390)
	v.visit(s.URL)
	v.cartLive()
	for _, item := range []int{2, 15} {
		v.click(size(item))
		v.wait(inCart(item))
	}
	v.click(".cart-link")
	v.click(removeFromCart(2))
	v.says(".toast__card", "was removed")
	v.clear(".toast__card", ".cart-checkout")
	v.clear(".toast__card", ".cart-item__remove")
	v.clear(".toast__card", ".site-header a")
}

// On a phone the words about the connection lie over no size, wherever the page is scrolled to.
func TestReconnectingCoversNothing(t *testing.T) {
	t.Parallel()
	s := newScarceShop(t, map[int]int{14: 10})
	second := size(14) // of the second shoe: the page can be scrolled to have it at either edge
	v := newPhone(t, 390, 844)
	v.visit(s.URL)
	v.cartLive()
	s.stop()
	v.says("[data-connection]", "Reconnecting")
	for _, block := range []string{"start", "end"} {
		if _, err := v.Locator(second).Evaluate("(size, block) => size.scrollIntoView({ block })", block); err != nil {
			t.Fatal(err)
		}
		v.clear("[data-connection]", second)
		v.clear("[data-connection]", "a")
	}
	if err := v.SetViewportSize(1440, 800); err != nil { // it lies over the cards there, and not under them
		t.Fatal(err)
	}
	if !evaluate[bool](v, `() => {
		const words = document.querySelector("[data-connection]"), r = words.getBoundingClientRect()
		return [r.left + 9, r.right - 9].every((x) => document.elementFromPoint(x, (r.top + r.bottom) / 2) === words)
	}`) {
		t.Error("a card lies over the words about the connection")
	}
}

// A phone on its side shows the shoe and its sizes.
func TestLandscapeShowsSizes(t *testing.T) {
	t.Parallel()
	s := newCartShop(t, 1)
	for _, wide := range []playwright.Size{{Width: 640, Height: 360}, {Width: 844, Height: 390}} {
		v := newPhone(t, wide.Width, wide.Height)
		for _, path := range []string{"/", "/products/SHU6000"} {
			v.visit(s.URL + path)
			for _, what := range []string{".product-art", size(1)} {
				inside := evaluate[bool](v, `(what) => {
					const r = document.querySelector(what).getBoundingClientRect()
					return r.top >= 0 && r.bottom <= innerHeight
				}`, what)
				if !inside {
					t.Errorf("%s at %d × %d: %s is not whole in the window", path, wide.Width, wide.Height, what)
				}
			}
		}
	}
}

// The name of a shoe of the seed stands in one line, however wide the window.
func TestNamesStandInOneLine(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	for _, width := range []int{1024, 1280, 1440} {
		v := newContext(t, playwright.BrowserNewContextOptions{Viewport: &playwright.Size{Width: width, Height: 800}})
		for _, path := range []string{"/", "/products/SHU6000"} {
			v.visit(s.URL + path)
			if evaluate[bool](v, `() => {
				const name = document.querySelector(".product-listing__name")
				return name.offsetHeight > 1.5 * parseFloat(getComputedStyle(name).lineHeight)
			}`) {
				t.Errorf("%s at %d px: the name breaks", path, width)
			}
		}
	}
}

// With the few colors of high contrast, levels have their bars, and what had a ground or a shadow
// has an edge.
func TestHighContrast(t *testing.T) {
	t.Parallel()
	s := newScarceShop(t, map[int]int{2: 10, 3: 200, 4: 1000})
	v := newContext(t, playwright.BrowserNewContextOptions{ForcedColors: playwright.ForcedColorsActive})
	v.visit(s.URL)
	v.cartLive()
	v.click(size(2))
	v.wait(inCart(2))
	v.says(".toast__card", "is in your cart")
	for _, selector := range []string{".cart-checkout", ".toast__card", ".cart", ".product-listing", size(3), size(5)} {
		if !evaluate[bool](v, `(selector) => {
			const style = getComputedStyle(document.querySelector(selector))
			return style.borderTopWidth !== "0px" && style.borderTopColor !== style.backgroundColor
		}`, selector) {
			t.Errorf("%s has no edge", selector)
		}
	}
	bars := make(map[string]bool)
	for _, item := range []int{2, 3, 4} {
		bar := evaluate[string](
			v, `(selector) => getComputedStyle(document.querySelector(selector), "::after").backgroundImage`,
			size(item),
		)
		bars[bar] = true
	}
	if len(bars) != 3 || bars["none"] {
		t.Errorf("three levels have the bars %v", fmt.Sprint(bars))
	}
}

// A form of the page of all shoes leads back to its shoe, with the message in sight.
func TestFormLeadsBackToItsShoe(t *testing.T) {
	t.Parallel()
	s := newScarceShop(t, map[int]int{2: 10, 15: 10, 16: 10})
	v := newContext(t, playwright.BrowserNewContextOptions{
		Viewport: &playwright.Size{Width: 390, Height: 844}, JavaScriptEnabled: playwright.Bool(false),
	})
	v.visit(s.URL)
	for _, step := range []struct {
		item int
		says string
	}{{15, "is in your cart"}, {16, "Swap for size"}} {
		v.click(size(step.item))
		v.says(".flash", step.says)
		for _, what := range []string{".flash", "#product-2 .product-listing__name"} {
			box, err := v.Locator(what).BoundingBox()
			if err != nil {
				t.Fatal(err)
			}
			if box.Y < 0 || box.Y+box.Height > 844 {
				t.Errorf("after %q, %s is out of sight", step.says, what)
			}
		}
	}
}
