package admin

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"sneakers23/inventory"
)

// Fault is what keeps a node from selling as it should. A node has one at a time, the first of
// these.
type Fault string

// Faults. The empty one is none.
const (
	FaultStopping Fault = "stopping" // is no trouble: the operator wants it
	FaultDatabase Fault = "database" // does not answer
	FaultCommits  Fault = "commits"  // orders are not committed
	FaultCatalog  Fault = "catalog"  // is not loaded
	FaultHealing  Fault = "healing"  // the catalog can't be compared with the database
	FaultBehind   Fault = "behind"   // another node's catalog has been newer for a while
)

// behindAfter is for how long a catalog may be older than another node's before that is trouble.
const behindAfter = 3 * time.Second

type faultWords struct {
	begins, ends string // in the list of what happened
	shoppers     string // what they meet
}

var wordsOfFaults = map[Fault]faultWords{
	FaultDatabase: {
		"the database does not answer", "the database answers again",
		"Shoppers see the shop as it was, and can buy nothing. What is pressed here fails too.",
	},
	FaultCommits: {
		"the database takes no orders", "the database takes orders again",
		"Whoever buys is told that it did not work. A full disk is a common reason; the log of the node says why.",
	},
	FaultCatalog: {
		"the shoes have not been read from the database", "the shoes have been read",
		"Shoppers see an empty shop.",
	},
	FaultHealing: {
		"stock can't be compared with the database", "stock is compared with the database again",
		"Shoppers may see sizes as they were. What is sold is counted right.",
	},
	FaultBehind: {
		"stock is shown late", "stock is shown in time again",
		"Shoppers there see sizes as they were. What is sold is counted right.",
	},
}

// otherFault has the words for those of newer nodes.
var otherFault = faultWords{
	"the node is not ready", "the node is ready again",
	"Load balancers send nobody there. The log of the node says why.",
}

func (f Fault) words() faultWords {
	if w, ok := wordsOfFaults[f]; ok {
		return w
	}
	return otherFault
}

// Trouble is a fault while it lasts, at all nodes that have it.
type Trouble struct {
	Fault Fault  `json:"fault"`
	Since int64  `json:"since"` // ms since 1970, as this node has noticed it
	Text  string `json:"text"`
}

// FaultFrozen is a trouble of sizes, and of no node: their counts contradict their movements.
const FaultFrozen Fault = "frozen"

// frozenTrouble returns the trouble of the sizes that are frozen, and whether there are any.
func frozenTrouble(now time.Time, c *inventory.Catalog, before []Trouble) (Trouble, bool) {
	const named = 3
	var sizes []string
	for p := range c.All().Products() {
		for _, it := range p.Items {
			if it.Frozen {
				sizes = append(sizes, p.Name+", size "+it.Size+" ("+it.SKU+")")
			}
		}
	}
	if len(sizes) == 0 {
		return Trouble{}, false
	}
	who := strings.Join(sizes[:min(named, len(sizes))], "; ")
	if len(sizes) > named {
		who += fmt.Sprintf(" and %d more", len(sizes)-named)
	}
	t := Trouble{
		Fault: FaultFrozen, Since: now.UnixMilli(),
		Text: "Not for sale, since the counts contradict the movements: " + who +
			". Shoppers see them as sold out. To see what is off: sneakers23 audit. Then count the pairs: sneakers23 stock correct",
	}
	if i := slices.IndexFunc(before, func(b Trouble) bool { return b.Fault == FaultFrozen }); i >= 0 {
		t.Since = before[i].Since
	}
	return t, true
}

// startTime is for how long a node may read its catalog when it starts.
const startTime = 10 * time.Second

// trouble is the fault of a node that is trouble, or none.
func (n NodeState) trouble(now time.Time) Fault {
	switch {
	case n.Fault == FaultStopping, n.Fault == FaultCatalog && now.Sub(n.Started) < startTime:
		return ""
	case n.Fault != "":
		return n.Fault
	case n.Lag > behindAfter.Milliseconds():
		return FaultBehind
	}
	return ""
}

// troubles are those of the nodes, the longest first. Those that were there before have been there
// since then.
func troubles(now time.Time, nodes []NodeState, before []Trouble) []Trouble {
	where := make(map[Fault][]string)
	for _, n := range nodes {
		if f := n.trouble(now); f != "" {
			where[f] = append(where[f], n.Name)
		}
	}
	all := []Trouble{}
	for fault, names := range where {
		t := Trouble{Fault: fault, Since: now.UnixMilli(), Text: sentence(fault, names, len(nodes))}
		if i := slices.IndexFunc(before, func(b Trouble) bool { return b.Fault == fault }); i >= 0 {
			t.Since = before[i].Since
		}
		all = append(all, t)
	}
	slices.SortFunc(all, func(a, b Trouble) int {
		if a.Since != b.Since {
			return int(a.Since - b.Since)
		}
		return strings.Compare(string(a.Fault), string(b.Fault))
	})
	return all
}

// sentence says what is wrong, where unless it is everywhere, and what shoppers meet.
func sentence(f Fault, names []string, nodes int) string {
	words := f.words()
	what := strings.ToUpper(words.begins[:1]) + words.begins[1:]
	if len(names) < nodes {
		slices.Sort(names)
		what += " (" + strings.Join(names, ", ") + ")"
	}
	return what + ". " + words.shoppers
}

// ill is the fault of this node, as the journal is told. A fault is over when two looks in a row
// have found none; a node that stops notes nothing.
type ill struct {
	fault Fault
	since time.Time
	well  int // looks without it, in a row
}

// look takes what a look has found, and returns what to note.
func (i *ill) look(now time.Time, me NodeState) (notes []Record) {
	if me.Fault == FaultStopping {
		return nil
	}
	found := me.trouble(now)
	if found == i.fault {
		i.well = 0
		return nil
	}
	if i.fault != "" {
		if i.well++; found == "" && i.well < 2 {
			return nil
		}
		notes = append(notes, Record{
			At: now, Kind: eventTroubleOver, Subject: me.Name, Due: i.since, Why: string(i.fault), Run: me.Run,
		})
	}
	*i = ill{fault: found, since: now}
	if found != "" {
		notes = append(notes, Record{
			At: now, Kind: eventTrouble, Subject: me.Name, Due: now, Why: string(found), Run: me.Run,
		})
	}
	return notes
}
