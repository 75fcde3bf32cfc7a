package draw

// Shoe is all that a drawing is made of. It is seen from its right side: the heel is at the left.
type Shoe struct {
	File  string // name of the file, without its ending
	Label string // says what is drawn, to those who do not see it

	Shadow Glow    // on the ground
	Loops  []Loop  // to pull the shoe on
	Far    []Panel // what is behind the upper: tongue, lining
	Upper  Panel
	Panels []Panel // on the upper, from below to above
	Laces  []Laces
	Top    []Panel // above the laces, and beyond the upper: straps
	Sole   Sole
}

// Panel is a piece of material.
type Panel struct {
	Outline  Curve // closed
	Paint    Paint
	Texture  Texture
	Lift     float64 // how far its shadow falls; 0 for none
	Edge     float64 // opacity of the shade along its edge, which makes it round
	Glows    []Glow
	Strokes  []Stroke // on the panel: what is outside is cut off
	Ripples  []Ripples
	Dots     []Dots
	Stitches []Stitch
}

// Loop is a ribbon.
type Loop struct {
	Line        Curve
	Width       float64
	Base, Light string
}

// Stitch is a seam along the edge of a panel, between two of its knots.
type Stitch struct {
	From, To float64 // numbers of knots; fractions are between them
	Inset    float64
	Color    string
}

// Stroke is a line.
type Stroke struct {
	Line    Curve
	Color   Paint
	Width   float64
	Opacity float64 // 0 means 1
	Blur    Blur
}

// Blur is how soft an edge is.
type Blur string

// The kinds of blur.
const (
	Sharp Blur = ""
	Near  Blur = "near" // as the shadow of a panel
	Soft  Blur = "soft" // as light on a round surface
)

// Glow is an ellipse of light or shade.
type Glow struct {
	At      Point
	RX, RY  float64
	Turn    float64 // in degrees
	Color   string
	Opacity float64
	Blur    Blur
}

// Ripples are lines that turn one curve into another. Both have the same number of knots.
type Ripples struct {
	From, To Curve
	Count    int
	Color    string
	Width    float64
	Opacity  float64
}

// Dots are holes in rows, which turn one curve into another.
type Dots struct {
	From, To Curve
	Rows     int
	Each     int // in a row
	Radius   float64
	Color    string
	Opacity  float64
}

// Laces run from eyelets to the other side of the tongue.
type Laces struct {
	Eyelets     Curve // from the ankle to the toe
	Count       int
	First, Last Point   // how far the first and the last lace reaches
	Bow         float64 // how round they are
	Cross       bool    // each also runs to the next one's end
	Width       float64
	Base        string
	Light       string
	Shade       string
	Eyelet      float64 // radius; 0 for none
	Hole, Ring  string  // colors of eyelets
}

// Sole is what is below the upper. Places on it are shares: u runs from heel to toe, v from the
// upper edge to the lower one.
type Sole struct {
	Top, Bottom Curve // both from heel to toe
	Heel, Toe   Curve // rounds both ends, from the bottom up and from the top down
	Paint       Paint
	Layers      []Layer
	Lines       []SoleLine
	Ribs        []Ribs
	Windows     []Window
	Glows       []Glow
	Tread       Tread
}

// Layer is a part of the sole below a line.
type Layer struct {
	Depths []float64 // v of the line, at places that are evenly spread
	Paint  Paint
	Line   string // color of its edge; "" for none
}

// SoleLine is a stripe around the sole.
type SoleLine struct {
	From, To float64   // u
	Depths   []float64 // v
	Color    Paint
	Width    float64
	Opacity  float64 // 0 means 1
}

// Ribs are short grooves across the sole.
type Ribs struct {
	From, To   float64 // u
	Upper, Low float64 // v
	Count      int
	Lean       float64 // u by which the lower end is farther to the toe
	Color      string
	Width      float64
}

// Window is a hole through the foam, or a pod in it.
type Window struct {
	U, V, RX, RY, Turn float64
	Paint              Paint
	Rim                string // color of the light on its lower edge
}

// Tread is the rubber below, with lugs.
type Tread struct {
	Thick    float64 // of the rubber
	Lug      float64 // how high lugs are; 0 for a plain sole
	Wide     float64 // of a lug
	Gap      float64
	Lean     float64   // by how much a lug's tip is farther to the heel
	From, To float64   // u between which there are lugs
	Skip     []float64 // pairs of u between which there are none
	Paint    Paint
	Light    string // color of its upper edge
}

// Paint is one color, or several that fade into each other from the upper left corner of a panel.
type Paint struct {
	Stops []string
	To    Point // where the last color is reached, as shares of the panel's width and height
}

func plain(color string) Paint { return Paint{Stops: []string{color}} }

func down(stops ...string) Paint { return Paint{stops, Point{0.2, 1}} }

func across(stops ...string) Paint { return Paint{stops, Point{1, 0.2}} }

func slant(stops ...string) Paint { return Paint{stops, Point{0.7, 1}} }

// Texture is a pattern on a material.
type Texture struct {
	Weave   Weave
	Color   string
	Opacity float64
	Turn    float64 // in degrees
	Scale   float64 // 0 means 1
}

// Weave is a kind of pattern: the path of one of its squares, which are 8 wide.
type Weave string

// The weaves.
const (
	None    Weave = ""
	Suede   Weave = "M1 1l2 .6M5 2.4l1.4-.8M2.4 5.4l1.6.6M6 6.6l1.6-.4"
	Knit    Weave = "M0 1l2 3 2-3M4 5l2 3 2-3"
	Ripstop Weave = "M0 .5h8M.5 0v8"
	Pebble  Weave = "M2 1.4a1.4 1.4 0 1 1-.1 0M6 5.2a1.4 1.4 0 1 1-.1 0"
)
