package admin

import (
	"bytes"
	"errors"
	"testing"
	"time"

	"sneakers23/inventory"
	"sneakers23/templates"
	"sneakers23/web/webtest"
)

func address(name string) (string, error) {
	if name == "images/gone.svg" {
		return "", errors.New("no such file")
	}
	return "/assets/hashed/" + name, nil
}

func TestGoldenDashboard(t *testing.T) {
	set, err := templates.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	rows := webtest.Rows()
	due := time.Date(2031, 5, 2, 20, 0, 0, 0, time.FixedZone("", 2*60*60))
	rows.Products = append(rows.Products, inventory.ProductRow{
		ID: 3, SKU: "SHU6200", Order: 3, Brand: "Gäst & Co", Name: "<Later>", Color: "grey", Price: 9900,
		MainImageURL: "/assets/images/gone.svg", ReleaseAt: &due, Revision: 1,
	})
	rows.Items[1].Sold, rows.Items[2].Sold = 1, 1_234_567
	closed := webtest.NewShelf(rows)
	closed.Close()
	for name, shelf := range map[string]shelf{
		"admin.html":        webtest.NewShelf(rows),
		"admin_empty.html":  webtest.NewShelf(inventory.Rows{}),
		"admin_closed.html": closed,
	} {
		t.Run(name, func(t *testing.T) {
			var html bytes.Buffer
			if err := (&Pages{
				shelf: shelf, templates: set, asset: address,
			}).dashboard(&html, `a token with "quotes"`); err != nil {
				t.Fatal(err)
			}
			webtest.Golden(t, name, html.Bytes())
		})
	}
}

func TestGoldenDevices(t *testing.T) {
	set, err := templates.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	var html bytes.Buffer
	if err := (&Pages{templates: set, asset: address}).devices(&html, `a token with "quotes"`); err != nil {
		t.Fatal(err)
	}
	webtest.Golden(t, "admin_devices.html", html.Bytes())
}

func TestGrouped(t *testing.T) {
	for n, want := range map[grouped]string{
		0: "0", 7: "7", 999: "999", 1000: "1,000", 12345: "12,345", 1_234_567: "1,234,567", -5: "-5", -100: "-100",
		-1000: "-1,000",
	} {
		if got := n.String(); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}
