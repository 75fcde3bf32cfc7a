package e2e

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"sneakers23/app/postgres/pgtest"
	"sneakers23/app/waittest"
)

const clusterSecret = "the secret that lets nodes in"

// newCluster starts so many nodes, each on a host of its own, on one database with both products.
func newCluster(t testing.TB, nodes int, args ...string) []*shop {
	t.Helper()
	return newClusterOn(t, pgtest.URL(t), nodes, args...)
}

// newClusterOn is newCluster on the database at url.
func newClusterOn(t testing.TB, url string, nodes int, args ...string) []*shop {
	t.Helper()
	net := newNetwork(t, nodes, url)
	var cluster []*shop
	for i, h := range net.hosts {
		s := &shop{
			t: t, dataDir: t.TempDir(), database: net.database, direct: url, secret: sharedSecret, host: h,
			name: fmt.Sprint("node", i+1), seed: net.hosts[0].IP + ":6222", args: args,
		}
		s.start("--seed")
		cluster = append(cluster, s)
	}
	for _, s := range cluster {
		s.sees(nodes)
	}
	return cluster
}

// clusterArgs are those of a node on a host.
func (s *shop) clusterArgs() []string {
	if s.host == nil {
		return []string{"--listen", "127.0.0.1:0"}
	}
	return append([]string{
		"--listen", s.host.IP + ":4000", "--node-name", s.name, "--cluster-listen", s.host.IP + ":6222", "--join",
		s.seed,
		"--cluster-secret", clusterSecret, "--admin-password", sharedPassword,
	}, s.args...)
}

// nodeView is a node as the command line lists it.
type nodeView struct {
	Name     string `json:"name"`
	Address  string `json:"address"`
	Revision int64  `json:"revision"`
	Ready    bool   `json:"ready"`
	Sockets  int    `json:"sockets"`
}

// nodes are those that this one sees, by name.
func (s *shop) nodes() map[string]nodeView {
	s.t.Helper()
	var list []nodeView
	if err := json.Unmarshal([]byte(s.run("nodes", "--json")), &list); err != nil {
		s.t.Fatal(err)
	}
	all := make(map[string]nodeView)
	for _, n := range list {
		all[n.Name] = n
	}
	return all
}

// sees waits until the node sees so many, itself among them.
func (s *shop) sees(nodes int) {
	s.t.Helper()
	waittest.Until(s.t, fmt.Sprintf("%s sees %d nodes", s.name, nodes), func() bool { return len(s.nodes()) == nodes })
}

// TestClusterShows has a browser on each of three nodes: what is released, sold or put back at one
// shows on all.
func TestClusterShows(t *testing.T) {
	t.Parallel()
	cluster := newCluster(t, 3)
	var visitors []*visitor
	for _, s := range cluster {
		visitors = append(visitors, newVisitor(t, s.URL))
	}
	out := cluster[0].run("release", "SHU6000")
	if strings.Contains(out, "not shown") {
		t.Error(out)
	}
	for _, v := range visitors {
		v.wait(`.product-listing[data-product-id="1"] .size-container__entry`)
	}
	cluster[1].onlyPairs(map[int]int{1: 1})
	for _, v := range visitors {
		v.wait(`button[value="1"].size-container__entry--level-low`)
		v.wait(`button[value="2"].size-container__entry--level-out`)
	}
	cluster[2].run("sell", "--yes", "--unreleased")
	for _, v := range visitors {
		v.wait(`button[value="1"].size-container__entry--level-out`)
	}
}
