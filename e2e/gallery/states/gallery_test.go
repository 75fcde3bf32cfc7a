package states_test

import (
	"cmp"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"

	"sneakers23/e2e/gallery/states"
)

func newGallery(t *testing.T) *states.Gallery {
	t.Helper()
	g, err := states.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := g.Close(); err != nil {
			t.Error(err)
		}
	})
	return g
}

// get asks for an address of the gallery.
func get(g *states.Gallery, url string, cookies ...*http.Cookie) *http.Response {
	r := httptest.NewRequest("GET", url, nil)
	for _, c := range cookies {
		r.AddCookie(c)
	}
	w := httptest.NewRecorder()
	g.ServeHTTP(w, r)
	return w.Result()
}

func body(t *testing.T, res *http.Response) string {
	t.Helper()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// refused are the statuses of states in which something is missing, or was not saved.
var refused = map[string]int{
	"front/no-page": http.StatusNotFound,
	"catalog/wrong": http.StatusUnprocessableEntity, "catalog/edited": http.StatusConflict,
	"drops/refused": http.StatusConflict, "drops/away": http.StatusServiceUnavailable,
	"shop/wrong": http.StatusUnprocessableEntity, "shop/edited": http.StatusConflict,
	"shop/wrong-page": http.StatusUnprocessableEntity, "shop/edited-page": http.StatusConflict,
}

// Each state answers with a page: those that are named for a status with that, those that were
// refused with theirs, all others with 200.
func TestStates(t *testing.T) {
	t.Parallel()
	g := newGallery(t)
	index := body(t, get(g, "http://127.0.0.1:4000/"))
	for _, group := range g.Groups() {
		for _, s := range group.States {
			if !strings.Contains(index, `href="`+s.Link()+`"`) {
				t.Errorf("the index does not lead to %s", s.Path())
			}
			want := cmp.Or(refused[s.Group+"/"+s.Name], http.StatusOK)
			if number, _, _ := strings.Cut(s.Name, "-"); s.Group == "errors" && number != "not" {
				var err error
				if want, err = strconv.Atoi(number); err != nil {
					t.Fatal(err)
				}
			}
			res := get(g, s.URL("4000"))
			if page := body(t, res); res.StatusCode != want || !strings.Contains(page, "</html>") {
				t.Errorf("%s answers %d, want %d:\n%s", s.Path(), res.StatusCode, want, page)
			}
		}
	}
}

// A page goes on with the cookies of its visit, on a host of its own, and starts over when it is
// opened again.
func TestPagesGoOn(t *testing.T) {
	t.Parallel()
	g := newGallery(t)
	const shop = "http://checkout-one.localhost:4000"
	if got := get(g, "http://127.0.0.1:4000/gallery/checkout/one").Header.Get("Location"); got != shop+
		"/gallery/checkout/one" {
		t.Errorf("the state is at %s", got)
	}
	if got := get(g, shop+"/checkout").Header.Get("Location"); got != "/gallery/checkout/one" {
		t.Errorf("before the visit /checkout leads to %s", got)
	}
	first := get(g, shop+"/gallery/checkout/one", &http.Cookie{Name: "of-another-state", Value: "1"})
	cookies := first.Cookies()
	var gone bool
	for _, c := range cookies {
		gone = gone || c.Name == "of-another-state" && c.MaxAge < 0
	}
	if !gone {
		t.Error("the cookie of another state stays")
	}
	if page := body(t, get(g, shop+"/checkout", cookies...)); !strings.Contains(page, "Hop Man 3") {
		t.Errorf("the checkout has lost its line:\n%s", page)
	}
	again := get(g, shop+"/gallery/checkout/one", cookies...)
	if !strings.Contains(body(t, again), "Hop Man 3") || again.Header.Get("Clear-Site-Data") == "" {
		t.Error("the state does not begin anew")
	}
}

func TestUnknownAddress(t *testing.T) {
	t.Parallel()
	g := newGallery(t)
	for _, url := range []string{
		"http://127.0.0.1:4000/gallery/checkout/none", "http://127.0.0.1:4000/gallery/checkout",
		"http://checkout-none.localhost/checkout",
	} {
		if res := get(g, url); res.StatusCode != http.StatusNotFound {
			t.Errorf("%s answers %d", url, res.StatusCode)
		}
	}
}
