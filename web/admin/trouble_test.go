package admin

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"sneakers23/inventory"
	"sneakers23/web/webtest"
)

// TestTroubles tells what is wrong at which nodes.
func TestTroubles(t *testing.T) {
	t.Parallel()
	now := time.UnixMilli(1_000_000)
	well := NodeState{Name: "well", Ready: true, Lag: 2999}
	for _, tt := range []struct {
		nodes []NodeState
		want  []string // a part of each text
	}{
		{[]NodeState{well}, nil},
		{[]NodeState{well, {Name: "goes", Fault: FaultStopping}}, nil},
		{[]NodeState{{Name: "a", Fault: FaultDatabase}}, []string{"The database does not answer. Shoppers"}},
		{
			[]NodeState{{Name: "b", Fault: FaultDatabase}, well, {Name: "a", Fault: FaultDatabase, Lag: 5000}},
			[]string{"The database does not answer (a, b). "},
		},
		{[]NodeState{well, {Name: "a", Ready: true, Lag: 3001}}, []string{"Stock is shown late (a). "}},
		{[]NodeState{well, {Name: "starts", Started: now, Fault: FaultCatalog}}, nil},
		{
			[]NodeState{well, {Name: "a", Started: now.Add(-startTime), Fault: FaultCatalog}},
			[]string{"read from the database (a). "},
		},
		{[]NodeState{well, {Name: "a", Fault: "of a newer node"}}, []string{"The node is not ready (a). "}},
		{
			[]NodeState{{Name: "a", Fault: FaultCommits}, {Name: "b", Fault: FaultHealing}},
			[]string{"takes no orders (a). ", "compared with the database (b). "},
		},
	} {
		got := troubles(now, tt.nodes, nil)
		if got == nil || len(got) != len(tt.want) {
			t.Errorf("%v: %v, want %v", tt.nodes, got, tt.want)
			continue
		}
		for i, want := range tt.want {
			if !strings.Contains(got[i].Text, want) {
				t.Errorf("%v: %q, want %q", tt.nodes, got[i].Text, want)
			}
		}
		for _, later := range troubles(now.Add(startTime/2), tt.nodes, got) {
			if later.Since != now.UnixMilli() {
				t.Errorf("%v: it is there since then, and not since %d", tt.nodes, later.Since)
			}
		}
	}
}

// TestTroubleIsTold takes the database away from the node: a dashboard says so within three
// seconds, and the list of what happened says when it began and ended, though the journal could not
// be written meanwhile.
func TestTroubleIsTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := openOffice(t)
		d := o.dashboard()
		time.Sleep(2 * lookEvery) // the journal has that the node is here: else it may come with the trouble, behind it
		o.past.away.Store(true)
		o.fault.Store(FaultDatabase)
		began := time.Now()
		for !strings.Contains(d.says("troubles"), "does not answer") {
			d.change()
		}
		if took := time.Since(began); took > 3*time.Second {
			t.Errorf("it was told after %v", took)
		}
		if !strings.Contains(d.says("events"), "Node node1: the database does not answer") {
			t.Errorf("what happened: %s", d.says("events"))
		}
		time.Sleep(10 * time.Second)
		o.past.away.Store(false)
		o.fault.Store(Fault(""))
		for strings.Contains(d.says("troubles"), "does not answer") ||
			!strings.Contains(d.says("events"), "answers again, after 1") {
			d.change()
		}
		time.Sleep(time.Minute) // of the bubble
		if kinds := o.past.kinds(); !strings.Contains(kinds, "node_here trouble trouble_over") {
			t.Errorf("the journal says %q", kinds)
		}
	})
}

// TestHiccupIsNoEnd takes a fault for over when two looks have not found it.
func TestHiccupIsNoEnd(t *testing.T) {
	t.Parallel()
	var i ill
	now := time.UnixMilli(0)
	var kinds []string
	for _, f := range []Fault{
		"", FaultDatabase, "", FaultDatabase, "", "", "", FaultCommits, FaultDatabase, "", "", FaultHealing,
		FaultStopping, FaultStopping,
	} {
		now = now.Add(time.Second)
		for _, r := range i.look(now, NodeState{Ready: true, Fault: f}) {
			kinds = append(kinds, r.Kind+" "+r.Why)
		}
	}
	want := "trouble database, trouble_over database, trouble commits, trouble_over commits, trouble database, trouble_over database, " +
		"trouble healing" // a node that stops notes nothing
	if got := strings.Join(kinds, ", "); got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

// TestFrozenTrouble names a few of the sizes that are frozen, and keeps since when.
func TestFrozenTrouble(t *testing.T) {
	t.Parallel()
	rows := webtest.Rows()
	now := time.UnixMilli(1000)
	catalog := func() *inventory.Catalog { return inventory.NewCatalog(rows, inventory.DefaultThresholds) }
	if got, ok := frozenTrouble(now, catalog(), nil); ok {
		t.Errorf("of a healthy shop: %+v", got)
	}
	for i := range 4 {
		rows.Items[i].Frozen = true
	}
	first, ok := frozenTrouble(now, catalog(), nil)
	if !ok || first.Fault != FaultFrozen || first.Since != 1000 || !strings.Contains(first.Text, rows.Items[0].SKU) ||
		!strings.Contains(first.Text, " and 1 more.") {
		t.Errorf("got %+v, %v", first, ok)
	}
	if again, _ := frozenTrouble(now.Add(time.Hour), catalog(), []Trouble{first}); again != first {
		t.Errorf("an hour later: %+v, want %+v", again, first)
	}
}
