package e2e

import (
	"bytes"
	"fmt"
	"testing"
	"time"

	"github.com/playwright-community/playwright-go"

	"sneakers23/app/waittest"
)

// visitor is a shopper with a browser: cookies and storage are not shared.
type visitor struct {
	t testing.TB
	playwright.Page
	joined chan struct{} // a token for each topic that was joined
}

// newVisitor opens a page of the shop and waits until it is live.
func newVisitor(t testing.TB, url string) *visitor {
	t.Helper()
	v := newContext(t, playwright.BrowserNewContextOptions{})
	v.visit(url)
	v.live()
	return v
}

// limit is [waittest.Limit] in milliseconds. Every wait on a locator must be given it:
// playwright-go takes 30 s for most of them, whatever the default of the context is.
func limit() *float64 { return playwright.Float(float64(waittest.Limit().Milliseconds())) }

func newContext(t testing.TB, options playwright.BrowserNewContextOptions) *visitor {
	t.Helper()
	browsers.enter(t)
	ctx, err := browser.get(t).NewContext(options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := ctx.Close(); err != nil {
			t.Error(err)
		}
	})
	ctx.SetDefaultTimeout(*limit())
	ctx.SetDefaultNavigationTimeout(*limit())
	page, err := ctx.NewPage()
	if err != nil {
		t.Fatal(err)
	}
	v := &visitor{t, page, make(chan struct{}, 1000)} // more than any test joins
	page.OnWebSocket(v.follow)
	page.OnPageError(func(err error) { t.Errorf("error on the page: %v", err) })
	return v
}

// follow listens to the page's socket. A topic is joined when its join was answered with what the
// page may have missed.
func (v *visitor) follow(socket playwright.WebSocket) {
	socket.OnFrameReceived(func(frame []byte) {
		if bytes.Contains(frame, []byte(`"phx_reply"`)) && bytes.Contains(frame, []byte(`"levels"`)) {
			v.joined <- struct{}{}
		}
	})
}

func (v *visitor) visit(url string) {
	v.t.Helper()
	if _, err := v.Goto(url); err != nil {
		v.t.Fatal(err)
	}
}

// withoutScript leaves the pages that come as they were made: nothing on them follows the shop.
func (v *visitor) withoutScript() {
	v.t.Helper()
	if err := v.Route("**/*.js", func(r playwright.Route) { _ = r.Abort() }); err != nil {
		v.t.Fatal(err)
	}
}

// live waits until every product on the page has joined its topic: from then on nothing is missed.
func (v *visitor) live() {
	v.t.Helper()
	v.liveOver(v.joined)
}

// liveOver is live on a transport that tells of joins on a channel of its own. The visitor's own
// channel is that of WebSockets, and is never another one: the browser's goroutine sends on it.
func (v *visitor) liveOver(joined <-chan struct{}) {
	v.t.Helper()
	for range v.count(".product-listing[data-product-id]") {
		select {
		case <-joined:
		case <-time.After(waittest.Limit()):
			v.t.Fatal("the page did not join its topics")
		}
	}
}

// wait waits until the selector finds something that can be seen.
func (v *visitor) wait(selector string) {
	v.t.Helper()
	if err := v.Locator(selector).First().WaitFor(playwright.LocatorWaitForOptions{Timeout: limit()}); err != nil {
		v.t.Fatalf("%s did not appear: %v", selector, err)
	}
}

func (v *visitor) count(selector string) int {
	v.t.Helper()
	n, err := v.Locator(selector).Count()
	if err != nil {
		v.t.Fatal(err)
	}
	return n
}

func (v *visitor) text(selector string) string {
	v.t.Helper()
	s, err := v.Locator(selector).First().TextContent(playwright.LocatorTextContentOptions{Timeout: limit()})
	if err != nil {
		v.t.Fatal(err)
	}
	return s
}

// evaluate runs a script in the page and returns its value as a T.
func evaluate[T any](v *visitor, script string, args ...any) T {
	v.t.Helper()
	got, err := v.Evaluate(script, args...)
	if err != nil {
		v.t.Fatal(err)
	}
	value, ok := got.(T)
	if !ok {
		v.t.Fatalf("script returned %T, want %T", got, value)
	}
	return value
}

func size(itemID int) string {
	return fmt.Sprintf("button.size-container__entry[value=%q]", fmt.Sprint(itemID))
}

func sizeAt(itemID int, level string) string {
	return size(itemID) + ".size-container__entry--level-" + level
}
