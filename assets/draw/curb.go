package draw

var curbSuede = Texture{Weave: Suede, Color: "#06281d", Opacity: 0.5, Turn: 24}

const curbThread = "#f4e7c8"

// curb is a low skate shoe: a flat vulcanized sole, a fat tongue, and suede.
func curb() Shoe {
	return Shoe{
		File:   "curb-cut-low",
		Label:  "Curb Cut Low, a flat skate shoe in pine green suede on a gum sole",
		Shadow: Glow{At: Point{492, 538}, RX: 400, RY: 30, Color: "#101a18"},
		Far:    curbFar(),
		Upper:  curbUpper(),
		Panels: curbPanels(),
		Laces: []Laces{{
			Eyelets: Curve{{392, 282}, {452, 326}, {520, 362}, {590, 388}}, Count: 6,
			First: Point{46, -36}, Last: Point{34, -32}, Bow: 4, Width: 15, Base: "#e6d6ae", Light: "#fff9e8",
			Shade:  "#06281d",
			Eyelet: 5, Hole: "#06281d", Ring: "#cfe9dc",
		}},
		Sole: curbSole(),
	}
}

func curbFar() []Panel {
	return []Panel{
		{ // lining, behind the collar
			Outline: Curve{
				{150, 290, corner}, {190, 262}, {262, 262}, {330, 274}, {380, 300, corner}, {300, 330},
				{200, 320},
			},
			Paint: across("#0c2b22", "#1d5a49"),
		},
		{ // tongue
			Outline: Curve{
				{322, 300, corner}, {330, 252}, {352, 206}, {388, 184}, {426, 190}, {444, 216}, {470, 256},
				{532, 304}, {620, 352, corner}, {560, 392}, {420, 350},
			},
			Paint: slant("#4c9b7e", "#2b7a5f", "#154b3a"),
			Glows: []Glow{{Point{388, 206}, 40, 12, -12, "#d8ffe9", 0.5, Near}},
			Strokes: []Stroke{
				{
					Line: Curve{{446, 214}, {470, 256}, {532, 304}, {620, 352}}, Color: plain("#06281d"),
					Width: 26, Opacity: 0.55, Blur: Near,
				},
			},
			Stitches: []Stitch{{From: 1.2, To: 4.8, Inset: 9, Color: curbThread}},
		},
		{ // label on the tongue
			Outline: Curve{{356, 222, corner}, {390, 204, corner}, {408, 234, corner}, {374, 254, corner}},
			Paint:   plain(curbThread),
			Strokes: []Stroke{{
				Line:  Curve{{366, 234, corner}, {379, 227, corner}, {383, 234, corner}, {398, 226, corner}},
				Color: plain("#c1562b"), Width: 5,
			}},
		},
	}
}

func curbUpper() Panel {
	return Panel{
		Outline: Curve{
			{148, 480, corner}, {140, 430}, {143, 370}, {150, 322}, {144, 282}, {162, 266}, {200, 280},
			{262, 304}, {324, 300},
			{372, 262, corner}, {404, 258}, {452, 302}, {520, 342}, {600, 368}, {680, 370}, {760, 378},
			{822, 402}, {850, 446}, {852, 470, corner},
			{842, 490, corner},
		},
		Paint:   slant("#3d9477", "#237158", "#114736"),
		Texture: curbSuede,
		Edge:    0.5,
		Glows: []Glow{
			{Point{250, 352}, 92, 26, 8, "#bff5dc", 0.4, Soft},
			{Point{716, 404}, 78, 13, 12, "#d9ffec", 0.55, Soft},
		},
	}
}

