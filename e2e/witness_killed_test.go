package e2e

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"sneakers23/app/waittest"
)

// joinAny lets each node of a cluster join any other one from its next start on.
func joinAny(cluster []*shop) {
	var seeds []string
	for _, s := range cluster {
		seeds = append(seeds, s.host.IP+":6222")
	}
	for _, s := range cluster {
		s.seed = strings.Join(seeds, ",")
	}
}

// aWitness matches the log of a node that waits for its name: the node that reports the name.
var aWitness = regexp.MustCompile(`witness=(node\d)`)

// TestWitnessIsKilled kills a node and starts it at once. As soon as the node logs which other node
// reports its name, that one is killed too. The first node still opens, and so does the other one
// when it is started again.
func TestWitnessIsKilled(t *testing.T) {
	t.Parallel()
	cluster := newCluster(t, 3)
	joinAny(cluster)
	a := cluster[0]
	a.kill()
	opened := a.begin()
	var witness string
	waittest.Until(t, "the node logs which node reports its name", func() bool {
		if m := aWitness.FindStringSubmatch(a.log.String()); m != nil {
			witness = m[1]
		}
		return witness != ""
	})
	killed := slices.IndexFunc(cluster, func(s *shop) bool { return s.name == witness })
	cluster[killed].kill()
	a.await(opened)
	cluster[killed].launch()
	for _, s := range cluster {
		s.sees(3)
	}
}
