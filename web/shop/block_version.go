package shop

import (
	"fmt"
	"hash/fnv"
	"strconv"
	"strings"

	"sneakers23/inventory"
)

// blockVersion tells blocks of a product apart. All nodes make the same one of the same rows, so a
// page that one node has rendered can be compared with what another node knows.
type blockVersion struct {
	// hash is of all that the block shows, but for levels, the release and its schedule: those have
	// events of their own.
	hash     string
	revision inventory.Revision // of the product's row
}

func versionOf(p *inventory.Product) blockVersion {
	hash := fnv.New64a()
	fmt.Fprintf(hash, "%q %q %q %q %q %d %q %d",
		p.SKU, p.Brand, p.Name, p.Color, p.MainImageURL, p.Price, p.Paused, p.Limit)
	for _, image := range p.Images {
		fmt.Fprintf(hash, " %v %q", image.Renditions, image.Alt)
	}
	for _, it := range p.Items {
		fmt.Fprintf(hash, " %d %q", it.ID, it.Size)
	}
	return blockVersion{strconv.FormatUint(hash.Sum64(), 36), p.Revision}
}

// String is the text that stands in pages, and that they send when they join: HASH.REVISION.
func (v blockVersion) String() string { return fmt.Sprintf("%s.%d", v.hash, v.revision) }

// parseVersion reads what String has made. Any other text is a version that no product has, and an
// old one.
func parseVersion(text string) blockVersion {
	hash, number, _ := strings.Cut(text, ".")
	revision, _ := strconv.ParseInt(number, 10, 64)
	return blockVersion{hash, inventory.Revision(revision)}
}
