package admin

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"sneakers23/inventory"
	"sneakers23/web/webtest"
)

// TestDashboard follows shoppers, stock and orders.
func TestDashboard(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := openOffice(t)
		o.orders.add()
		tabs, leave := context.WithCancel(t.Context())
		o.shopper(t.Context(), "ann", "/", 1, 99)
		o.shopper(tabs, "ann", "/checkout", 1)
		time.Sleep(tellEvery)
		d := o.dashboard()
		if d.number("shoppers") != 1 || d.number("tabs") != 2 || d.number("items", "1", "in_carts") != 1 ||
			d.number("pages", "/") != 1 ||
			d.number("orders", "revenue_cents") != 12_000 ||
			d.shows["nodes"].([]any)[0].(map[string]any)["sockets"] != 7.0 {
			t.Errorf("at first it shows %v", d.shows)
		}
		o.shopper(t.Context(), "bob", "/", 1)
		leave()
		d.change()
		if d.number("shoppers") != 2 || d.number("tabs") != 2 || d.number("items", "1", "in_carts") != 2 ||
			d.number("pages", "/") != 2 || d.number("pages", "/checkout") != 0 {
			t.Errorf("then it shows %v", d.shows)
		}
		o.sell(1)
		d.change()
		if d.number("items", "1", "sold") != 1 {
			t.Errorf("after a sale it shows %v", d.shows["items"])
		}
	})
}

// sell changes the shelf, and tells the board.
func (o *office) sell(n int) {
	rows := webtest.Rows()
	for i := range rows.Items {
		if rows.Items[i].ID == 1 {
			rows.Items[i].Sold += n
			rows.Items[i].Revision += inventory.Revision(n)
		}
	}
	o.shelf.Put(rows)
	o.board.Watch(o.t.Context(), inventory.Notice{Catalog: o.shelf.Catalog(), Items: []inventory.ItemID{1}})
}

// TestFourTimesASecond changes something all the time, with two dashboards open, and then nothing.
func TestFourTimesASecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := openOffice(t)
		d, other := o.dashboard(), o.dashboard()
		time.Sleep(time.Minute + 10*time.Second)
		asked := o.orders.times()
		began, changes := time.Now(), 0
		done := make(chan struct{})
		go func() {
			defer close(done)
			for i := range 1000 {
				o.sell(i + 1)
				time.Sleep(10 * time.Millisecond)
			}
		}()
		for d.number("items", "1", "sold") < 1000 {
			d.change()
			changes++
		}
		<-done
		const before = 3 // that were told, and are received now
		if took := time.Since(began); float64(changes) > 4*took.Seconds()+1+before {
			t.Errorf("%d changes in %v", changes, took)
		}
		for other.number("items", "1", "sold") < 1000 {
			other.change()
		}
		if n := o.orders.times() - asked; n > 25 {
			t.Errorf("the database was asked %d times in ten seconds", n)
		}
	})
}

// TestNobodyLooks opens no dashboard: the database is not asked.
func TestNobodyLooks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := openOffice(t)
		for i := range 10 {
			o.sell(i)
			time.Sleep(time.Minute)
		}
		if n := o.orders.times(); n != 0 {
			t.Errorf("asked %d times", n)
		}
	})
}

// TestByTheMinute has an order each half minute for two hours: the last hour is shown by the
// minute, all are counted.
func TestByTheMinute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := openOffice(t)
		sums := orderSums{orders: o.orders}
		for range 4 * minutes {
			o.orders.add()
			time.Sleep(30 * time.Second)
			s, err := sums.look(t.Context(), time.Now())
			if err != nil || s.Count != len(o.orders.made) || s.Revenue != int64(12_000*s.Count) {
				t.Fatalf("%d orders of %d, %d cents, %v", s.Count, len(o.orders.made), s.Revenue, err)
			}
		}
		s, _ := sums.look(t.Context(), time.Now())
		for i, m := range s.PerMinute[:minutes-1] {
			if m != (minute{2, 24_000}) {
				t.Errorf("minute %d: %v", i, m)
			}
		}
	})
}

// TestOrdersNotSummed goes on when the database does not answer, and counts when it does.
func TestOrdersNotSummed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := openOffice(t)
		o.orders.add()
		d := o.dashboard()
		o.orders.fail(errors.New("away"))
		o.orders.add()
		o.sell(1)
		time.Sleep(5 * lookEvery)
		o.orders.fail(nil)
		began := time.Now()
		for d.number("orders", "count") != 2 {
			d.change()
		}
		if took := time.Since(began); took > 3*lookEvery {
			t.Errorf("it took %v", took)
		}
	})
}

// TestDesk presses the buttons.
func TestDesk(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := openOffice(t)
		d := o.dashboard()
		d.Push("release", map[string]any{"product_id": 2}).AssertOK(map[string]any{"not_shown_by": []string{"node3"}})
		d.Push("restock", map[string]any{
			"item_id": 1, "count": 50,
		}).AssertOK(map[string]any{"not_shown_by": []string{"node3"}})
		if want := []string{"release 2", "restock 1 50"}; !slices.Equal(o.desk.did, want) {
			t.Errorf("it did %v, want %v", o.desk.did, want)
		}
		if status, answer := d.Push("restock", map[string]any{"item_id": "x"}).Receive(); status != "error" {
			t.Errorf("nonsense: %s %s", status, answer)
		}
		o.desk.err = errors.New("no such item")
		d.Push("restock", map[string]any{
			"item_id": 8, "count": 1,
		}).AssertError(map[string]any{"reason": "no such item"})
		o.desk.hold = make(chan struct{})
		d.Push("release", map[string]any{"product_id": 1})
		synctest.Wait()
		d.Leave() // what was confirmed is done
		close(o.desk.hold)
		synctest.Wait()
		if last := o.desk.did[len(o.desk.did)-1]; last != "release 1" {
			t.Errorf("after the page was closed it has done %v", o.desk.did)
		}
	})
}

// TestCartTracker pushes the presences themselves.
func TestCartTracker(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := openOffice(t)
		o.shopper(t.Context(), "ann", "/<b>", 1)
		synctest.Wait()
		c := o.Connect(param(o.token)).Join(CartTracker, nil)
		var state map[string]struct{ Metas []map[string]any }
		if err := json.Unmarshal(c.Receive("presence_state"), &state); err != nil ||
			state["ann"].Metas[0]["page"] != "/<b>" ||
			state["ann"].Metas[0]["phx_ref"] == "" {
			t.Errorf("state %v, %v", state, err)
		}
		o.shopper(t.Context(), "bob", "/")
		c.Receive("presence_diff")
	})
}
