package admin

import (
	"slices"
	"time"
)

const (
	sampleEvery = 2 * time.Second
	samples     = int(5 * time.Minute / sampleEvery)
)

// crowd is how many shoppers there were in the last minutes, a number for each two seconds, the
// oldest first. A dashboard shows the same line whether it was just opened or open all the time.
type crowd []int

func (c *crowd) add(shoppers int) {
	if len(*c) >= samples {
		*c = slices.Delete(*c, 0, len(*c)-samples+1)
	}
	*c = append(*c, shoppers)
}

// recent is what a state tells of it, and no change.
type recent struct {
	Every    int64 `json:"every_ms"`
	Shoppers []int `json:"shoppers"`
}

func (c crowd) recent() recent {
	return recent{sampleEvery.Milliseconds(), append([]int{}, c...)}
}
