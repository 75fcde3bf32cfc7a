package shop

import (
	"fmt"
	"net/http"
	"regexp"

	"github.com/labstack/echo/v4"

	"sneakers23/inventory/storefront"
)

// SheetPath is the route of style sheets with a shop's color. The address has the colors in it,
// so every node can make the sheet of every address, also one that has not heard of the change yet,
// and browsers may keep it for ever. The number is that of the way in which the sheet is made.
const SheetPath = "/shop-1-:colors"

// SheetOf returns the address of the style sheet, "" for a shop without a color of its own.
func SheetOf(s storefront.Settings) string {
	accent, ok := s.AccentColors()
	if !ok {
		return ""
	}
	return fmt.Sprintf("/shop-1-%s-%s.css", accent.Light.Hex(), accent.Dark.Hex())
}

var sheetColors = regexp.MustCompile(`^([0-9a-f]{6})-([0-9a-f]{6})\.css$`)

// sheet sets the tokens of the accent, and nothing else. It stands in no layer, so it wins over
// those of tokens.css.
const sheet = `:root{--color-accent:%s;--color-on-accent:%s}
@media (prefers-color-scheme:dark){:root{--color-accent:%s;--color-on-accent:%s}}
`

// Sheet answers with the style sheet of the colors in the address. Colors that no shop can have
// are not found.
func (p *Pages) Sheet(c echo.Context) error {
	m := sheetColors.FindStringSubmatch(c.Param("colors"))
	if m == nil {
		return echo.ErrNotFound
	}
	accent, ok, _, err := storefront.ParseAccent(m[1], m[2])
	if err != nil || !ok {
		return echo.ErrNotFound
	}
	c.Response().Header().Set("Cache-Control", "public, max-age=31536000, immutable")
	css := fmt.Sprintf(sheet, accent.Light, accent.Light.On(), accent.Dark, accent.Dark.On())
	return c.Blob(http.StatusOK, "text/css; charset=utf-8", []byte(css))
}
