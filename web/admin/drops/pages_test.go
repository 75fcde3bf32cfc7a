package drops

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/labstack/echo/v4"

	"sneakers23/inventory"
	"sneakers23/templates"
	"sneakers23/web/webtest"
)

// desk notes what it is asked for, and answers as it is told.
type desk struct {
	drops []Drop
	asked []string
	err   error
}

func (d *desk) Drops(context.Context) ([]Drop, error) { return d.drops, nil }

func (d *desk) Plan(_ context.Context, p Plan) error {
	d.asked = append(d.asked, strings.TrimSpace(fmt.Sprintf("plan %s %s %v %v %s", p.At.UTC().Format(time.RFC3339),
		p.Zone, p.Releases, p.Restocks, p.Announces)))
	if p.Ends != nil {
		d.asked = append(d.asked, "until "+p.Ends.UTC().Format(time.RFC3339))
	}
	return d.err
}

func (d *desk) End(_ context.Context, id inventory.DropID, seen int64, at *time.Time) error {
	end := "never"
	if at != nil {
		end = at.UTC().Format(time.RFC3339)
	}
	d.asked = append(d.asked, fmt.Sprintf("end %d %d %s", id, seen, end))
	return d.err
}

func (d *desk) Move(_ context.Context, id inventory.DropID, seen int64, at time.Time) error {
	d.asked = append(d.asked, fmt.Sprintf("move %d %d %s", id, seen, at.UTC().Format(time.RFC3339)))
	return d.err
}

func (d *desk) EndNow(_ context.Context, id inventory.DropID, seen int64) error {
	d.asked = append(d.asked, fmt.Sprintf("end now %d %d", id, seen))
	return d.err
}

func (d *desk) Cancel(_ context.Context, id inventory.DropID, seen int64) error {
	d.asked = append(d.asked, fmt.Sprintf("cancel %d %d", id, seen))
	return d.err
}

func newPages(t testing.TB, d *desk) *Pages {
	t.Helper()
	set, err := templates.Parse(func(name string) (string, error) { return "/assets/hashed/" + name, nil })
	if err != nil {
		t.Fatal(err)
	}
	shelf := webtest.NewShelf(webtest.Rows())
	return New(Config{Catalog: shelf.Catalog, Templates: set, Desk: d, Zone: func() string { return "Europe/Berlin" }})
}

// visit asks a page for a drop, "" for none, with a form, nil for none.
func visit(t testing.TB, page echo.HandlerFunc, id string, form url.Values) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	w := httptest.NewRecorder()
	c := echo.New().NewContext(r, w)
	c.SetParamNames("id")
	c.SetParamValues(id)
	if err := page(c); err != nil {
		t.Fatal(err)
	}
	return w
}

var some = []Drop{
	{
		ID: 7, At: time.Date(2031, 12, 24, 17, 0, 0, 0, time.UTC), Zone: "Europe/Berlin", State: "planned", Version: 3,
		Acts: []string{"Release of <Hop> (SHU6000)"}, Problems: []string{"SHU6000 has no images"},
	},
	{
		ID: 5, At: time.Date(2031, 1, 24, 17, 0, 0, 0, time.UTC), Zone: "Asia/Tokyo", State: "open", Version: 2,
		Ends: new(time.Date(2031, 1, 25, 17, 0, 0, 0, time.UTC)), Acts: []string{"Banner “<Bolt> is here.”"},
	},
	{
		ID: 4, At: time.Date(2030, 11, 24, 17, 0, 0, 0, time.UTC), Zone: "UTC", State: "over",
		Ends: new(time.Date(2030, 11, 25, 17, 0, 0, 0, time.UTC)), Acts: []string{"Release of Hop (SHU6000)"},
	},
	{
		ID: 6, At: time.Date(2030, 12, 24, 17, 0, 0, 0, time.UTC), State: "cancelled",
		Acts: []string{"Release of Hop (SHU6000)"},
	},
}

func TestGolden(t *testing.T) {
	webtest.Golden(t, "drops.html", visit(t, newPages(t, &desk{drops: some}).Show, "", nil).Body.Bytes())
	webtest.Golden(t, "none.html", visit(t, newPages(t, &desk{}).Show, "", nil).Body.Bytes())
}

