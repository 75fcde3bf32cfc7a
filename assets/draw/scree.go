package draw

var screeCloth = Texture{Weave: Ripstop, Color: "#dfe8ee", Opacity: 0.2, Turn: 18, Scale: 1.2}

const screeEmber = "#ff6a2b"

// scree is a chunky trail runner: a high flared sole with lugs, a rubber rand, and cord instead of
// laces.
func scree() Shoe {
	return Shoe{
		File:   "scree-45",
		Label:  "Scree 45, a chunky trail running shoe in slate and ember with deep lugs",
		Shadow: Glow{At: Point{492, 543}, RX: 400, RY: 30, Color: "#12161c"},
		Loops: []Loop{{
			Line: Curve{{164, 238}, {136, 210}, {118, 190}, {112, 214}, {122, 252}, {142, 276}}, Width: 18,
			Base: "#e0561c", Light: "#ffe0c4",
		}},
		Far:    screeFar(),
		Upper:  screeUpper(),
		Panels: screePanels(),
		Laces: []Laces{{
			Eyelets: Curve{{400, 262}, {464, 304}, {540, 336}, {616, 356}}, Count: 6,
			First: Point{44, -42}, Last: Point{38, -30}, Bow: 0, Cross: true, Width: 8, Base: "#ffb27d",
			Light: "#fff0e2", Shade: "#0d1217",
			Eyelet: 4.5, Hole: "#0d1217", Ring: "#ff8a4a",
		}},
		Top: []Panel{{ // toggle of the cord
			Outline: Curve{{420, 214, corner}, {446, 196, corner}, {462, 218, corner}, {436, 236, corner}},
			Paint:   slant("#46596a", "#10161c"), Lift: 4,
			Strokes: []Stroke{{Line: Curve{{430, 216}, {446, 205}}, Color: plain(screeEmber), Width: 4}},
		}},
		Sole: screeSole(),
	}
}

func screeFar() []Panel {
	return []Panel{
		{ // lining
			Outline: Curve{
				{160, 240, corner}, {210, 222}, {290, 224}, {350, 232}, {390, 262, corner}, {300, 290},
				{190, 280},
			},
			Paint: across("#0d1218", "#33424f"),
		},
		{ // tongue
			Outline: Curve{
				{340, 262, corner}, {340, 214}, {356, 172}, {384, 158}, {412, 172}, {430, 212}, {474, 254},
				{560, 304},
				{640, 338, corner}, {560, 360}, {420, 320},
			},
			Paint: slant("#ff9a57", "#f2662a", "#b23f10"),
			Strokes: []Stroke{
				{
					Line: Curve{{414, 172}, {432, 212}, {476, 254}, {562, 304}}, Color: plain("#5c1a00"),
					Width: 22, Opacity: 0.5, Blur: Near,
				},
				{Line: Curve{{362, 190}, {384, 174}, {402, 180}}, Color: plain("#ffe0c4"), Width: 4},
			},
		},
	}
}

func screeUpper() Panel {
	return Panel{
		Outline: Curve{
			{150, 452, corner}, {134, 404}, {138, 352}, {146, 304}, {136, 262}, {140, 232}, {164, 228},
			{212, 258}, {280, 274},
			{338, 262}, {382, 238, corner}, {412, 240}, {464, 282}, {540, 320}, {620, 338}, {700, 334},
			{782, 336}, {846, 358},
			{880, 402}, {862, 462, corner}, {500, 490, corner},
		},
		Paint:   across("#33424f", "#55697a", "#7e93a3"),
		Texture: screeCloth,
		Edge:    0.5,
		Glows: []Glow{
			{Point{690, 356}, 90, 12, 4, "#f0f8ff", 0.6, Soft},
			{Point{240, 312}, 90, 20, 8, "#c6dbe8", 0.45, Soft},
		},
	}
}

