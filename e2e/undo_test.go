package e2e

import (
	"encoding/json"
	"strings"
	"testing"

	"sneakers23/app/waittest"
	"sneakers23/checkout"
	"sneakers23/inventory"
)

// TestUndoneRelease takes a release back: pages are as before when they are loaded, and nothing can
// be bought. When a pair is sold, the release stands.
func TestUndoneRelease(t *testing.T) {
	t.Parallel()
	const item = 5
	s := unsoldShop(t, map[int]int{item: 2})
	s.run("release", "SHU6000")
	other := s.another()
	buyer := newCustomer(t, s.URL)
	buyer.add(item)
	form := buyer.purchase()

	if said := s.run("release", "shu6000", "--undo"); !strings.Contains(said, "is no longer released") {
		t.Errorf("the undo says %s", said)
	}
	if shows(s) {
		t.Error("the page still shows sizes")
	}
	waittest.Until(t, "the other node's page shows no sizes", func() bool { return !shows(other) })
	if id := buyer.post("/checkout", form).order(); id != "" {
		t.Errorf("what is not released was bought, by order %s", id)
	}
	if _, says, code := s.try("release", "SHU6000", "--undo"); code != 1 ||
		!strings.Contains(says, "nothing to take back") {
		t.Errorf("a second undo: exit code %d: %s", code, says)
	}

	s.run("release", "SHU6000")
	if !shows(s) {
		t.Error("released again, the page shows no sizes")
	}
	id := buyer.post("/checkout", form).order()
	if id == "" {
		t.Fatal("released again, it can't be bought")
	}
	if _, says, code := s.try("release", "SHU6000", "--undo"); code != 1 ||
		!strings.Contains(says, "the release stands") {
		t.Errorf("with a pair sold: exit code %d: %s", code, says)
	}
	waittest.Until(t, "the other node knows of the sale", func() bool { return other.stock()[skuOf(item)].Sold == 1 })
	if said := s.run("orders", "cancel", id, "--yes"); !strings.Contains(said, "is cancelled") {
		t.Errorf("cancel says %s", said)
	}
	waittest.Until(t, "the other node has logged the cancel", func() bool {
		return strings.Contains(other.log.String(), "sold pairs are back")
	})
	s.run("release", "SHU6000", "--undo")

	for _, says := range []string{
		`msg=release sku=SHU6000`, `msg="release is taken back" sku=SHU6000`, `msg=sold orders=1 pairs=1 cents=12000`,
		"who=",
	} {
		if !strings.Contains(s.log.String(), says) {
			t.Errorf("%s is not in the log:\n%s", says, s.log)
		}
	}
	if strings.Contains(s.log.String()+other.log.String(), id) {
		t.Error("the id of the order is in a log")
	}
	truth(t, s.database)
}

// unsoldShop has these pairs of each item, and has never sold any.
func unsoldShop(t *testing.T, pairs map[int]int) *shop {
	t.Helper()
	s := freshShop(t)
	s.sql(`DELETE FROM stock_movements; UPDATE item_availabilities SET available_count = 0, stocked_count = 0;` +
		shelf{pairs: pairs}.sql())
	s.look()
	return s
}

// shows reports whether the page of the first product shows its sizes. It is either that, or coming
// soon.
func shows(s *shop) bool {
	s.t.Helper()
	_, page := s.get("/products/SHU6000")
	sizes := strings.Contains(page, "size-container__entry")
	if sizes == strings.Contains(page, "coming soon") {
		s.t.Errorf("the page shows both or none:\n%s", page)
	}
	return sizes
}

// TestCalledOffRelease calls off what is scheduled, and nothing else.
func TestCalledOffRelease(t *testing.T) {
	t.Parallel()
	s := freshShop(t)
	for _, tt := range []struct {
		args string
		code int
		says string
	}{
		{"release SHU6100 --call-off", 1, "no release of SHU6100 is scheduled"},
		{"release SHU6100 --at 1d", 0, "will be released at"},
		{"release SHU6100 --undo", 1, "add --call-off instead of --undo"},
		{"release SHU6100 --call-off --json", 0, `"called_off": true`},
		{"release SHU6100 --call-off", 1, "no release of SHU6100 is scheduled"},
		{"release SHU6100", 0, "is released"},
		{"release SHU6100 --call-off", 1, "add --undo instead of --call-off"},
		{"release SHU6100 --undo --json", 0, `"undone": true`},
		{"release SHU6100 --undo --at 1h", 2, "can't be used together"},
		{"release SHU6100 --at 9000h", 2, "add --yes"}, // more than a year
		{"release SHU6100 --at 9000h --yes", 0, "will be released at"},
		{"release 99 --undo", 1, "no product has"},
	} {
		out, errOut, code := s.try(strings.Fields(tt.args)...)
		if code != tt.code || !strings.Contains(out+errOut, tt.says) {
			t.Errorf("sneakers23 %s: exit code %d, want %d, with %q in:\n%s%s",
				tt.args, code, tt.code, tt.says, out, errOut)
		}
	}
}

