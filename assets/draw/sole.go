package draw

import (
	"math"
	"slices"
)

// grid finds places on a sole.
type grid struct{ top, bottom measured }

func (g grid) at(u, v float64) Point {
	a, _ := g.top.at(u)
	b, _ := g.bottom.at(u)
	return between(a, b, v)
}

// line returns a curve around the sole, from heel to toe.
func (g grid) line(from, to float64, depths []float64) Curve {
	n := max(len(depths), 5) // knots
	out := make(Curve, n)
	for i := range n {
		f := float64(i) / float64(n-1)
		at := f * float64(len(depths)-1)
		left := min(int(at), len(depths)-1)
		right := min(left+1, len(depths)-1)
		v := depths[left] + (depths[right]-depths[left])*(at-float64(left))
		p := g.at(from+(to-from)*f, v)
		out[i] = Knot{p.X, p.Y}
	}
	return out
}

// outline returns the closed curve around the sole, from the heel's upper end on.
func (s Sole) outline() Curve {
	return slices.Concat(s.Top, s.Toe, s.Bottom.reversed(), s.Heel)
}

// sole draws the foam with what is on it, and the rubber below.
func (d *drawing) sole(s Sole) {
	g := grid{s.Top.measure(false), s.Bottom.measure(false)}
	d.tread(s, g)
	shape := d.shape(s.outline().path(true))
	d.addf(`<use href="#%s" fill="`+dark+`" opacity=".3" transform="translate(0 -4)" filter="url(#near)"`+
		` clip-path="url(#%s)"/>`, shape, d.upper)
	d.addf(`<use href="#%s" fill="%s"/>`, shape, d.paint(s.Paint))
	d.addf(`<g clip-path="url(#%s)">`, d.clip(shape))
	for _, l := range s.Layers {
		d.layer(l, g)
	}
	d.line(slices.Concat(s.Toe, s.Bottom.reversed(), s.Heel).path(false), dark, 22, attrs(0.32, Soft))
	d.line(s.Top.lower(5).path(false), "#fff", 4, ` opacity=".8"`)
	for _, l := range s.Lines {
		d.line(g.line(l.From, l.To, l.Depths).path(false), d.paint(l.Color), l.Width,
			attrs(l.Opacity, Sharp))
	}
	for _, r := range s.Ribs {
		d.ribs(r, g)
	}
	for _, w := range s.Windows {
		d.window(w, g)
	}
	for _, glow := range s.Glows {
		d.glow(glow)
	}
	d.addf(`</g>`)
}

func (d *drawing) layer(l Layer, g grid) {
	edge := g.line(0, 1, l.Depths)
	area := slices.Concat(Curve{{edge[0][0] - 80, edge[0][1], corner}}, edge,
		Curve{{edge[len(edge)-1][0] + 80, edge[len(edge)-1][1], corner}, {960, 600, corner}, {0, 600, corner}})
	d.addf(`<path d="%s" fill="%s"/>`, area.path(true), d.paint(l.Paint))
	if l.Line != "" {
		d.line(area[:len(area)-2].path(false), l.Line, 2.5, "")
	}
}

func (d *drawing) ribs(r Ribs, g grid) {
	p := &pen{}
	for i := range r.Count {
		u := r.From + (r.To-r.From)*float64(i)/float64(max(r.Count-1, 1))
		p.move(g.at(u, r.Upper))
		p.line(g.at(u+r.Lean, r.Low))
	}
	d.line(p.data.String(), r.Color, r.Width, "")
}

func (d *drawing) window(w Window, g grid) {
	at := g.at(w.U, w.V)
	d.glow(Glow{At: at.add(Point{0, 2.5}), RX: w.RX, RY: w.RY, Turn: w.Turn, Color: w.Rim, Opacity: 0.9})
	d.glow(Glow{At: at, RX: w.RX, RY: w.RY, Turn: w.Turn, Color: d.paint(w.Paint), Opacity: 1})
}

// tread draws the rubber: a band along the bottom, from whose lower edge lugs stand out.
func (d *drawing) tread(s Sole, g grid) {
	t := s.Tread
	if t.Thick == 0 {
		return
	}
	length := g.bottom.length()
	below := func(u, out, back float64) Point {
		at, dir := g.bottom.at(u)
		out *= min(1, math.Sqrt(u*14), math.Sqrt((1-u)*14)) // both ends run out
		return at.sub(dir.left().mul(out)).sub(dir.mul(back))
	}
	p := &pen{}
	p.move(g.at(0.02, 0.85))
	for u := 0.0; u <= 1; {
		end := u + t.Wide/length
		if t.Lug == 0 || u < t.From || end > t.To || skipped(t.Skip, u) {
			p.line(below(u, t.Thick, 0))
			u += 24 / length
			continue
		}
		p.line(below(u, t.Thick, 0), below(u, t.Thick+t.Lug, t.Lean-2),
			below(end, t.Thick+t.Lug, t.Lean+2), below(end, t.Thick, 0))
		u = end + t.Gap/length
	}
	p.line(below(1, t.Thick, 0))
	for i := range 7 {
		p.line(g.at(0.98-0.16*float64(i), 0.85))
	}
	p.close()
	d.addf(`<path d="%s" fill="%s"/>`, &p.data, d.paint(t.Paint))
	if t.Light != "" {
		rim := s.Bottom.lower(2.5)
		d.line(rim[1:len(rim)-1].path(false), t.Light, 2.5, ` opacity=".7"`)
	}
}

func skipped(pairs []float64, u float64) bool {
	for i := 0; i+1 < len(pairs); i += 2 {
		if u >= pairs[i] && u < pairs[i+1] {
			return true
		}
	}
	return false
}