func curbPanels() []Panel {
	return []Panel{
		{ // toe box
			Outline: Curve{
				{580, 350, corner}, {680, 362}, {760, 368}, {830, 396}, {862, 446}, {864, 500, corner},
				{652, 500, corner}, {664, 456},
				{640, 412},
			},
			Paint:   slant("#3d9477", "#237a5e", "#14503e"),
			Texture: curbSuede,
			Lift:    3,
			Dots: []Dots{{
				From: Curve{{676, 392}, {716, 396}, {760, 408}}, To: Curve{{684, 428}, {724, 432}, {762, 440}},
				Rows: 4, Each: 7, Radius: 2.5, Color: "#072a1f", Opacity: 0.75,
			}},
			Edge:  0.3,
			Glows: []Glow{{Point{752, 390}, 76, 9, 14, "#d9ffec", 0.65, Soft}},
			Stitches: []Stitch{
				{From: 6.1, To: 7.9, Inset: 8, Color: curbThread}, {From: 6.1, To: 7.9, Inset: 16, Color: curbThread},
			},
		},
		{ // heel counter
			Outline: Curve{
				{120, 500, corner}, {120, 330, corner}, {158, 338}, {212, 368}, {250, 428}, {262, 500, corner},
			},
			Paint:   down("#1f6850", "#0f4031"),
			Texture: curbSuede,
			Lift:    4,
			Edge:    0.35,
			Glows:   []Glow{{Point{176, 392}, 16, 44, -8, "#a9ecd0", 0.4, Soft}},
			Stitches: []Stitch{
				{From: 1.5, To: 4.6, Inset: 8, Color: curbThread}, {From: 1.6, To: 4.6, Inset: 16, Color: curbThread},
			},
		},
		{ // the curb: a kerb stone, down, and the street
			Outline: Curve{
				{268, 424, corner}, {446, 374, corner}, {468, 428, corner}, {640, 434, corner},
				{648, 462, corner},
				{444, 462, corner}, {422, 410, corner}, {278, 452, corner},
			},
			Paint: down("#fffaf0", "#f1e2bd", "#d8c492"),
			Lift:  4,
			Stitches: []Stitch{
				{From: 0.06, To: 0.95, Inset: 5, Color: "#b98d4c"},
				{From: 2.05, To: 2.95, Inset: 5, Color: "#b98d4c"},
			},
		},
		{ // eyestay
			Outline: Curve{
				{330, 292, corner}, {372, 256, corner}, {406, 254}, {452, 300}, {520, 340}, {600, 366},
				{634, 370, corner}, {638, 396},
				{604, 412}, {520, 396}, {430, 356}, {366, 318, corner},
			},
			Paint:    across("#2f8a6d", "#1f6b54"),
			Texture:  curbSuede,
			Lift:     4,
			Glows:    []Glow{{Point{448, 312}, 92, 8, 33, "#c9ffe6", 0.5, Near}},
			Stitches: []Stitch{{From: 6.3, To: 10.7, Inset: 8, Color: curbThread}},
		},
		{ // collar
			Outline: Curve{
				{138, 300, corner}, {143, 276}, {162, 260}, {200, 276}, {262, 300}, {324, 297},
				{374, 256, corner}, {366, 320, corner},
				{320, 336}, {258, 338}, {190, 314}, {152, 318},
			},
			Paint:    down("#37a07f", "#1b5c48"),
			Glows:    []Glow{{Point{240, 312}, 90, 5, 10, "#d5ffe9", 0.6, Near}},
			Lift:     4,
			Stitches: []Stitch{{From: 7.3, To: 10.6, Inset: 7, Color: curbThread}},
		},
	}
}

func curbSole() Sole {
	return Sole{
		Top:    Curve{{134, 462}, {230, 470}, {360, 474}, {500, 476}, {640, 474}, {760, 470}, {850, 462}},
		Bottom: Curve{{142, 524}, {230, 528}, {360, 529}, {500, 529}, {640, 528}, {760, 527}, {842, 518}},
		Heel:   Curve{{128, 510}, {126, 474}},
		Toe:    Curve{{868, 474}, {864, 502}},
		Paint:  down("#fff8e6", "#f2e4c4", "#dcc798"),
		Lines: []SoleLine{
			{From: 0, To: 1, Depths: []float64{0.34}, Color: plain("#1f6850"), Width: 5},
			{From: 0, To: 1, Depths: []float64{0.72}, Color: plain("#b98d4c"), Width: 1.6, Opacity: 0.8},
		},
		Layers: []Layer{{Depths: []float64{0.76}, Paint: across("#a9652c", "#c98444", "#a35f28")}},
		Ribs: []Ribs{
			{From: 0.885, To: 0.995, Upper: 0.1, Low: 0.68, Count: 14, Color: "#d8c492", Width: 3},
			{From: 0.0, To: 0.05, Upper: 0.42, Low: 0.68, Count: 5, Color: "#d8c492", Width: 3},
		},
		Tread: Tread{Thick: 6, Paint: across("#7c431a", "#a9652c", "#7c431a")},
	}
}
