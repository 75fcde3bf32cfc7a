package operator

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"sneakers23/inventory"
)

// Question is the error of a command that looks like a slip of the finger. Nothing was done. The
// command is done when it is sent again with Sure set.
type Question struct{ Words string }

func (q *Question) Error() string { return q.Words }

// slip is how many times as many pairs as there were must come at once to look like a slip.
const slip = 10

// slips returns the question about a restock that looks like a slip: it is measured by all pairs
// that the size ever had, or by the product's other sizes if it never had any. The error is nil
// when there is nothing to compare with.
func slips(c *inventory.Catalog, it inventory.Item, count int) error {
	if had := it.Available + it.Sold; had > 0 {
		if count <= slip*had {
			return nil
		}
		return &Question{fmt.Sprintf("%d pairs are more than %d times what %s ever had: %d, of which %d are left.",
			count, slip, it.SKU, had, it.Available)}
	}
	most := 0
	if p, ok := c.Product(it.ProductID); ok {
		for _, other := range p.Items {
			most = max(most, other.Available+other.Sold)
		}
	}
	if most == 0 || count <= slip*most {
		return nil
	}
	return &Question{fmt.Sprintf("%d pairs are more than %d times what any size of its product ever had: %d.",
		count, slip, most)}
}

// whoHeader is the header that names a command's caller. A caller may send any name: it is for the
// log, and proves nothing.
const whoHeader = "Sneakers23-Who"

// longestWho is how many bytes of a name are kept.
const longestWho = 100

// cleanWho bounds a name that came from elsewhere.
func cleanWho(who string) string {
	who = strings.ToValidUTF8(strings.ReplaceAll(who, "\x00", ""), "?")
	for len(who) > longestWho {
		_, size := utf8.DecodeLastRuneInString(who)
		who = who[:len(who)-size]
	}
	return who
}
