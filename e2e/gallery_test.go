package e2e

import (
	"bytes"
	"fmt"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/playwright-community/playwright-go"

	"sneakers23/app/waittest"
	"sneakers23/e2e/gallery/states"
)

// look is how a state is looked at.
type look struct {
	name          string // of the folder for its screenshots
	width, height int
	scheme        *playwright.ColorScheme
	forced        bool // few colors of high contrast
	only          []string
	axe           bool
}

// buying are the groups of states that are looked at in every way.
var buying = []string{"cart", "checkout", "refused"}

// changing are the groups that are looked at in every run.
var changing = append([]string{"dashboard", "devices"}, buying...)

// TestGallery opens every page in every state, lets axe-core look at it, and takes a screenshot of
// it, which is left in screenshots for people: on a desktop, on a phone as one is, and in dark,
// with forced colors and on a phone's side. At the small size it looks at every second state of
// the groups that change most, one on a desktop and the next on a phone.
func TestGallery(t *testing.T) {
	t.Parallel()
	gallery, err := states.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(gallery)
	t.Cleanup(func() {
		server.Close()
		if err := gallery.Close(); err != nil {
			t.Error(err)
		}
	})
	light, dark := playwright.ColorSchemeLight, playwright.ColorSchemeDark
	desktop := look{name: "desktop", width: 1280, height: 900, scheme: light, axe: true}
	phone := look{name: "phone", width: 390, height: 844, scheme: light}
	if !*full {
		phone.axe, phone.only, desktop.only = true, changing, changing
		newTour(t, gallery, server.URL, playwright.BrowserNewContextOptions{}).inTurn(t, desktop, phone)
		return
	}
	t.Run("desktop", func(t *testing.T) {
		newTour(t, gallery, server.URL, playwright.BrowserNewContextOptions{}).looks(t,
			desktop,
			look{name: "desktop-dark", width: 1280, height: 900, scheme: dark, only: buying, axe: true},
			look{name: "desktop-forced", width: 1280, height: 900, scheme: dark, forced: true, only: buying},
		)
	})
	t.Run("phone", func(t *testing.T) {
		phone.axe = true
		device := playwright.BrowserNewContextOptions{IsMobile: playwright.Bool(true), HasTouch: playwright.Bool(true)}
		newTour(t, gallery, server.URL, device).looks(t,
			phone,
			look{name: "phone-dark", width: 390, height: 844, scheme: dark, only: buying, axe: true},
			look{name: "phone-forced", width: 390, height: 844, scheme: light, forced: true, only: buying},
			look{name: "landscape", width: 844, height: 390, scheme: light, only: buying, axe: true},
		)
	})
}

// tour is a visitor of the gallery.
type tour struct {
	*visitor
	gallery        *states.Gallery
	url, port, axe string
	carts          chan struct{} // a token for each cart that came
}

func newTour(t *testing.T, g *states.Gallery, address string, options playwright.BrowserNewContextOptions) *tour {
	t.Helper()
	// nothing is looked at while it fades
	options.ReducedMotion = playwright.ReducedMotionReduce
	// more than there are states
	to := &tour{visitor: newContext(t, options), gallery: g, axe: readAxe(t), carts: make(chan struct{}, 1000)}
	// a page that is starved takes long-poll
	to.url = newGateTo(t, address, to.joined, to.carts).URL
	u, err := url.Parse(to.url)
	if err != nil {
		t.Fatal(err)
	}
	to.port = u.Port()
	if err := to.AddInitScript(playwright.Script{Content: &to.axe}); err != nil { // sent once, and not for each page
		t.Fatal(err)
	}
	to.OnWebSocket(func(socket playwright.WebSocket) {
		socket.OnFrameReceived(func(frame []byte) {
			if bytes.Contains(frame, []byte(`"cart",{"items"`)) {
				to.carts <- struct{}{}
			}
		})
	})
	return to
}

// looks looks at all states in some ways, and at the index. Each group is a test of its own.
func (to *tour) looks(t *testing.T, looks ...look) {
	to.choose(t, func(int) []look { return looks })
}

// inTurn looks at every second state, in one of the ways.
func (to *tour) inTurn(t *testing.T, looks ...look) {
	to.choose(t, func(i int) []look {
		if i%2 > 0 {
			return nil
		}
		return looks[i/2%len(looks):][:1]
	})
}

// choose looks at state number i of its group in the ways that are chosen for it.
func (to *tour) choose(t *testing.T, ways func(i int) []look) {
	to.visit(to.url)
	to.accessible(to.axe, "the index")
	for _, group := range to.gallery.Groups() {
		t.Run(group.Name, func(t *testing.T) {
			to.t = t
			for i, state := range group.States {
				looks := slices.DeleteFunc(slices.Clone(ways(i)), func(l look) bool {
					return l.only != nil && !slices.Contains(l.only, state.Group)
				})
				if len(looks) == 0 {
					continue
				}
				to.visit(strings.TrimSuffix(state.URL(to.port), state.Path()) + state.Link())
				to.settle(state)
				for _, l := range looks {
					to.at(state, l)
				}
			}
		})
	}
}

// settle waits until the script has made of the page what it makes of it.
func (to *tour) settle(state states.State) {
	to.t.Helper()
	switch {
	case state.Script != "":
		to.says("body", state.Script)
		return
	case to.count("[data-live-state]") > 0:
		to.wait(connected)
		to.wait("[data-nodes] tbody tr, [data-list] li, [data-list] [data-empty]:not([hidden])")
		return
	case to.count(".cart, [data-checkout], [data-carried]") == 0:
		return
	}
	to.live()
	select {
	case <-to.carts:
	case <-time.After(waittest.Limit()):
		to.t.Fatalf("%s: no cart came", state.Path())
	}
	if to.count(".cart") > 0 {
		to.cartLive()
	}
	if to.count(".toast__card") > 0 {
		to.t.Errorf("%s: the page says %q as it opens", state.Path(), to.text("[data-toast]"))
	}
}

// at looks at the page in one way.
func (to *tour) at(state states.State, l look) {
	to.t.Helper()
	forced := playwright.ForcedColorsNone
	if l.forced {
		forced = playwright.ForcedColorsActive
	}
	if err := to.EmulateMedia(playwright.PageEmulateMediaOptions{
		ColorScheme: l.scheme, ForcedColors: forced,
	}); err != nil {
		to.t.Fatal(err)
	}
	if err := to.SetViewportSize(l.width, l.height); err != nil {
		to.t.Fatal(err)
	}
	what := fmt.Sprintf("%s, %s", state.Path(), l.name)
	if l.axe {
		to.accessible(to.axe, what)
	} else {
		to.fits(what)
	}
	_, err := to.Screenshot(playwright.PageScreenshotOptions{
		Path:       playwright.String(filepath.Join("screenshots", l.name, state.Group+"-"+state.Name+".jpg")),
		Type:       playwright.ScreenshotTypeJpeg, // takes a part of the time that PNG does
		Quality:    playwright.Int(85),
		FullPage:   full, // else what is in the window, which takes half the time
		Animations: playwright.ScreenshotAnimationsDisabled, Timeout: limit(),
	})
	if err != nil {
		to.t.Fatalf("%s: %v", what, err)
	}
}
