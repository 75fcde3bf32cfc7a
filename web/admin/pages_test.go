package admin

import (
	"bytes"
	"testing"

	"sneakers23/templates"
	"sneakers23/web/webtest"
)

func TestGoldenDashboard(t *testing.T) {
	set, err := templates.Parse(func(name string) (string, error) { return "/assets/" + name, nil })
	if err != nil {
		t.Fatal(err)
	}
	var html bytes.Buffer
	if err := set.Page(&html, "admin", dashboardPage{Token: `a token with "quotes"`}); err != nil {
		t.Fatal(err)
	}
	webtest.Golden(t, "admin.html", html.Bytes())
}
