package shop

import (
	"errors"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/labstack/echo/v4"

	"sneakers23/inventory"
	"sneakers23/web/webtest"
)

// TestHidden shows nothing of a draft, and words for a product that is archived. A cart that holds
// it says so.
func TestHidden(t *testing.T) {
	t.Parallel()
	for state, want := range map[inventory.State]error{
		inventory.Draft: inventory.ErrNotFound, inventory.Archived: ErrArchived, inventory.Live: nil,
	} {
		rows := webtest.Rows()
		rows.Products[0].State = state
		shelf := webtest.NewShelf(rows)
		pages := newPages(t, shelf)
		c := echo.New().NewContext(httptest.NewRequest("GET", "/products/SHU6000", nil), httptest.NewRecorder())
		c.SetParamNames("sku")
		c.SetParamValues("SHU6000")
		if err := pages.Product(c); !errors.Is(err, want) {
			t.Errorf("%s: got %v, want %v", state, err, want)
		}
		home, err := pages.renderHome(shelf.Catalog(), nobody)
		if shown := strings.Contains(string(home), "Hop Man 3"); err != nil || shown != (state == inventory.Live) {
			t.Errorf("%s: on the first page: %v, %v", state, shown, err)
		}
		cart := cartWith(t, inventory.NewCatalog(webtest.Rows(), inventory.DefaultThresholds), 2, 5)
		view := pages.viewCart(cart, "")
		if gone := view.Missing == 2 && len(view.Lines) == 1; gone != (state == inventory.Archived) {
			t.Errorf("%s: the cart misses %d, and shows %d lines", state, view.Missing, len(view.Lines))
		}
	}
}

// TestPreview renders a draft as it will be, with words that say so.
func TestPreview(t *testing.T) {
	t.Parallel()
	rows := webtest.Rows()
	rows.Products[1].State = inventory.Draft
	pages := newPages(t, webtest.NewShelf(rows))
	webtest.Golden(t, "product_preview.html", []byte(body(t, visit(t, pages.Preview, "shu6100"))))
}
