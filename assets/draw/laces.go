package draw

// laces draws eyelets, then all laces three times: their shade, themselves, the light on them.
func (d *drawing) laces(l Laces) {
	m := l.Eyelets.measure(false)
	var starts, ends []Point
	for i := range l.Count {
		f := float64(i) / float64(max(l.Count-1, 1))
		p, _ := m.at(f)
		starts, ends = append(starts, p), append(ends, p.add(between(l.First, l.Last, f)))
	}
	if l.Eyelet > 0 {
		holes := &pen{}
		for _, p := range starts {
			holes.dot(p)
		}
		d.line(holes.data.String(), l.Ring, 2*l.Eyelet+5, "")
		d.line(holes.data.String(), l.Hole, 2*l.Eyelet, "")
	}
	p := &pen{}
	for i := range starts {
		p.bow(starts[i], ends[i], l.Bow)
		if l.Cross && i+1 < len(starts) {
			p.bow(ends[i+1], starts[i], -l.Bow)
		}
	}
	path := d.shape(p.data.String())
	d.addf(`<use href="#%s" stroke="%s" stroke-width="%s" opacity=".45" transform="translate(-1 5)"/>`,
		path, l.Shade, number(l.Width+1))
	d.addf(`<use href="#%s" stroke="%s" stroke-width="%s"/>`, path, l.Base, number(l.Width))
	d.addf(`<use href="#%s" stroke="%s" stroke-width="%s" transform="translate(-1 -1.6)"/>`,
		path, l.Light, number(l.Width*0.42))
}

// bow draws a line that bulges to its left.
func (p *pen) bow(from, to Point, bulge float64) {
	p.move(from)
	p.arc(between(from, to, 0.5).add(to.sub(from).unit().left().mul(bulge)), to)
}
