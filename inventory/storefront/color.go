package storefront

import (
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
)

// Color is one of sRGB.
type Color struct{ R, G, B uint8 }

// The colors of pages on which an accent must be read: those of the style sheet's tokens that are
// the hardest to read it on, --color-ground in light and --color-surface in dark.
var (
	lightGround = Color{0xf3, 0xf0, 0xea}
	darkGround  = Color{0x1b, 0x1b, 0x20}
	white       = Color{0xff, 0xff, 0xff}
	black       = Color{0x14, 0x10, 0x0c}
)

// MinContrast is how much an accent must differ from the page, by WCAG 2.2 (1.4.3).
const MinContrast = 4.5

var colorPattern = regexp.MustCompile(`^#?([0-9a-fA-F]{3}|[0-9a-fA-F]{6})$`)

// tidyColor returns a color as #rrggbb. A text that is no color stays as it is.
func tidyColor(text string) string {
	text = strings.TrimSpace(text)
	if c, err := ParseColor(text); err == nil {
		return c.String()
	}
	return text
}

// ParseColor reads #rrggbb or #rgb, with or without the #.
func ParseColor(text string) (Color, error) {
	m := colorPattern.FindStringSubmatch(text)
	if m == nil {
		return Color{}, fmt.Errorf("is no color: write it like #c9330d")
	}
	digits := m[1]
	if len(digits) == 3 {
		digits = string([]byte{digits[0], digits[0], digits[1], digits[1], digits[2], digits[2]})
	}
	n, err := strconv.ParseUint(digits, 16, 32)
	if err != nil {
		return Color{}, err
	}
	return Color{uint8(n >> 16), uint8(n >> 8), uint8(n)}, nil
}

// String is the color as #rrggbb.
func (c Color) String() string { return fmt.Sprintf("#%02x%02x%02x", c.R, c.G, c.B) }

// Hex is the color as rrggbb.
func (c Color) Hex() string { return c.String()[1:] }

// Contrast returns the contrast of two colors by WCAG 2.2: from 1 to 21.
func (c Color) Contrast(o Color) float64 {
	a, b := c.luminance(), o.luminance()
	return (max(a, b) + 0.05) / (min(a, b) + 0.05)
}

func (c Color) luminance() float64 {
	linear := func(v uint8) float64 {
		x := float64(v) / 255
		if x <= 0.04045 {
			return x / 12.92
		}
		return math.Pow((x+0.055)/1.055, 2.4)
	}
	return 0.2126*linear(c.R) + 0.7152*linear(c.G) + 0.0722*linear(c.B)
}

// mix returns the color with a share of another one, in hundredths.
func (c Color) mix(o Color, share int) Color {
	part := func(a, b uint8) uint8 { return uint8((int(a)*(100-share) + int(b)*share + 50) / 100) }
	return Color{part(c.R, o.R), part(c.G, o.G), part(c.B, o.B)}
}

// readableOn returns the color, mixed with as much of another as it takes to be read on the
// ground.
func (c Color) readableOn(ground, with Color) Color {
	for share := range 100 {
		if mixed := c.mix(with, share); mixed.Contrast(ground) >= MinContrast {
			return mixed
		}
	}
	return with
}

// On returns the color of text on this one: white if that can be read, else nearly black.
func (c Color) On() Color {
	if c.Contrast(white) >= MinContrast {
		return white
	}
	return black
}

// Accent is an accent color for light and for dark pages.
type Accent struct{ Light, Dark Color }

// ParseAccent reads the accent of settings. ok is false for settings without one. A color that
// cannot be read on its pages is an error, which names one that can.
func ParseAccent(light, dark string) (a Accent, ok bool, field string, err error) {
	if light == "" && dark == "" {
		return a, false, "", nil
	}
	if light == "" {
		return a, false, "accent", fmt.Errorf("is missing: a color for dark pages alone is not enough")
	}
	if a.Light, err = ParseColor(light); err != nil {
		return a, false, "accent", err
	}
	if err := a.Light.check(lightGround, "light", a.Light.readableOn(lightGround, black)); err != nil {
		return a, false, "accent", err
	}
	if dark == "" {
		a.Dark = a.Light.readableOn(darkGround, white)
		return a, true, "", nil
	}
	if a.Dark, err = ParseColor(dark); err != nil {
		return a, false, "accent_dark", err
	}
	if err := a.Dark.check(darkGround, "dark", a.Dark.readableOn(darkGround, white)); err != nil {
		return a, false, "accent_dark", err
	}
	return a, true, "", nil
}

func (c Color) check(ground Color, name string, better Color) error {
	if contrast := c.Contrast(ground); contrast < MinContrast {
		return fmt.Errorf("%s is hard to read on %s pages: its contrast is %.1f, and must be %.1f at least; take %s, for example",
			c, name, math.Floor(contrast*10)/10, MinContrast, better)
	}
	return nil
}

// AccentColors returns the accent of the settings; ok is false if they have none, or none that can
// be read: then pages show the default.
func (s Settings) AccentColors() (Accent, bool) {
	a, ok, _, err := ParseAccent(s.Accent, s.AccentDark)
	return a, ok && err == nil
}