func TestPlanAndChange(t *testing.T) {
	d := &desk{drops: some}
	p := newPages(t, d)
	for _, ask := range []struct {
		page echo.HandlerFunc
		id   string
		form url.Values
		want []string
	}{
		{p.Plan, "", url.Values{
			"at": {"2031-12-24T18:00"}, "zone": {" Europe/Berlin "}, "release": {"SHU6100", "VOLT"},
			"restocks": {"VOLT-9=50\r\n\r\n VOLT-10 = 5 "}, "ends": {"2031-12-25T00:00"}, "announces": {" Volt! "},
		}, []string{
			"plan 2031-12-24T17:00:00Z Europe/Berlin [SHU6100 VOLT] [{VOLT-9 50} {VOLT-10 5}] Volt!",
			"until 2031-12-24T23:00:00Z",
		}},
		{p.Plan, "", url.Values{"at": {"2031-12-24 18:00:30"}, "zone": {"UTC"}},
			[]string{"plan 2031-12-24T18:00:30Z UTC [] []"}},
		{p.Change, "7", url.Values{"at": {"2031-12-24T19:00:00"}, "zone": {"Asia/Tokyo"}, "seen": {"3"}},
			[]string{"move 7 3 2031-12-24T10:00:00Z"}},
		{p.Change, "7", url.Values{"at": {"nonsense"}, "cancel": {"yes"}, "seen": {"3"}}, []string{"cancel 7 3"}},
		{p.Change, "5", url.Values{"end": {"yes"}, "ends": {""}, "zone": {"Asia/Tokyo"}, "seen": {"2"}},
			[]string{"end 5 2 never"}},
		{p.Change, "5", url.Values{"end": {"now"}, "ends": {"nonsense"}, "seen": {"2"}}, []string{"end now 5 2"}},
		{p.Change, "5", url.Values{"end": {"yes"}, "ends": {"2031-01-26T09:00:00"}, "zone": {"Asia/Tokyo"}},
			[]string{"end 5 0 2031-01-26T00:00:00Z"}},
	} {
		d.asked = nil
		w := visit(t, ask.page, ask.id, ask.form)
		if w.Code != http.StatusSeeOther || !strings.HasPrefix(w.Header().Get("Location"), "/admin/drops?done=") {
			t.Errorf("%s: status %d to %q:\n%s", ask.want, w.Code, w.Header().Get("Location"), w.Body)
		}
		if diff := cmp.Diff(ask.want, d.asked); diff != "" {
			t.Errorf("want, got: %s", diff)
		}
	}
}

// TestRefused holds that what can't be done is said, and that what was written is still there.
func TestRefused(t *testing.T) {
	full := func(change url.Values) url.Values {
		form := url.Values{"at": {"2031-12-24T18:00"}, "zone": {"UTC"}, "release": {"SHU6100"}, "restocks": {"<X>=5"}}
		for name, value := range change {
			form[name] = value
		}
		return form
	}
	for name, test := range map[string]struct {
		form   url.Values
		err    error
		status int
		says   string
	}{
		"no time": {full(url.Values{"at": {""}}), nil, 422, "The time is missing."},
		"no end":  {full(url.Values{"ends": {"soon"}}), nil, 422, "The end: That is no time."},
		"no zone": {full(url.Values{"zone": {"Nowhere"}}), nil, 422, "The zone is none."},
		"twice": {
			full(url.Values{"at": {"2027-10-31T02:30"}, "zone": {"Europe/Berlin"}}), nil, 422,
			"Choose the zone UTC, and 2027-10-31 00:30 or 2027-10-31 01:30.",
		},
		"never": {
			full(url.Values{"at": {"2027-03-28T02:30"}, "zone": {"Europe/Berlin"}}), nil, 422,
			"Choose the zone UTC, and 2027-03-28 00:30 or 2027-03-28 01:30.",
		},
		"restock": {full(url.Values{"restocks": {"<X>=five"}}), nil, 422, "The line “&lt;X&gt;=five” is no restock."},
		"refused": {full(nil), errors.New("SHU6100 is in drop 7 already"), 409, "SHU6100 is in drop 7 already"},
	} {
		d := &desk{drops: some, err: test.err}
		w := visit(t, newPages(t, d).Plan, "", test.form)
		if w.Code != test.status || test.err == nil && len(d.asked) > 0 {
			t.Errorf("%s: status %d, want %d; asked for %q", name, w.Code, test.status, d.asked)
		}
		for _, words := range []string{test.says, `value="SHU6100" checked`, "&lt;X&gt;="} {
			if !strings.Contains(w.Body.String(), words) {
				t.Errorf("%s: no %q in\n%s", name, words, w.Body)
			}
		}
	}
	w := visit(t, newPages(t, &desk{drops: some, err: errors.New("it has opened")}).Change, "7",
		url.Values{"cancel": {"yes"}})
	if w.Code != http.StatusConflict || !strings.Contains(w.Body.String(), "Drop 7: it has opened") {
		t.Errorf("a change that is refused: status %d\n%s", w.Code, w.Body)
	}
	w = visit(t, newPages(t, &desk{drops: some}).Change, "5",
		url.Values{"end": {"yes"}, "ends": {"soon"}, "zone": {"UTC"}})
	if w.Code != http.StatusConflict || !strings.Contains(w.Body.String(), "Drop 5: That is no time.") ||
		!strings.Contains(w.Body.String(), `name="ends" value="soon"`) {
		t.Errorf("an end that is none: status %d\n%s", w.Code, w.Body)
	}
	err := newPages(t, &desk{}).Change(echo.New().NewContext(httptest.NewRequest(http.MethodPost, "/", http.NoBody),
		httptest.NewRecorder()))
	if !errors.Is(err, inventory.ErrNotFound) {
		t.Errorf("no drop: %v", err)
	}
}
