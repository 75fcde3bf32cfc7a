package draw

var rafterLeather = Texture{Weave: Pebble, Color: "#5c0710", Opacity: 0.35, Turn: 12}

// rafter is a high basketball boot: a tall shaft with a notch, a strap around the ankle, and foam
// that climbs up the heel.
func rafter() Shoe {
	return Shoe{
		File:   "rafter-hi",
		Label:  "Rafter Hi, a tall basketball boot in cherry and chalk with a strap around the ankle",
		Shadow: Glow{At: Point{490, 538}, RX: 392, RY: 32, Color: "#1a1012"},
		Far:    rafterFar(),
		Upper:  rafterUpper(),
		Panels: rafterPanels(),
		Laces: []Laces{{
			Eyelets: Curve{{396, 120}, {412, 182}, {440, 238}, {486, 298}, {560, 346}}, Count: 7,
			First: Point{42, -24}, Last: Point{44, -30}, Bow: 4, Width: 13, Base: "#e3d8ca", Light: "#ffffff",
			Shade:  "#0f090b",
			Eyelet: 5, Hole: "#0f090b", Ring: "#f0384c",
		}},
		Top: []Panel{{ // strap
			Outline: Curve{
				{186, 270, corner}, {190, 238}, {184, 196, corner}, {270, 210}, {350, 202}, {438, 168}, {466, 176},
				{476, 206}, {456, 232}, {360, 264}, {270, 278},
			},
			Paint: slant("#ffffff", "#f0e6da", "#c9b9a6"),
			Lift:  6,
			Edge:  0.12,
			Glows: []Glow{{Point{320, 222}, 120, 7, -4, "#ffffff", 0.9, Near}},
			Strokes: []Stroke{{
				Line: Curve{{398, 234, corner}, {420, 205, corner}, {446, 216, corner}}, Color: plain("#c8152f"),
				Width: 9,
			}},
			Stitches: []Stitch{
				{From: 2.1, To: 4.8, Inset: 8, Color: "#c8152f"}, {From: 8.4, To: 10.8, Inset: 8, Color: "#c8152f"},
			},
		}},
		Sole: rafterSole(),
	}
}

func rafterFar() []Panel {
	return []Panel{
		{ // lining
			Outline: Curve{
				{196, 84, corner}, {250, 96}, {330, 84}, {384, 66}, {402, 110, corner}, {330, 160}, {236, 140},
			},
			Paint: across("#17090c", "#4b1a22"),
		},
		{ // tongue
			Outline: Curve{
				{346, 110, corner}, {352, 56}, {376, 28}, {410, 26}, {428, 52}, {432, 110}, {452, 180},
				{496, 248}, {552, 304}, {598, 330, corner},
				{560, 350}, {420, 240},
			},
			Paint: slant("#ffffff", "#efe6da", "#c7b7a4"),
			Strokes: []Stroke{
				{
					Line:  Curve{{430, 54}, {436, 110}, {456, 180}, {500, 248}, {556, 304}, {600, 328}},
					Color: plain("#3a1a16"), Width: 24, Opacity: 0.45, Blur: Near,
				},
			},
			Stitches: []Stitch{{From: 1.1, To: 4, Inset: 8, Color: "#b5122b"}},
		},
	}
}

func rafterUpper() Panel {
	return Panel{
		Outline: Curve{
			{168, 480, corner}, {152, 424}, {160, 362}, {186, 302}, {196, 240}, {186, 176}, {174, 112},
			{184, 74}, {210, 72}, {240, 106},
			{290, 140}, {340, 134}, {370, 92}, {390, 82}, {410, 100}, {418, 160}, {440, 222}, {484, 286},
			{548, 328}, {630, 344}, {720, 346},
			{796, 362}, {848, 400}, {866, 450}, {850, 490, corner},
		},
		Paint:   slant("#f0384c", "#c8152f", "#8c0a1f"),
		Texture: rafterLeather,
		Edge:    0.5,
		Glows: []Glow{
			{Point{700, 382}, 84, 14, 10, "#ffd6d6", 0.6, Soft},
			{Point{310, 196}, 70, 26, 0, "#ffb3b3", 0.4, Soft},
		},
	}
}

