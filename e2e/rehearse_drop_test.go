package e2e

import (
	"bytes"
	"cmp"
	"encoding/json"
	"net/url"
	"os/exec"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"sneakers23/app/waittest"
)

// aRehearsal is one that runs until it is told to end.
type aRehearsal struct {
	t           *testing.T
	cmd         *exec.Cmd
	out, errOut bytes.Buffer // to be read after ended
	ended       chan error   // buffer 1: it ends even without a receiver
}

// beginRehearsal sends shoppers to these addresses, with limits that no machine exceeds. They look
// around, buy, and have no pause for long.
func beginRehearsal(t *testing.T, urls []string, args ...string) *aRehearsal {
	t.Helper()
	long := waittest.Limit().String()
	args = append([]string{"rehearse", "--json", "--yes", "--for", "1h", "--at-least", "1", "--patience", long,
		"--reply-p99", long, "--push-p99", "0s",
		"--purchase-p99", long, "--page-p99", long, "--errors", "0", "--think", "500ms", "--buy", "0.3"}, args...)
	for _, text := range urls {
		u, err := url.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		args = append(args, "--url", text, "--allow-host", u.Hostname())
	}
	s := &shop{t: t, dataDir: t.TempDir()}
	r := &aRehearsal{t: t, cmd: s.command(args...), ended: make(chan error, 1)}
	r.cmd.Stdout, r.cmd.Stderr = &r.out, &r.errOut
	if err := r.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() { r.ended <- r.cmd.Wait() }()
	t.Cleanup(func() {
		if r.cmd != nil {
			_ = r.cmd.Process.Kill() // the test has failed before its end
			<-r.ended
		}
	})
	return r
}

// end ends the rehearsal as Ctrl-C does, and returns its report. Nothing may have failed.
func (r *aRehearsal) end() (report rehearsal) {
	r.t.Helper()
	if err := r.cmd.Process.Signal(syscall.SIGINT); err != nil {
		r.t.Fatal(err)
	}
	late := time.NewTimer(waittest.Limit())
	defer late.Stop()
	select {
	case <-r.ended: // the code is that of the verdict
	case <-late.C:
		r.t.Fatal("the rehearsal does not end")
	}
	r.cmd = nil
	if err := json.Unmarshal(r.out.Bytes(), &report); err != nil {
		r.t.Fatalf("%v: %s%s", err, r.errOut.String(), r.out.String())
	}
	if report.Verdict != "passed" || len(report.Errors) != 0 {
		r.t.Errorf("%s%s", r.errOut.String(), r.out.String())
	}
	return report
}

// count returns the only number that a query of the shop's database has for an answer.
func (s *shop) count(query string, args ...any) (n int) {
	s.t.Helper()
	s.row(query, args, &n)
	return n
}

// row reads the only row that a query of the shop's database has for an answer.
func (s *shop) row(query string, args []any, dest ...any) {
	s.t.Helper()
	conn, err := pgx.Connect(s.t.Context(), cmp.Or(s.direct, s.database))
	if err != nil {
		s.t.Fatal(err)
	}
	defer conn.Close(s.t.Context())
	if err := conn.QueryRow(s.t.Context(), query, args...).Scan(dest...); err != nil {
		s.t.Fatal(err)
	}
}

const (
	countOrders = `SELECT count(*) FROM orders`
	countPairs  = `SELECT count(*) FROM order_lines WHERE item_id = $1`
)

// TestRehearsalOfARelease releases a product in the middle of a rehearsal, in a shop in which
// nothing was for sale: those who waited buy it, and later a size that was put back meanwhile.
func TestRehearsalOfARelease(t *testing.T) {
	t.Parallel()
	const shoppers, tabs = 10, 12 // each fifth has two
	s := newShopWith(t, shelf{empty: true, pairs: map[int]int{1: 100_000, 2: 5}})
	r := beginRehearsal(t, []string{s.URL}, "-n", strconv.Itoa(shoppers), "--ramp", "1ms")
	waittest.Until(t, "all shoppers follow the product", func() bool {
		var nodes []struct{ Followers int }
		if err := json.Unmarshal([]byte(s.run("nodes", "--topic", "product:1", "--json")), &nodes); err != nil {
			t.Fatal(err)
		}
		return nodes[0].Followers == tabs
	})
	if n := s.count(countOrders); n != 0 {
		t.Errorf("%d orders before the release", n)
	}
	s.run("release", "SHU6000")
	waittest.Until(t, "those who waited buy, and somebody buys again", func() bool {
		return s.count(countOrders) > shoppers
	})
	s.run("restock", skuOf(3), "1000", "--yes")
	waittest.Until(t, "somebody buys what was put back", func() bool { return s.count(countPairs, 3) > 0 })
	report := r.end()
	if report.Waited == 0 || report.Rushed == 0 || report.Rush.Count == 0 || report.Orders < report.Rush.Count {
		t.Errorf("of those who waited nobody bought: %+v", report)
	}
	if n := s.count(countPairs, 2); n > 5 {
		t.Errorf("%d of 5 pairs are sold", n)
	}
}

// TestRehearsalOfRestarts restarts all nodes of a cluster, one after the other, under shoppers who
// come through a balancer, and others who come straight to the nodes. Their sockets are closed, and
// that of the dashboard too, they come back, and none of them sees an error.
func TestRehearsalOfRestarts(t *testing.T) {
	t.Parallel()
	shoppers, slice := 10, 10
	if *full {
		shoppers, slice = 100, 50
	}
	cluster := newScarceCluster(t, map[int]int{1: 1_000_000, 15: 1_000_000},
		"--drain-delay", "2s", // the balancer asks every second
		"--drain-least", strconv.Itoa(slice),
		"--address-share", "1") // all have one address
	balancer := newBalancer(t, cluster)
	var nodes []string
	for _, s := range cluster {
		nodes = append(nodes, s.URL)
	}
	rehearsals := map[string]*aRehearsal{
		"through the balancer": beginRehearsal(t, []string{balancer}, "-n", strconv.Itoa(shoppers), "--ramp", "1s",
			"--admin-password", sharedPassword),
		"straight to nodes": beginRehearsal(t, nodes, "-n", strconv.Itoa(shoppers), "--ramp", "1s"),
	}
	sold := func() int { return truth(t, cluster[0].direct)[skuOf(1)].Sold }
	for _, s := range cluster {
		before := sold()
		waittest.Until(t, "shoppers buy", func() bool { return sold() > before })
		waittest.Until(t, s.name+" has sockets", func() bool { return s.nodes()[s.name].Sockets > 0 })
		s.stop()
		s.start()
		s.sees(len(cluster))
	}
	before := sold()
	waittest.Until(t, "shoppers buy after the restarts", func() bool { return sold() > before })
	told := 0
	for name, r := range rehearsals {
		report := r.end()
		told += report.Orders
		t.Logf("%s: %d deeds, %d orders; %d connections were lost; %d requests and messages were sent again",
			name, report.Deeds, report.Orders, report.Lost, report.Retried)
		if report.Lost == 0 || report.Reconnects == 0 {
			t.Errorf("%s: no socket was closed: %+v", name, report)
		}
	}
	if orders := cluster[0].count(countOrders); orders < told || orders > told+2*shoppers {
		t.Errorf("there are %d orders; shoppers were told of %d, and each may have been about to be told of one more",
			orders, told)
	}
}
