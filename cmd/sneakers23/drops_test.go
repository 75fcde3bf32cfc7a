package main

import (
	"bytes"
	"os"
	"strings"
	"testing"
	"time"

	"sneakers23/app/operator"
)

// TestPlanInTheDocument reads the plan that docs/selling.md shows.
func TestPlanInTheDocument(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../docs/selling.md")
	if err != nil {
		t.Fatal(err)
	}
	begin := []byte("```yaml\nat:")
	text = text[bytes.Index(text, begin)+len("```yaml\n"):]
	text, _, _ = bytes.Cut(text, []byte("```\n"))
	p, err := readPlan(text)
	if err != nil {
		t.Fatal(err)
	}
	q, err := p.request(time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC))
	at := time.Date(2026, 12, 24, 17, 0, 0, 0, time.UTC)
	if err != nil || !q.At.Equal(at) || strings.Join(q.Releases, " ") != "VOLT BOLT" || len(q.Restocks) != 2 ||
		q.Announces != "Volt and Bolt are here." || q.EndsAt == nil || !q.EndsAt.Equal(at.Add(4*time.Hour)) {
		t.Errorf("got %+v, %v", q, err)
	}
}

func TestPlanRequest(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 12, 1, 12, 0, 0, 0, time.UTC)
	ends := time.Date(2026, 12, 3, 18, 0, 0, 0, time.UTC)
	for name, test := range map[string]struct {
		plan dropsPlanCmd
		want string // of the error; "" for none
	}{
		"whole": {dropsPlanCmd{
			At: "18:00", Ends: "2026-12-03 18:00", Release: []string{"VOLT"}, Restock: []string{"VOLT-9=5"},
		}, ""},
		"no time":      {dropsPlanCmd{Release: []string{"VOLT"}}, "--at must say"},
		"no zone":      {dropsPlanCmd{At: "18:00", Zone: "Nowhere"}, `--zone "Nowhere" is no time zone`},
		"no pairs":     {dropsPlanCmd{At: "18:00", Restock: []string{"VOLT-9"}}, "write ITEM=PAIRS"},
		"many pairs":   {dropsPlanCmd{At: "18:00", Restock: []string{"VOLT-9=1000001"}}, "1 to 1000000 pairs"},
		"a bad end":    {dropsPlanCmd{At: "18:00", Ends: "soon"}, "--ends \"soon\" is no time"},
		"a time twice": {dropsPlanCmd{At: "2027-10-31 02:30", Zone: "Europe/Berlin"}, "show that time twice"},
	} {
		q, err := test.plan.request(now)
		if err == nil && test.want != "" ||
			err != nil && (test.want == "" || !strings.Contains(err.Error(), test.want)) {
			t.Errorf("%s: %v, want %q", name, err, test.want)
		}
		if test.want == "" && (q.EndsAt == nil || !q.EndsAt.Equal(ends) ||
			q.Restocks[0] != operator.PairsOf{Item: "VOLT-9", Pairs: 5}) {
			t.Errorf("%s: %+v", name, q)
		}
	}
}

func TestReadPlanRefuses(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"":                                  "the file is empty",
		"at: 18:00\nbanana: 1\n":            "banana",
		"at: 18:00\nrestock: [{VOLT-9: x}]": "line 2: a whole number must stand here",
		"[]":                                "line 1",
	} {
		if p, err := readPlan([]byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %+v, %v; want %q", text, p, err, want)
		}
	}
}