func rafterPanels() []Panel {
	return []Panel{
		{ // quarter in chalk, swept from the ankle to the toe
			Outline: Curve{
				{150, 500, corner}, {206, 400}, {262, 318}, {330, 262}, {392, 262, corner}, {430, 322},
				{500, 376}, {600, 404}, {700, 440},
				{760, 500, corner},
			},
			Paint: slant("#fffdf8", "#f3ebe0", "#cfc0ae"),
			Lift:  4,
			Dots: []Dots{{
				From: Curve{{362, 296}, {440, 370}, {560, 412}}, To: Curve{{394, 388}, {446, 426}, {536, 450}},
				Rows: 4, Each: 8, Radius: 2.8,
				Color: "#8f7d68", Opacity: 0.7,
			}},
			Stitches: []Stitch{
				{From: 1.4, To: 3.8, Inset: 8, Color: "#c8152f"},
				{From: 5, To: 8.6, Inset: 8, Color: "#c8152f"},
			},
		},
		{ // rafters: beams below a roof
			Outline: Curve{
				{206, 480, corner}, {300, 330, corner}, {326, 330, corner}, {420, 480, corner},
				{392, 480, corner}, {313, 358, corner},
				{238, 480, corner},
			},
			Paint: down("#f0384c", "#a50d25"),
			Lift:  3,
		},
		{ // toe
			Outline: Curve{
				{890, 500, corner}, {880, 420}, {850, 384}, {790, 352}, {722, 352}, {694, 384}, {712, 424},
				{742, 452}, {750, 500, corner},
			},
			Paint: down("#e22a41", "#9c0c22"),
			Lift:  -3,
			Glows: []Glow{{Point{790, 378}, 50, 9, 22, "#ffdada", 0.7, Near}},
			Dots: []Dots{{
				From: Curve{{732, 388}, {800, 400}}, To: Curve{{754, 430}, {818, 434}}, Rows: 3, Each: 6,
				Radius: 2.6, Color: "#4d0410",
				Opacity: 0.7,
			}},
			Stitches: []Stitch{{From: 4.2, To: 7.6, Inset: 8, Color: "#ffc9c9"}},
		},
		{ // eyestay
			Outline: Curve{
				{350, 120, corner}, {372, 86}, {392, 76}, {414, 98}, {422, 160}, {444, 222}, {488, 284},
				{550, 326}, {634, 342, corner},
				{630, 368}, {560, 374}, {480, 340}, {414, 272}, {378, 190},
			},
			Paint: down("#26191c", "#0f090b"),
			Lift:  4,
			Strokes: []Stroke{{
				Line:  Curve{{404, 104}, {414, 170}, {438, 232}, {484, 294}, {556, 338}},
				Color: plain("#ffb9b9"), Width: 5, Opacity: 0.45, Blur: Near,
			}},
			Stitches: []Stitch{{From: 9.4, To: 13.8, Inset: 7, Color: "#f0384c"}},
		},
		{ // collar
			Outline: Curve{
				{166, 120, corner}, {178, 70}, {212, 66}, {242, 102}, {292, 136}, {340, 130}, {368, 90, corner},
				{374, 150, corner},
				{340, 172}, {284, 176}, {228, 152}, {196, 140}, {166, 144, corner},
			},
			Paint:    down("#3a262a", "#120a0c"),
			Lift:     4,
			Glows:    []Glow{{Point{270, 140}, 70, 6, 22, "#ffc4c4", 0.5, Near}},
			Stitches: []Stitch{{From: 7.3, To: 10.5, Inset: 6, Color: "#f0384c"}},
		},
	}
}

func rafterSole() Sole {
	return Sole{
		Top: Curve{
			{152, 386}, {186, 420}, {250, 450}, {380, 462}, {520, 460}, {640, 444}, {750, 446}, {866, 446},
		},
		Bottom: Curve{
			{150, 508}, {220, 520}, {280, 520}, {390, 512}, {520, 516}, {640, 520}, {760, 518}, {862, 496},
		},
		Heel:  Curve{{136, 484}, {132, 430}, {138, 394}},
		Toe:   Curve{{882, 454}, {880, 478}},
		Paint: down("#fffefb", "#f5eee4", "#d5c8b8"),
		Layers: []Layer{
			{
				Depths: []float64{0.86, 0.62, 0.5, 0.6, 0.86, 0.5, 0.5, 0.62},
				Paint:  across("#a50d25", "#e22a41", "#a50d25"), Line: "#7c0a1c",
			},
		},
		Ribs: []Ribs{
			{From: 0.7, To: 0.84, Upper: 0.14, Low: 0.42, Count: 7, Lean: 0.008, Color: "#c7b7a4", Width: 3.5},
		},
		Windows: []Window{
			{U: 0.1, V: 0.5, RX: 13, RY: 8, Turn: 34, Paint: down("#7c0a1c", "#e22a41"), Rim: "#ffffff"},
			{U: 0.16, V: 0.42, RX: 13, RY: 8, Turn: 28, Paint: down("#7c0a1c", "#e22a41"), Rim: "#ffffff"},
			{U: 0.225, V: 0.32, RX: 12, RY: 7, Turn: 20, Paint: down("#7c0a1c", "#e22a41"), Rim: "#ffffff"},
		},
		Tread: Tread{
			Thick: 9, Lug: 4, Wide: 44, Gap: 8, From: 0.04, To: 0.92, Skip: []float64{0.34, 0.44},
			Paint: across("#1a0f12", "#3a262a", "#1a0f12"),
			Light: "#ff9aa5",
		},
	}
}