func screePanels() []Panel {
	return []Panel{
		{ // film over the quarter: three peaks
			Outline: Curve{
				{236, 470, corner}, {322, 352, corner}, {372, 404, corner}, {436, 336, corner},
				{508, 410, corner}, {560, 372, corner},
				{660, 470, corner},
			},
			Paint: down("#26323c", "#141b22"),
			Lift:  3,
			Strokes: []Stroke{
				{
					Line: Curve{
						{322, 354, corner}, {372, 406, corner}, {436, 338, corner}, {508, 412, corner},
						{560, 374, corner}, {650, 462, corner},
					},
					Color: plain(screeEmber), Width: 9,
				},
				{
					Line: Curve{
						{236, 482, corner}, {322, 368, corner}, {372, 420, corner}, {436, 352, corner},
						{508, 426, corner}, {560, 388, corner}, {650, 480, corner},
					},
					Color: plain("#ffd0ae"), Width: 2.4, Opacity: 0.8,
				},
			},
		},
		{ // heel cup
			Outline: Curve{
				{110, 480, corner}, {110, 300, corner}, {150, 306}, {186, 344}, {226, 392}, {290, 424},
				{330, 480, corner},
			},
			Paint: down("#1d262e", "#0d1217"),
			Lift:  4,
			Strokes: []Stroke{
				{
					Line: Curve{{142, 316}, {180, 356}, {222, 406}, {282, 436}}, Color: plain("#9fb6c6"),
					Width: 9, Opacity: 0.6, Blur: Near,
				},
			},
			Ripples: []Ripples{{
				From: Curve{{138, 352}, {170, 392}, {230, 432}}, To: Curve{{140, 420}, {160, 436}, {190, 448}},
				Count: 4,
				Color: screeEmber, Width: 4.5,
			}},
		},
		{ // rand around the toe
			Outline: Curve{
				{900, 500, corner}, {896, 412}, {856, 354}, {802, 332}, {776, 356}, {742, 386}, {690, 406},
				{610, 420}, {540, 440},
				{520, 500, corner},
			},
			Paint: down("#2b3741", "#10161c"),
			Lift:  -4,
			Strokes: []Stroke{
				{
					Line: Curve{{802, 348}, {764, 384}, {696, 414}, {616, 430}}, Color: plain("#b7cbd8"),
					Width: 6, Opacity: 0.5, Blur: Near,
				},
			},
			Ripples: []Ripples{{
				From: Curve{{856, 366}, {882, 410}}, To: Curve{{788, 374}, {806, 424}}, Count: 5,
				Color: "#4d6170", Width: 4,
			}},
			Glows: []Glow{{Point{840, 364}, 26, 7, 34, "#e6f3fb", 0.55, Near}},
		},
		{ // eyestay
			Outline: Curve{
				{340, 262, corner}, {382, 234, corner}, {414, 236}, {466, 280}, {542, 318}, {622, 336},
				{656, 338, corner}, {652, 360},
				{600, 374}, {520, 356}, {430, 318},
			},
			Paint: across("#1d262e", "#33424f"),
			Lift:  4,
			Strokes: []Stroke{
				{
					Line: Curve{{392, 240}, {462, 290}, {542, 328}, {630, 350}}, Color: plain("#c6dbe8"),
					Width: 5, Opacity: 0.55, Blur: Near,
				},
			},
			Stitches: []Stitch{{From: 7.3, To: 10, Inset: 6, Color: screeEmber}},
		},
		{ // collar
			Outline: Curve{
				{132, 262, corner}, {138, 230}, {164, 224}, {212, 254}, {280, 270}, {338, 258},
				{384, 232, corner}, {374, 284, corner},
				{330, 306}, {268, 310}, {200, 292}, {148, 276},
			},
			Paint:    down("#46596a", "#1d262e"),
			Lift:     4,
			Glows:    []Glow{{Point{240, 274}, 84, 5, 12, "#dcebf5", 0.6, Near}},
			Stitches: []Stitch{{From: 7.4, To: 10.6, Inset: 6, Color: screeEmber}},
		},
	}
}

func screeSole() Sole {
	return Sole{
		Top: Curve{
			{126, 394}, {180, 412}, {290, 434}, {420, 446}, {560, 440}, {690, 430}, {800, 420}, {886, 398},
		},
		Bottom: Curve{
			{122, 502}, {190, 516}, {290, 518}, {420, 512}, {560, 516}, {690, 514}, {790, 500}, {878, 458},
		},
		Heel:  Curve{{102, 472}, {102, 424}, {110, 394}},
		Toe:   Curve{{902, 402}, {900, 432}},
		Paint: down("#ffffff", "#eef2f5", "#cfd8de"),
		Layers: []Layer{
			{
				Depths: []float64{0.34, 0.66, 0.4, 0.68, 0.42, 0.62, 0.4},
				Paint:  across("#8fa4b3", "#c2d0d9", "#93a8b6"), Line: "#6d8292",
			},
			{
				Depths: []float64{0.72, 0.86, 0.74, 0.9, 0.78, 0.88, 0.8},
				Paint:  across("#e0561c", "#ff8a4a", "#e0561c"),
			},
		},
		Ribs: []Ribs{
			{From: 0.05, To: 0.2, Upper: 0.16, Low: 0.36, Count: 6, Lean: 0.012, Color: "#b9c6cf", Width: 4},
			{From: 0.68, To: 0.86, Upper: 0.14, Low: 0.34, Count: 7, Lean: -0.012, Color: "#b9c6cf", Width: 4},
		},
		Tread: Tread{
			Thick: 7, Lug: 16, Wide: 26, Gap: 13, Lean: 5, From: 0.05, To: 0.955, Skip: []float64{0.4, 0.5},
			Paint: across("#0d1217", "#26323c", "#0d1217"), Light: "#7e93a3",
		},
	}
}
