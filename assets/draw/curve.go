package draw

import "math"

// Point is a place in the drawing, which is 960 wide and 600 high; y grows downwards.
type Point struct{ X, Y float64 }

func (p Point) add(q Point) Point         { return Point{p.X + q.X, p.Y + q.Y} }
func (p Point) sub(q Point) Point         { return Point{p.X - q.X, p.Y - q.Y} }
func (p Point) mul(f float64) Point       { return Point{p.X * f, p.Y * f} }
func (p Point) length() float64           { return math.Hypot(p.X, p.Y) }
func (p Point) left() Point               { return Point{p.Y, -p.X} } // a quarter turn
func between(p, q Point, f float64) Point { return p.add(q.sub(p).mul(f)) }

func (p Point) unit() Point {
	if l := p.length(); l > 0 {
		return p.mul(1 / l)
	}
	return p
}

// Knot is a point that a curve passes: x, y, and [corner] if the curve turns sharply there.
type Knot [3]float64

const corner = 1

func (k Knot) point() Point { return Point{k[0], k[1]} }

// Curve is a smooth line through its knots.
type Curve []Knot

// cubic is a Bézier curve: two ends, and two control points between them.
type cubic [4]Point

func (c cubic) at(t float64) Point {
	a, b, d := between(c[0], c[1], t), between(c[1], c[2], t), between(c[2], c[3], t)
	return between(between(a, b, t), between(b, d, t), t)
}

// cubics returns a Bézier curve for each pair of neighbours. At a knot that is no corner both
// curves have the tangent of the circle through the knot and its neighbours, roughly.
func (c Curve) cubics(closed bool) []cubic {
	n := len(c)
	tangent := make([]Point, n) // zero at corners and ends
	for i := range c {
		if c[i][2] == corner || !closed && (i == 0 || i == n-1) {
			continue
		}
		before := c[i].point().sub(c[(i+n-1)%n].point())
		after := c[(i+1)%n].point().sub(c[i].point())
		tangent[i] = before.unit().mul(after.length()).add(after.unit().mul(before.length())).unit()
	}
	last := n - 1
	if closed {
		last = n
	}
	out := make([]cubic, 0, last)
	for i := range last {
		a, b := c[i].point(), c[(i+1)%n].point()
		chord := b.sub(a)
		start, end := tangent[i], tangent[(i+1)%n]
		if start == (Point{}) {
			start = mirrored(end, chord)
		}
		if end == (Point{}) {
			end = mirrored(start, chord)
		}
		third := chord.length() / 3
		out = append(out, cubic{a, a.add(start.mul(third)), b.sub(end.mul(third)), b})
	}
	return out
}

// mirrored returns the tangent at the free end of an arc, of which the other end's tangent is
// known.
func mirrored(tangent, chord Point) Point {
	along := chord.unit()
	if tangent == (Point{}) {
		return along
	}
	return along.mul(2 * (along.X*tangent.X + along.Y*tangent.Y)).sub(tangent)
}

// path returns the curve as the data of an SVG path.
func (c Curve) path(closed bool) string {
	p := &pen{}
	p.curve(c, closed)
	return p.data.String()
}

// steps is how many straight pieces stand for a Bézier curve where it is measured.
const steps = 16

// measured is a curve that was cut into short pieces, to find points by their distance.
type measured struct {
	points []Point
	sums   []float64 // length up to each point
}

func (c Curve) measure(closed bool) measured {
	m := measured{}
	for i, s := range c.cubics(closed) {
		if i == 0 {
			m.points, m.sums = append(m.points, s[0]), append(m.sums, 0)
		}
		for j := range steps {
			p := s.at(float64(j+1) / steps)
			m.sums = append(m.sums, m.length()+p.sub(m.points[len(m.points)-1]).length())
			m.points = append(m.points, p)
		}
	}
	return m
}

func (m measured) length() float64 { return m.sums[len(m.sums)-1] }

// at returns the point at a share of the length, from 0 to 1, and the direction of the curve there.
func (m measured) at(share float64) (Point, Point) {
	want := min(max(share, 0), 1) * m.length()
	i := 1
	for i < len(m.sums)-1 && m.sums[i] < want {
		i++
	}
	a, b := m.points[i-1], m.points[i]
	f := 0.0
	if gap := m.sums[i] - m.sums[i-1]; gap > 0 {
		f = (want - m.sums[i-1]) / gap
	}
	return between(a, b, f), b.sub(a).unit()
}

// share returns where a knot is, as a share of the length. Between knots there are fractions.
func (m measured) share(knot float64) float64 {
	i := min(max(int(math.Round(knot*steps)), 0), len(m.sums)-1)
	return m.sums[i] / m.length()
}

// beside returns a curve at a distance to the left of this one, between two of its knots.
func (c Curve) beside(closed bool, from, to, distance float64) Curve {
	m := c.measure(closed)
	start, end := m.share(from), m.share(to)
	n := max(2, int((end-start)*m.length()/70))
	var out Curve
	for i := range n + 1 {
		p, dir := m.at(start + (end-start)*float64(i)/float64(n))
		p = p.add(dir.left().mul(distance))
		out = append(out, Knot{p.X, p.Y})
	}
	return out
}

// lower returns the curve so far below.
func (c Curve) lower(by float64) Curve {
	out := make(Curve, len(c))
	for i, k := range c {
		out[i] = Knot{k[0], k[1] + by, k[2]}
	}
	return out
}

// clockwise reports whether a closed curve turns to the right, as one sees it.
func (c Curve) clockwise() bool {
	area := 0.0
	for i := range c {
		p, q := c[i].point(), c[(i+1)%len(c)].point()
		area += p.X*q.Y - q.X*p.Y
	}
	return area > 0
}

// reversed returns the knots in the other order.
func (c Curve) reversed() Curve {
	out := make(Curve, len(c))
	for i, k := range c {
		out[len(c)-1-i] = k
	}
	return out
}
