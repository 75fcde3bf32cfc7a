package draw

import "fmt"

// panel draws a piece of material: its shadow, itself, what is on it, its seams.
func (d *drawing) panel(p Panel) {
	outline := p.Outline.path(true)
	look := fmt.Sprintf(`fill="%s"`, d.paint(p.Paint))
	if p.Lift != 0 {
		look += fmt.Sprintf(` filter="url(#%s)"`, d.lift(p.Lift))
	}
	detailed := p.Edge > 0 || len(p.Glows)+len(p.Strokes)+len(p.Ripples)+len(p.Dots) > 0
	if !detailed && p.Texture.Weave == None {
		d.addf(`<path d="%s" %s/>`, outline, look)
	} else {
		d.material(d.shape(outline), look, p, detailed)
	}
	d.stitches(p)
}

// material draws a panel that has a texture or details.
func (d *drawing) material(shape, look string, p Panel, detailed bool) {
	d.addf(`<use href="#%s" %s/>`, shape, look)
	if p.Texture.Weave != None {
		d.addf(`<use href="#%s" fill="url(#%s)"/>`, shape, d.texture(p.Texture))
	}
	if !detailed {
		return
	}
	d.addf(`<g clip-path="url(#%s)">`, d.clip(shape))
	if p.Edge > 0 {
		d.addf(`<use href="#%s" stroke="`+dark+`" stroke-width="26"%s/>`, shape, attrs(p.Edge, Soft))
	}
	d.details(p)
	d.addf(`</g>`)
}

// lift returns the id of the filter that lets a panel throw a shadow.
func (d *drawing) lift(height float64) string {
	return d.def(fmt.Sprintf(`<filter id="ID" x="-20%%" y="-40%%" width="140%%" height="180%%">`+
		`<feDropShadow dx="-1" dy="%s" stdDeviation="3" flood-color="`+dark+`" flood-opacity=".42"/></filter>`,
		number(height)))
}

func (d *drawing) details(p Panel) {
	for _, r := range p.Ripples {
		d.ripples(r)
	}
	for _, dots := range p.Dots {
		d.dots(dots)
	}
	for _, s := range p.Strokes {
		d.stroke(s)
	}
	for _, g := range p.Glows {
		d.glow(g)
	}
}

// loop draws a ribbon with a seam in its middle.
func (d *drawing) loop(l Loop) {
	path := l.Line.path(false)
	d.line(path, l.Base, l.Width, "")
	d.line(path, l.Light, l.Width*0.24, ` stroke-dasharray="5 5"`)
}

// texture returns the id of a pattern.
func (d *drawing) texture(t Texture) string {
	scale := t.Scale
	if scale == 0 {
		scale = 1
	}
	return d.def(fmt.Sprintf(`<pattern id="ID" width="8" height="8" patternUnits="userSpaceOnUse"`+
		` patternTransform="rotate(%s) scale(%s)"><path d="%s" stroke="%s" stroke-width=".9" opacity="%s"/></pattern>`,
		number(t.Turn), hundredths(scale), t.Weave, t.Color, hundredths(t.Opacity)))
}

// ripples draws all lines as one path.
func (d *drawing) ripples(r Ripples) {
	p := &pen{}
	for i := range r.Count {
		p.curve(blend(r.From, r.To, float64(i)/float64(max(r.Count-1, 1))), false)
	}
	d.line(p.data.String(), r.Color, r.Width, attrs(r.Opacity, Sharp))
}

// blend returns a curve between two.
func blend(a, b Curve, f float64) Curve {
	out := make(Curve, len(a))
	for i := range a {
		p := between(a[i].point(), b[i].point(), f)
		out[i] = Knot{p.X, p.Y, a[i][2]}
	}
	return out
}

// dots draws all holes as one path: lines without a length, whose ends are round.
func (d *drawing) dots(dots Dots) {
	p := &pen{}
	for row := range dots.Rows {
		m := blend(dots.From, dots.To, float64(row)/float64(max(dots.Rows-1, 1))).measure(false)
		for i := range dots.Each {
			at, _ := m.at((float64(i) + float64(row%2)/2) / float64(dots.Each))
			p.dot(at)
		}
	}
	d.line(p.data.String(), dots.Color, 2*dots.Radius, attrs(dots.Opacity, Sharp))
}

// stitches draws the seams of a panel, those of one color as one path.
func (d *drawing) stitches(p Panel) {
	side := 1.0
	if p.Outline.clockwise() {
		side = -1
	}
	for i := 0; i < len(p.Stitches); {
		seam, color := &pen{}, p.Stitches[i].Color
		for ; i < len(p.Stitches) && p.Stitches[i].Color == color; i++ {
			s := p.Stitches[i]
			seam.curve(p.Outline.beside(true, s.From, s.To, side*s.Inset), false)
		}
		d.line(seam.data.String(), color, 2.2, ` stroke-dasharray="7 5"`)
	}
}
