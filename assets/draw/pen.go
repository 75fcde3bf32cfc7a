package draw

import (
	"math"
	"strconv"
	"strings"
)

// pen writes the data of an SVG path. All its points are whole numbers, and relative to the one
// before: half of a unit is not seen, and a drawing needs half as many bytes.
type pen struct {
	data strings.Builder
	x, y int
}

func (p *pen) move(to Point)     { p.add("m", to) }
func (p *pen) line(to ...Point)  { p.add("l", to...) }
func (p *pen) arc(via, to Point) { p.add("q", via, to) }
func (p *pen) dot(at Point)      { p.add("m", at); p.data.WriteString("h0") }
func (p *pen) close()            { p.data.WriteString("z") }

func (p *pen) curve(c Curve, closed bool) {
	p.move(c[0].point())
	for i, s := range c.cubics(closed) {
		next := c[(i+1)%len(c)]
		if end := !closed && (i == 0 || i == len(c)-2); c[i][2] == corner && next[2] == corner || end && len(c) == 2 {
			p.line(s[3])
			continue
		}
		p.add("c", s[1], s[2], s[3])
	}
	if closed {
		p.close()
	}
}

// add writes a command. The pen is at the last point then. A line has each point behind the one
// before, all other commands have theirs relative to the pen.
func (p *pen) add(command string, points ...Point) {
	p.data.WriteString(command)
	x, y := p.x, p.y
	for i, to := range points {
		x, y = int(math.Round(to.X)), int(math.Round(to.Y))
		p.number(x-p.x, i == 0)
		p.number(y-p.y, false)
		if command == "l" {
			p.x, p.y = x, y
		}
	}
	p.x, p.y = x, y
}

// number writes a number; a minus sign needs no space before it.
func (p *pen) number(n int, first bool) {
	if !first && n >= 0 {
		p.data.WriteByte(' ')
	}
	p.data.WriteString(strconv.Itoa(n))
}

// number writes what is no path, to a tenth.
func number(f float64) string {
	f = math.Round(f*10) / 10
	if f == 0 {
		return "0" // and not -0
	}
	return strconv.FormatFloat(f, 'f', -1, 64)
}
