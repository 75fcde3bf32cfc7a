package draw

// drift is a knitted runner without laces: a sock on a thick rocker of foam with holes in it.
func drift() Shoe {
	return Shoe{
		File:   "drift-zero",
		Label:  "Drift Zero, a knitted slip-on runner in lagoon and sand on a curved sole with holes",
		Shadow: Glow{At: Point{480, 541}, RX: 370, RY: 28, Color: "#101c24"},
		Loops: []Loop{{
			Line: Curve{{196, 206}, {168, 170}, {146, 146}, {136, 164}, {146, 206}, {182, 240}}, Width: 20,
			Base: "#f0a35c", Light: "#fff0d8",
		}},
		Far:    driftFar(),
		Upper:  driftUpper(),
		Panels: driftPanels(),
		Sole:   driftSole(),
	}
}

func driftFar() []Panel {
	return []Panel{
		{ // lining
			Outline: Curve{
				{188, 200, corner}, {240, 172}, {310, 152}, {372, 144}, {394, 166, corner}, {330, 206},
				{230, 226},
			},
			Paint: across("#06323a", "#14707a"),
		},
	}
}

func driftUpper() Panel {
	return Panel{
		Outline: Curve{
			{176, 470, corner}, {150, 420}, {148, 362}, {168, 306}, {184, 252}, {186, 212}, {204, 200},
			{270, 186}, {340, 164}, {384, 148},
			{402, 162}, {424, 204}, {474, 252}, {550, 286}, {640, 306}, {730, 322}, {810, 352}, {862, 402},
			{866, 440, corner}, {500, 500, corner},
		},
		Paint:   across("#0c7d88", "#35b6b4", "#9bdcc4", "#f3dcae"),
		Texture: Texture{Weave: Knit, Color: "#ffffff", Opacity: 0.3, Turn: -18, Scale: 1.1},
		Edge:    0.42,
		Ripples: []Ripples{
			{ // rings around the foot
				From: Curve{{430, 212}, {370, 290}, {270, 350}, {140, 372}},
				To:   Curve{{812, 350}, {782, 410}, {752, 456}, {720, 500}}, Count: 15,
				Color: "#ffffff", Width: 3, Opacity: 0.5,
			},
		},
		Glows: []Glow{
			{Point{620, 320}, 130, 15, 14, "#ffffff", 0.6, Soft},
			{Point{236, 300}, 40, 60, 14, "#c9fff4", 0.4, Soft},
		},
	}
}

func driftPanels() []Panel {
	return []Panel{
		{ // cuff
			Outline: Curve{
				{170, 270, corner}, {180, 206}, {204, 194}, {270, 180}, {340, 158}, {386, 140}, {410, 160},
				{434, 214, corner}, {390, 240},
				{320, 262}, {240, 278},
			},
			Paint: across("#075a64", "#148590"),
			Lift:  5,
			Ripples: []Ripples{
				{
					From: Curve{{186, 196}, {182, 236}, {178, 286}},
					To:   Curve{{396, 144}, {412, 180}, {436, 226}}, Count: 30, Color: "#7fd8d2", Width: 3,
					Opacity: 0.55,
				},
			},
			Glows: []Glow{{Point{290, 206}, 110, 10, -16, "#e6fffb", 0.5, Near}},
		},
		{ // strap of rubber over the instep
			Outline: Curve{
				{430, 196, corner}, {476, 244}, {516, 266, corner}, {470, 330}, {430, 400}, {412, 500, corner},
				{330, 500, corner}, {350, 400},
				{392, 300},
			},
			Paint: slant("#ffe3ba", "#f7b26c", "#d98638"),
			Lift:  5,
			Edge:  0.25,
			Strokes: []Stroke{{
				Line: Curve{{450, 238}, {412, 310}, {376, 400}, {360, 480}}, Color: plain("#fff6e6"), Width: 8,
				Opacity: 0.7, Blur: Near,
			}},
			Ripples: []Ripples{{
				From: Curve{{424, 330}, {464, 340}}, To: Curve{{368, 440}, {416, 444}}, Count: 6,
				Color: "#a85f1c", Width: 4, Opacity: 0.7,
			}},
			Stitches: []Stitch{},
		},
		{ // heel
			Outline: Curve{
				{120, 500, corner}, {120, 330, corner}, {160, 330}, {206, 372}, {254, 420}, {330, 450},
				{340, 500, corner},
			},
			Paint: down("#0d6b76", "#053f48"),
			Lift:  4,
			Strokes: []Stroke{{
				Line: Curve{{150, 342}, {200, 386}, {250, 434}, {320, 460}}, Color: plain("#a8f0ea"), Width: 8,
				Opacity: 0.6, Blur: Near,
			}},
			Ripples: []Ripples{{
				From: Curve{{148, 368}, {190, 408}, {240, 446}}, To: Curve{{150, 430}, {170, 446}, {190, 456}},
				Count: 4, Color: "#ffc98f", Width: 3.4,
			}},
		},
	}
}

func driftSole() Sole {
	return Sole{
		Top: Curve{
			{138, 410}, {194, 430}, {290, 446}, {420, 452}, {550, 450}, {680, 442}, {780, 432}, {866, 414},
		},
		Bottom: Curve{
			{138, 492}, {200, 518}, {290, 530}, {420, 532}, {550, 532}, {680, 524}, {780, 502}, {876, 456},
		},
		Heel:  Curve{{118, 466}, {112, 434}, {122, 407}},
		Toe:   Curve{{884, 414}, {890, 432}},
		Paint: down("#ffffff", "#f3f8f8", "#cfdede"),
		Lines: []SoleLine{
			{
				From: 0.02, To: 0.98, Depths: []float64{0.1, 0.16, 0.18, 0.16, 0.1},
				Color: across("#0c7d88", "#35b6b4", "#f7b26c"), Width: 4,
			},
		},
		Windows: []Window{
			{0.14, 0.56, 17, 9, 24, down("#0a3f48", "#1c7f88"), "#ffffff"},
			{0.23, 0.58, 21, 12, 14, down("#0a3f48", "#1c7f88"), "#ffffff"},
			{0.335, 0.6, 25, 14, 6, down("#0a3f48", "#1c7f88"), "#ffffff"},
			{0.45, 0.6, 27, 15, 0, down("#0a3f48", "#1c7f88"), "#ffffff"},
			{0.565, 0.6, 25, 14, -6, down("#0a3f48", "#1c7f88"), "#ffffff"},
			{0.67, 0.58, 21, 12, -12, down("#0a3f48", "#1c7f88"), "#ffffff"},
			{0.76, 0.56, 16, 9, -22, down("#0a3f48", "#1c7f88"), "#ffffff"},
		},
		Tread: Tread{
			Thick: 8, Lug: 0, From: 0, To: 1, Paint: across("#0c7d88", "#35b6b4", "#f7b26c"), Light: "#eafffb",
		},
	}
}
