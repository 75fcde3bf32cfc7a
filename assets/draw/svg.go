package draw

import (
	"bytes"
	"fmt"
	"html"
	"math"
	"strconv"
	"strings"
)

// SVG returns the drawing of a shoe. The same shoe always gives the same bytes.
func (s Shoe) SVG() []byte {
	d := &drawing{named: make(map[string]string)}
	d.shadow(s.Shadow)
	for _, l := range s.Loops {
		d.loop(l)
	}
	for _, p := range s.Far {
		d.panel(p)
	}
	d.panel(s.Upper)
	d.upper = d.clip(d.shape(s.Upper.Outline.path(true)))
	d.addf(`<g clip-path="url(#%s)">`, d.upper)
	for _, p := range s.Panels {
		d.panel(p)
	}
	d.addf(`</g>`)
	for _, l := range s.Laces {
		d.laces(l)
	}
	for _, p := range s.Top {
		d.panel(p)
	}
	d.sole(s.Sole)

	out := &bytes.Buffer{}
	fmt.Fprintf(out, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 960 600" role="img" aria-label="%s"`+
		` fill="none" stroke-linecap="round">`, html.EscapeString(s.Label))
	out.WriteString("\n<defs>\n" + filters)
	out.WriteString(d.defs.String())
	out.WriteString("</defs>\n")
	out.WriteString(d.body.String())
	out.WriteString("</svg>\n")
	return out.Bytes()
}

// dark is the color of every shade but that on the ground.
const dark = "#120c14"

const filters = `<filter id="soft" x="-60%" y="-150%" width="220%" height="400%">` +
	`<feGaussianBlur stdDeviation="13"/></filter>` + "\n" +
	`<filter id="near" x="-20%" y="-40%" width="140%" height="180%">` +
	`<feGaussianBlur stdDeviation="3"/></filter>` + "\n"

// drawing collects the elements of a file. An element that is used several times is defined once.
type drawing struct {
	defs, body strings.Builder
	named      map[string]string // ids, by what they stand for
	upper      string            // id of the clip of the upper
}

// def defines an element, unless it is defined already, and returns its id. The format has a place
// for the id.
func (d *drawing) def(format string) string {
	id, ok := d.named[format]
	if !ok {
		id = "d" + strconv.Itoa(len(d.named))
		d.named[format] = id
		d.defs.WriteString(strings.Replace(format, "ID", id, 1) + "\n")
	}
	return id
}

func (d *drawing) shape(path string) string { return d.def(`<path id="ID" d="` + path + `"/>`) }

func (d *drawing) clip(shape string) string {
	return d.def(`<clipPath id="ID"><use href="#` + shape + `"/></clipPath>`)
}

func (d *drawing) addf(format string, args ...any) { fmt.Fprintf(&d.body, format+"\n", args...) }

// paint returns what fill and stroke are set to.
func (d *drawing) paint(p Paint) string {
	switch len(p.Stops) {
	case 0:
		return "none"
	case 1:
		return p.Stops[0]
	}
	b := &strings.Builder{}
	fmt.Fprintf(b, `<linearGradient id="ID" x2="%s" y2="%s">`, hundredths(p.To.X), hundredths(p.To.Y))
	for i, color := range p.Stops {
		share := float64(i) / float64(len(p.Stops)-1)
		fmt.Fprintf(b, `<stop offset="%s" stop-color="%s"/>`, hundredths(share), color)
	}
	b.WriteString(`</linearGradient>`)
	return "url(#" + d.def(b.String()) + ")"
}

// hundredths writes a share, or an opacity.
func hundredths(f float64) string {
	text := strconv.FormatFloat(math.Round(f*100)/100, 'f', -1, 64)
	if len(text) > 1 {
		text = strings.TrimPrefix(text, "0")
	}
	return text
}

// attrs returns opacity and filter, if there are any.
func attrs(opacity float64, blur Blur) string {
	out := ""
	if opacity != 0 && opacity != 1 {
		out += ` opacity="` + hundredths(opacity) + `"`
	}
	if blur != Sharp {
		out += ` filter="url(#` + string(blur) + `)"`
	}
	return out
}

// shadow draws the shadow on the ground, which fades to its edge.
func (d *drawing) shadow(g Glow) {
	d.defs.WriteString(`<radialGradient id="ground">`)
	for _, stop := range []struct{ at, opacity float64 }{{0, 0.5}, {0.45, 0.4}, {0.75, 0.14}, {1, 0}} {
		fmt.Fprintf(&d.defs, `<stop offset="%s" stop-color="%s" stop-opacity="%s"/>`,
			hundredths(stop.at), g.Color, hundredths(stop.opacity))
	}
	d.defs.WriteString("</radialGradient>\n")
	d.addf(`<ellipse cx="%s" cy="%s" rx="%s" ry="%s" fill="url(#ground)"/>`,
		number(g.At.X), number(g.At.Y), number(g.RX), number(g.RY))
}

func (d *drawing) glow(g Glow) {
	turn := ""
	if g.Turn != 0 {
		turn = fmt.Sprintf(` transform="rotate(%s %s %s)"`, number(g.Turn), number(g.At.X), number(g.At.Y))
	}
	d.addf(`<ellipse cx="%s" cy="%s" rx="%s" ry="%s" fill="%s"%s%s/>`, number(g.At.X), number(g.At.Y),
		number(g.RX), number(g.RY), g.Color, attrs(g.Opacity, g.Blur), turn)
}

func (d *drawing) stroke(s Stroke) {
	d.line(s.Line.path(false), d.paint(s.Color), s.Width, attrs(s.Opacity, s.Blur))
}

// line draws a line. more are other attributes.
func (d *drawing) line(path, color string, width float64, more string) {
	d.addf(`<path d="%s" stroke="%s" stroke-width="%s"%s/>`, path, color, number(width), more)
}
