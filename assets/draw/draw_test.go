package draw

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"math"
	"regexp"
	"strings"
	"testing"
)

func TestShoesAreSafeImages(t *testing.T) {
	for _, s := range Shoes() {
		t.Run(s.File, func(t *testing.T) {
			svg := s.SVG()
			if again := s.SVG(); !bytes.Equal(svg, again) {
				t.Error("the same shoe was drawn in two ways")
			}
			if len(svg) > 12_600 {
				t.Errorf("%d bytes, want no more than a drawing by hand has", len(svg))
			}
			if !bytes.Contains(svg, []byte(`viewBox="0 0 960 600" role="img" aria-label="`+s.Label+`"`)) {
				t.Errorf("it begins %.200s", svg)
			}
			checkElements(t, svg)
		})
	}
}

// allowedElements have no way to run a script, or to load anything.
var allowedElements = " svg defs linearGradient radialGradient stop filter feGaussianBlur feDropShadow pattern" +
	" clipPath g path ellipse use "

var reference = regexp.MustCompile(`^#(\w+)$|^url\(#(\w+)\)$`)

// checkElements reads a drawing as XML. Every reference must lead to an id of the drawing.
func checkElements(t *testing.T, svg []byte) {
	t.Helper()
	ids, wanted := map[string]bool{}, []string{}
	for d := xml.NewDecoder(bytes.NewReader(svg)); ; {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		element, ok := token.(xml.StartElement)
		if !ok {
			continue
		}
		if !strings.Contains(allowedElements, " "+element.Name.Local+" ") {
			t.Errorf("there is a <%s>", element.Name.Local)
		}
		for _, a := range element.Attr {
			switch {
			case a.Name.Local == "id" && ids[a.Value]:
				t.Errorf("two elements have the id %s", a.Value)
			case a.Name.Local == "id":
				ids[a.Value] = true
			case strings.HasPrefix(a.Name.Local, "on") || a.Name.Local == "style":
				t.Errorf("there is the attribute %s", a.Name.Local)
			case a.Name.Local == "href" || strings.Contains(a.Value, "url("):
				m := reference.FindStringSubmatch(a.Value)
				if m == nil {
					t.Fatalf("%s leads to %q", a.Name.Local, a.Value)
				}
				wanted = append(wanted, m[1]+m[2])
			case strings.Contains(a.Value, "NaN") || strings.Contains(a.Value, "Inf"):
				t.Errorf("%s is %q", a.Name.Local, a.Value)
			}
		}
	}
	for _, id := range wanted {
		if !ids[id] {
			t.Errorf("nothing has the id %s", id)
		}
	}
}

func TestLabelsAreEscaped(t *testing.T) {
	s := curb()
	s.Label = `"><script>alert(1)</script>&`
	checkElements(t, s.SVG())
}

// TestSilhouettesDiffer compares the shapes alone, without a color: at each place the height of
// what is seen first from above, and from below.
func TestSilhouettesDiffer(t *testing.T) {
	shoes := Shoes()
	for i, a := range shoes {
		for _, b := range shoes[:i] {
			topA, lowA := a.profile()
			topB, lowB := b.profile()
			if d := meanDistance(topA, topB) + meanDistance(lowA, lowB); d < 20 {
				t.Errorf("%s and %s have nearly the same shape: %.1f units between them", a.File, b.File, d)
			}
			if a.File == b.File || a.Label == b.Label {
				t.Errorf("two shoes are %s, %s", a.File, a.Label)
			}
		}
	}
}

func (s Shoe) profile() (top, low []float64) {
	top, low = make([]float64, 96), make([]float64, 96)
	for i := range top {
		top[i], low[i] = 560, 400
	}
	curves := []Curve{s.Upper.Outline, s.Sole.outline()}
	for _, p := range s.Far {
		curves = append(curves, p.Outline)
	}
	for _, l := range s.Loops {
		curves = append(curves, l.Line)
	}
	for _, c := range curves {
		for _, p := range c.measure(true).points {
			i := int(p.X / 10)
			top[i], low[i] = min(top[i], p.Y), max(low[i], p.Y)
		}
	}
	return top, low
}

func meanDistance(a, b []float64) float64 {
	sum := 0.0
	for i := range a {
		sum += math.Abs(a[i] - b[i])
	}
	return sum / float64(len(a))
}

// TestInsideTheImage also finds knots with a slip, which would throw a curve far away.
func TestInsideTheImage(t *testing.T) {
	for _, s := range Shoes() {
		for _, c := range []Curve{s.Upper.Outline, s.Sole.outline()} {
			for _, p := range c.measure(true).points {
				if p.X < 60 || p.X > 920 || p.Y < 20 || p.Y > 560 {
					t.Errorf("%s reaches %v", s.File, p)
				}
			}
		}
	}
}
