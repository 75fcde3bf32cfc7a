package inventory

import "testing"

func TestImageChange(t *testing.T) {
	t.Parallel()
	side, sole := ImageDetails{"p1", "The side"}, ImageDetails{"p2", "The sole"}
	for want, images := range map[string][2][]ImageDetails{
		`with "The sole"`:                        {{side}, {side, sole}},
		`without "The sole"`:                     {{side, sole}, {side}},
		`without "The side", with "The sole"`:    {{side}, {sole}},
		`without "The side", without "The sole"`: {{side, sole}, nil},
		"in another order":                       {{side, sole}, {sole, side}},
		"with other texts":                       {{side, sole}, {side, {"p2", "The heel"}}},
	} {
		if got := imageChange(images[0], images[1]); got != want {
			t.Errorf("from %v to %v: %s, want %s", images[0], images[1], got, want)
		}
	}
}
