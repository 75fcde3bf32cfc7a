package inventory

import "fmt"

// Level tells shoppers how much is left of an item without telling them the count.
type Level string

// The levels, from none to plenty. They are class names on the page and values on the wire.
const (
	LevelOut    Level = "out"
	LevelLow    Level = "low"
	LevelMedium Level = "medium"
	LevelHigh   Level = "high"
)

// Thresholds says where the levels begin: nothing left is out, less than Medium is low, less than
// High is medium, and from High on it is high.
type Thresholds struct {
	Medium int // default 150
	High   int // default 500
}

// DefaultThresholds are those of the original store.
var DefaultThresholds = Thresholds{Medium: 150, High: 500}

// Level of a count of pairs left.
func (t Thresholds) Level(available int) Level {
	switch {
	case available <= 0:
		return LevelOut
	case available < t.Medium:
		return LevelLow
	case available < t.High:
		return LevelMedium
	default:
		return LevelHigh
	}
}

// Validate tells whether the levels are in order.
func (t Thresholds) Validate() error {
	if t.Medium < 1 || t.High < t.Medium {
		return fmt.Errorf("inventory: levels must begin at 1 <= medium (%d) <= high (%d)", t.Medium, t.High)
	}
	return nil
}
