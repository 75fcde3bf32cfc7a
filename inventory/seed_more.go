package inventory

// moreSeeds are four shoes beside the seeds. assets/draw draws them.
var moreSeeds = []seed{
	{ProductRow{
		SKU: "SHU6200", Order: 2, Brand: "Tipoff", Name: "Rafter Hi", Color: "cherry/chalk", Price: 155_00,
		MainImageURL: "/assets/images/rafter-hi.svg", Released: true,
		Story: "A boot for the last minute of a close game. The strap holds the ankle, the notch behind it leaves " +
			"the tendon free, and the foam climbs up the heel.\n\n" +
			"The beams on its side are those of the hall in which the first pair was worn: the roof leaked, the " +
			"floor did not.",
	}, 6201, allSizes(8, 14, 0.5)},
	{ProductRow{
		SKU: "SHU6300", Order: 3, Brand: "Lull", Name: "Drift Zero", Color: "lagoon/sand", Price: 115_00,
		MainImageURL: "/assets/images/drift-zero.svg",
		Story: "A sock on a curved sole. Nothing is tied: the upper is knitted in one piece, and a strap of rubber " +
			"holds it on the instep.\n\n" +
			"Seven holes through the foam save 40 grams. Small stones fall out of them by themselves.",
	}, 6301, allSizes(5, 13, 1)},
	{ProductRow{
		SKU: "SHU6400", Order: 4, Brand: "Kerbline", Name: "Curb Cut Low", Color: "pine/gum", Price: 89_50,
		MainImageURL: "/assets/images/curb-cut-low.svg",
		Story: "Flat, wide and thick where the board rubs. The suede of the toe is doubled, and the sole is gum, " +
			"vulcanized as it was before there was foam.\n\n" +
			"The step on its side is drawn from a curb that a whole town has learned on. It was lowered for wheels " +
			"of all kinds.",
	}, 6401, allSizes(6, 12, 0.5)},
	{ProductRow{
		SKU: "SHU6500", Order: 5, Brand: "Fellgang", Name: "Scree 45", Color: "slate/ember", Price: 169_50,
		MainImageURL: "/assets/images/scree-45.svg",
		Story: "For paths that slide. Lugs of 5 mm grip loose stone on slopes of up to 45 degrees; the rand keeps " +
			"it away from the toes.\n\n" +
			"The cord is pulled once and held by a toggle, with gloves too.",
	}, 6501, allSizes(7, 13, 0.5)},
}

// euSizes are the sizes of Europe for those of the United States from 5 on, in halves.
var euSizes = []string{
	"37.5", "38", "38.5", "39", "40", "40.5", "41", "42", "42.5", "43", "44", "44.5", "45", "45.5", "46", "47",
	"47.5", "48", "48.5",
}

// allSizes are sizes with their numbers in Europe and the United Kingdom, and in centimeters.
func allSizes(from, to, step float64) []SizeDetails {
	sizes := usSizes(from, to, step)
	for i := range sizes {
		us := from + step*float64(i)
		sizes[i].EU, sizes[i].UK, sizes[i].CM = euSizes[int((us-5)*2)], sizeText(us-1), sizeText(us+18)
	}
	return sizes
}
