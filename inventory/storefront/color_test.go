package storefront

import (
	"strings"
	"testing"
)

func TestParseAccent(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		light, dark string
		wantLight   string
		wantDark    string
		field, says string
	}{
		{"", "", "", "", "", ""},
		{"#c9330d", "", "#c9330d", "#d56042", "", ""},
		{"#0A5", "", "", "", "accent", "its contrast is 2.6, and must be 4.5 at least; take #067d40"},
		{"#064", "#6fe0a0", "#006644", "#6fe0a0", "", ""},
		{"#000000", "", "#000000", "#858585", "", ""},
		{"#ffff00", "", "", "", "accent", "hard to read on light pages"},
		{"#c9330d", "#111111", "", "", "accent_dark", "hard to read on dark pages"},
		{"", "#6fe0a0", "", "", "accent", "is missing"},
		{"red", "", "", "", "accent", "is no color"},
		{"#12345", "", "", "", "accent", "is no color"},
		{"#c9330d;}*{display:none", "", "", "", "accent", "is no color"},
		{"#c9330d", "#ff", "", "", "accent_dark", "is no color"},
	} {
		a, ok, field, err := ParseAccent(tt.light, tt.dark)
		switch {
		case err != nil:
			if field != tt.field || tt.says == "" || !strings.Contains(err.Error(), tt.says) {
				t.Errorf("%s, %s: %s %v, want %s %q", tt.light, tt.dark, field, err, tt.field, tt.says)
			}
		case tt.says != "" || ok != (tt.wantLight != ""):
			t.Errorf("%s, %s: no error, %v; want %q", tt.light, tt.dark, ok, tt.says)
		case ok && (a.Light.String() != tt.wantLight || a.Dark.String() != tt.wantDark):
			t.Errorf("%s, %s: %v, want %s and %s", tt.light, tt.dark, a, tt.wantLight, tt.wantDark)
		}
	}
}

// TestAccentsCanBeRead tries many colors: what is taken can be read, in both schemes and as the
// ground of text, and what is proposed in place of others is taken.
func TestAccentsCanBeRead(t *testing.T) {
	t.Parallel()
	for r := 0; r < 256; r += 15 {
		for g := 0; g < 256; g += 15 {
			for b := 0; b < 256; b += 15 {
				c := Color{uint8(r), uint8(g), uint8(b)}
				a, _, _, err := ParseAccent(c.String(), "")
				if err != nil {
					_, better, found := strings.Cut(err.Error(), "take ")
					better, _, _ = strings.Cut(better, ",")
					if a, _, _, err = ParseAccent(better, ""); !found || err != nil {
						t.Fatalf("%s: %s is proposed: %v", c, better, err)
					}
				}
				for ground, text := range map[Color]Color{
					lightGround: a.Light, darkGround: a.Dark, a.Light: a.Light.On(), a.Dark: a.Dark.On(),
				} {
					if got := text.Contrast(ground); got < MinContrast {
						t.Fatalf("%s: %s on %s has %.2f", c, text, ground, got)
					}
				}
			}
		}
	}
}

func TestContrast(t *testing.T) {
	t.Parallel()
	if got := (Color{}).Contrast(white); got != 21 {
		t.Errorf("black on white has %v, want 21", got)
	}
	if got := (Color{0x77, 0x77, 0x77}).Contrast(white); got < 4.47 || got > 4.49 {
		t.Errorf("#777 on white has %v, want 4.48", got)
	}
}
