package devices_test

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"sneakers23/app/devices"
)

func variable(name, kind, value string) devices.Variable {
	return devices.Variable{Name: name, Type: kind, Value: []byte(value)}
}

// states are the variables of a device, one a line: reported/wanted.
func states(t testing.TB, s *devices.Store, id devices.ID) string {
	t.Helper()
	all, err := s.Variables(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	show := func(v *devices.Variable) string {
		if v == nil {
			return "-"
		}
		return v.Type + " " + string(v.Value)
	}
	lines := make([]string, len(all))
	for i, v := range all {
		lines[i] = fmt.Sprintf("%s: %s / %s", v.Name, show(v.Reported), show(v.Wanted))
		if v.Reported != nil == v.At.IsZero() ||
			v.Wanted != nil == (v.Revision == 0 || v.Since.IsZero() || v.Who == "") {
			lines[i] += fmt.Sprintf(" wrong: %+v", v)
		}
	}
	return strings.Join(lines, "\n")
}

// wanted are the variables that must still be sent.
func wanted(t testing.TB, s *devices.Store, id devices.ID) string {
	t.Helper()
	all, err := s.Wanted(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	for _, v := range all {
		fmt.Fprintf(&b, "%s %s %s;", v.Name, v.Type, v.Value)
	}
	return b.String()
}

// TestWantedUntilReported follows variables from a report to an admin's change and back.
func TestWantedUntilReported(t *testing.T) {
	t.Parallel()
	s, pool := newStore(t)
	d, _ := add(t, s, "kiosk")
	ctx := t.Context()
	report := func(vs ...devices.Variable) {
		t.Helper()
		if err := s.Report(ctx, d.ID, vs); err != nil {
			t.Fatal(err)
		}
	}
	want := func(vs ...devices.Variable) {
		t.Helper()
		if err := s.Want(ctx, d.ID, vs, "bob"); err != nil {
			t.Fatal(err)
		}
	}
	is := func(state, toSend string) {
		t.Helper()
		if got := states(t, s, d.ID); got != state {
			t.Errorf("variables are\n%s\nwant\n%s", got, state)
		}
		if got := wanted(t, s, d.ID); got != toSend {
			t.Errorf("to be sent: %s want %s", got, toSend)
		}
	}
	report(variable("testing1", "string", `"example"`), variable("testing2", "integer", `-1`))
	is("testing1: string \"example\" / -\ntesting2: integer -1 / -", "")
	report(variable("testing2", "integer", `5`), variable("testing2", "float", `0.50`))
	is("testing1: string \"example\" / -\ntesting2: float 0.5 / -", "")

	want(variable("testing2", "integer", `7`), variable("new", "boolean", `true`))
	is("new: - / boolean true\ntesting1: string \"example\" / -\ntesting2: float 0.5 / integer 7",
		"new boolean true;testing2 integer 7;")
	report(variable("testing2", "integer", `8`)) // another value
	report(variable("testing2", "float", `7`))   // another type
	is("new: - / boolean true\ntesting1: string \"example\" / -\ntesting2: float 7 / integer 7",
		"new boolean true;testing2 integer 7;")
	want(variable("testing2", "integer", `9`)) // replaces the earlier one
	report(variable("testing2", "integer", `7`))
	is("new: - / boolean true\ntesting1: string \"example\" / -\ntesting2: integer 7 / integer 9",
		"new boolean true;testing2 integer 9;")
	report(variable("testing2", "integer", `9`), variable("new", "boolean", `true`))
	is("new: boolean true / -\ntesting1: string \"example\" / -\ntesting2: integer 9 / -", "")
	want(variable("testing2", "integer", `9`)) // is wanted though it was reported: another device may have the key
	is("new: boolean true / -\ntesting1: string \"example\" / -\ntesting2: integer 9 / integer 9",
		"testing2 integer 9;")

	if err := s.Unwant(ctx, d.ID, "testing2", "carol"); err != nil {
		t.Fatal(err)
	}
	is("new: boolean true / -\ntesting1: string \"example\" / -\ntesting2: integer 9 / -", "")
	if err := s.Unwant(ctx, d.ID, "testing2", "carol"); !errors.Is(err, devices.ErrNotWanted) {
		t.Errorf("withdrawn twice: %v", err)
	}

	if got, want := events(t, pool), "device_added kiosk 0 - ann\ndevice_set kiosk 2 - bob\ndevice_set kiosk 1 testing2 bob\ndevice_set kiosk 1 testing2 bob\n"+
		"device_unset kiosk 0 testing2 carol"; got != want {
		t.Errorf("events:\n%s\nwant\n%s", got, want)
	}
}

// TestChangesThatAreRefused keeps nothing of them.
func TestChangesThatAreRefused(t *testing.T) {
	t.Parallel()
	s, _ := newStore(t)
	ctx := t.Context()
	d, _ := add(t, s, "kiosk")
	many := make([]devices.Variable, devices.MaxVariables)
	for i := range many {
		many[i] = variable(fmt.Sprint("v", i), "integer", "1")
	}
	if err := s.Report(ctx, d.ID, many[1:]); err != nil {
		t.Fatal(err)
	}
	if err := s.Want(ctx, d.ID, many[:2], "bob"); err != nil {
		t.Errorf("the last variable: %v", err)
	}
	one := []devices.Variable{variable("one more", "integer", "1")}
	for what, err := range map[string]error{"report": s.Report(ctx, d.ID, one), "want": s.Want(ctx, d.ID, one, "bob")} {
		if !errors.Is(err, devices.ErrTooManyVariables) {
			t.Errorf("%s one more: %v", what, err)
		}
	}
	bad := []devices.Variable{many[3], variable("v4", "integer", `"x"`)}
	if err := s.Want(ctx, d.ID, bad, "bob"); words(err) != `variable "v4": the value is not of type integer` {
		t.Errorf("a wrong type: %v", err)
	}
	if got := wanted(t, s, d.ID); got != "v0 integer 1;v1 integer 1;" {
		t.Errorf("is wanted: %s", got)
	}
	if err := s.Report(ctx, 4711, one); !errors.Is(err, devices.ErrNoSuchDevice) {
		t.Errorf("of no device: %v", err)
	}
	if _, err := s.Revoke(ctx, d.ID, ""); err != nil {
		t.Fatal(err)
	}
	if err := s.Report(ctx, d.ID, many[:1]); !errors.Is(err, devices.ErrRevoked) {
		t.Errorf("of a revoked device: %v", err)
	}
	if err := s.Report(ctx, d.ID, nil); !errors.Is(err, devices.ErrRevoked) {
		t.Errorf("nothing, of a revoked device: %v", err)
	}
}

func words(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// TestManyReportAtOnce lets connections that share a key report the same variables in other orders,
// while an admin changes them: none is ended as a deadlock, and what was wanted last is reported
// last.
func TestManyReportAtOnce(t *testing.T) {
	t.Parallel()
	one, pool := newStore(t)
	stores := []*devices.Store{one, storeOn(pool, secret)}
	d, _ := add(t, one, "kiosk")
	ctx := eventually(t)
	var wg sync.WaitGroup
	for n := range 6 {
		wg.Go(func() {
			s := stores[n%2]
			for i := range 30 {
				vs := []devices.Variable{
					variable("a", "integer", fmt.Sprint(i)), variable("b", "integer", fmt.Sprint(i)),
				}
				if n%3 == 0 {
					vs[0], vs[1] = vs[1], vs[0]
				}
				var err error
				if n == 5 {
					err = s.Want(ctx, d.ID, vs, "bob")
				} else {
					err = s.Report(ctx, d.ID, vs)
				}
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	if err := one.Want(ctx, d.ID, []devices.Variable{variable("a", "integer", "99"), variable("b", "integer", "99")},
		"bob"); err != nil {
		t.Fatal(err)
	}
	if err := one.Report(ctx, d.ID, []devices.Variable{
		variable("b", "integer", "99"), variable("a", "integer", "99"),
	}); err != nil {
		t.Fatal(err)
	}
	if got := states(t, one, d.ID); got != "a: integer 99 / -\nb: integer 99 / -" {
		t.Errorf("in the end:\n%s", got)
	}
}
