package draw

import (
	"math"
	"testing"
)

func TestCurveThroughACircle(t *testing.T) {
	var circle Curve
	for i := range 8 {
		sin, cos := math.Sincos(float64(i) * math.Pi / 4)
		circle = append(circle, Knot{500 + 100*cos, 300 + 100*sin})
	}
	m := circle.measure(true)
	if got, want := m.length(), 200*math.Pi; math.Abs(got-want) > 2 {
		t.Errorf("around it are %.1f, want %.1f", got, want)
	}
	for _, p := range m.points {
		if r := p.sub(Point{500, 300}).length(); math.Abs(r-100) > 1 {
			t.Errorf("%v is %.2f from the middle, want 100", p, r)
		}
	}
	if !circle.clockwise() || circle.reversed().clockwise() {
		t.Error("it does not know in which way it turns")
	}
	for _, k := range circle.beside(true, 0, 8, -10) {
		if r := k.point().sub(Point{500, 300}).length(); math.Abs(r-90) > 1 {
			t.Errorf("ten inside it, %v is %.2f from the middle", k, r)
		}
	}
}

func TestPath(t *testing.T) {
	for name, test := range map[string]struct {
		curve  Curve
		closed bool
		want   string
	}{
		"a line":       {Curve{{10, 20}, {30, 15}}, false, "m10 20l20-5"},
		"corners":      {Curve{{0, 0, corner}, {9, 0, corner}, {9, 9, corner}}, true, "m0 0l9 0l0 9l-9-9z"},
		"an arc":       {Curve{{0, 0}, {30, 30}, {60, 0}}, false, "m0 0c0 14 16 30 30 30c14 0 30-16 30-30"},
		"near nothing": {Curve{{0.4, -0.4}, {0.4, 9.6}}, false, "m0 0l0 10"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := test.curve.path(test.closed); got != test.want {
				t.Errorf("got %s, want %s", got, test.want)
			}
		})
	}
}

func TestNumber(t *testing.T) {
	for f, want := range map[float64]string{0: "0", -0.04: "0", 1.25: "1.3", -2.04: "-2", 300: "300"} {
		if got := number(f); got != want {
			t.Errorf("number(%v) is %s, want %s", f, got, want)
		}
	}
	for f, want := range map[float64]string{0: "0", 0.5: ".5", 1: "1", 1.2: "1.2", 0.333: ".33", 10: "10"} {
		if got := hundredths(f); got != want {
			t.Errorf("hundredths(%v) is %s, want %s", f, got, want)
		}
	}
}