// TestStockCorrect corrects a count, asks about slips, and books both.
func TestStockCorrect(t *testing.T) {
	t.Parallel()
	s := unsoldShop(t, map[int]int{1: 20})
	for _, tt := range []struct {
		args []string
		code int
		says string
		left int
	}{
		{
			[]string{"stock", "correct", "shu6001", "--by", "-5", "--why", "five were wet"}, 0,
			"corrected by -5, 15 available, level low", 15,
		},
		{
			[]string{"stock", "correct", "1", "--by=2", "--why", "two were found", "--json"}, 0,
			`"available_count": 17`, 17,
		},
		{
			[]string{"stock", "correct", "SHU6001", "--by", "-18", "--why", "all are gone"}, 1,
			"18 pairs can't be taken away: SHU6001 has 17 that are not sold", 17,
		},
		{[]string{"stock", "correct", "SHU6001", "--by", "0", "--why", "so"}, 1, "--by must say", 17},
		{[]string{"stock", "correct", "SHU6001", "--by", "1", "--why", " "}, 1, "--why must say why", 17},
		{[]string{"stock", "correct", "SHU6001", "--by", "1"}, 2, "--why", 17},
		{[]string{"stock", "correct", "SHU6001", "--why", "so"}, 2, "--by", 17},
		{[]string{"stock", "correct", "SHU6000", "--by", "1", "--why", "so"}, 1, "is a product", 17},
		{[]string{"stock", "corect", "SHU6001"}, 2, "did you mean: sneakers23 stock correct", 17},
		{[]string{"restock", "SHU6001", "171"}, 2, "more than 10 times what SHU6001 ever had: 17", 17},
		{[]string{"restock", "SHU6001", "170"}, 0, "170 more", 187},
		{[]string{"restock", "SHU6001", "2000", "--yes"}, 0, "2000 more", 2187},
	} {
		out, errOut, code := s.try(tt.args...)
		if code != tt.code || !strings.Contains(out+errOut, tt.says) {
			t.Errorf("sneakers23 %q: exit code %d, want %d, with %q in:\n%s%s",
				tt.args, code, tt.code, tt.says, out, errOut)
		}
		if left := s.stock()["SHU6001"].Available; left != tt.left {
			t.Errorf("sneakers23 %q: %d are left, want %d", tt.args, left, tt.left)
		}
	}
	for _, says := range []string{
		`msg="stock is corrected" sku=SHU6001 by=-5 why="five were wet" who=`, "msg=restock sku=SHU6001 count=170 who=",
	} {
		if !strings.Contains(s.log.String(), says) {
			t.Errorf("%s is not in the log:\n%s", says, s.log)
		}
	}
	truth(t, s.database)
}

// TestSellIsCareful sells nothing that is not released, and says that a shop is in use.
func TestSellIsCareful(t *testing.T) {
	t.Parallel()
	s := unsoldShop(t, map[int]int{1: 3, 14: 4})
	if said := s.run("sell", "--yes"); !strings.Contains(said,
		"nothing to sell: all 7 pairs of products that are not released") {
		t.Errorf("with nothing released: %s", said)
	}
	s.run("release", "SHU6000")
	_, says, code := s.try("sell")
	if code != 2 || !strings.Contains(says, "This sells all 3 pairs of the shop") ||
		strings.Contains(says, "order in this shop") {
		t.Errorf("without orders: exit code %d: %s", code, says)
	}
	besides(t, s.database, checkout.Purchase{
		Lines: []checkout.Line{{ID: checkout.NewLineID(), Product: 1, Item: 1}}, Total: inventory.Cents(120_00),
	})
	waittest.Until(t, "the sale shows", func() bool { return s.stock()["SHU6001"].Available == 2 })
	_, says, code = s.try("sell")
	if code != 2 || !strings.Contains(says, "There is 1 order in this shop") || !strings.Contains(says, "add --yes") {
		t.Errorf("with an order: exit code %d: %s", code, says)
	}
	if said := s.run("sell", "--yes"); !strings.Contains(said, "gone: 2 sold, every size that is released is out") {
		t.Errorf("sell: %s", said)
	}
	if it := s.stock()["SHU6101"]; it.Available != 4 {
		t.Errorf("of what is not released, %+v is left", it)
	}
	if said := s.run("sell", "--yes", "--unreleased"); !strings.Contains(said, "gone: 4 sold, every size is out") {
		t.Errorf("sell --unreleased: %s", said)
	}
	truth(t, s.database)
}

// TestErrorsAsJSON has a program read what went wrong.
func TestErrorsAsJSON(t *testing.T) {
	t.Parallel()
	s := freshShop(t)
	s.run("release", "SHU6000")
	for _, tt := range []struct {
		args []string
		code int
		want string
		try  string
	}{
		{[]string{"release", "NOPE", "--json"}, 1, `no product has the SKU or id "NOPE"`, ""},
		{
			[]string{"--json", "prodcts"}, 2, "there is no command prodcts; did you mean: sneakers23 products",
			"sneakers23 --help",
		},
		{[]string{"sell", "--json"}, 2, "add --yes", "sneakers23 sell --help"},
		{[]string{"orders", "list", "--limit", "0", "--json"}, 2, "--limit", "sneakers23 orders list --help"},
		{[]string{"products", "--json", "--nope"}, 2, "--nope", "sneakers23 products --help"},
	} {
		out, errOut, code := s.try(tt.args...)
		var told struct{ Error, Try string }
		if err := json.Unmarshal([]byte(errOut), &told); err != nil || out != "" {
			t.Errorf("sneakers23 %q: %v, on the standard output %q, on the standard error %s",
				tt.args, err, out, errOut)
		}
		if code != tt.code || !strings.Contains(told.Error, tt.want) || told.Try != tt.try {
			t.Errorf("sneakers23 %q: exit code %d, %+v", tt.args, code, told)
		}
	}
}
