package fleet

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"sneakers23/app/devices"
)

// TestManyVariables are told in several events, each of about 50 KB at most.
func TestManyVariables(t *testing.T) {
	inRoom(t, func(t *testing.T, r *room) {
		long := json.RawMessage(`"` + strings.Repeat("\\u0001", 100) + `"`) // six bytes for each in JSON
		for i := range devices.MaxVariables {
			v := devices.Variable{Name: fmt.Sprintf("v%03d", i), Type: "string", Value: long}
			r.variables[1] = append(r.variables[1], devices.VariableState{
				Name: v.Name, Reported: &v, Wanted: &v, Who: "ann",
			})
		}
		c := r.join(1)
		told := make(map[string]bool)
		for i := 0; len(told) < devices.MaxVariables; i++ {
			data := c.Receive("variables")
			var v variablesEvent
			decode(t, data, &v)
			if len(data) > 56<<10 || v.Whole != (i == 0) || len(v.Variables) == 0 || len(v.Gone) > 0 {
				t.Fatalf("event %d has %d bytes: whole %v, %d variables, gone %v",
					i, len(data), v.Whole, len(v.Variables), v.Gone)
			}
			for _, one := range v.Variables {
				if told[one.Name] {
					t.Fatalf("%s is told again", one.Name)
				}
				told[one.Name] = true
			}
		}
		time.Sleep(5 * checkEvery)
		c.RefutePush("variables")
	})
}

// TestVariablesTakeTurns pushes those that did not fit before those that change all the time.
func TestVariablesTakeTurns(t *testing.T) {
	inRoom(t, func(t *testing.T, r *room) {
		at := time.UnixMilli(0)
		report := func() {
			at = at.Add(time.Second)
			var all []devices.VariableState
			for i := range devices.MaxVariables {
				v := devices.VariableOfText(fmt.Sprintf("v%03d", i), "string", strings.Repeat("\x01", 100))
				all = append(all, devices.VariableState{Name: v.Name, Reported: &v, At: at})
			}
			r.set(func() { r.variables[1] = all })
		}
		report()
		c := r.join(1)
		told := make(map[string]bool)
		for range 8 {
			for _, v := range receive[variablesEvent](t, c, "variables").Variables {
				told[v.Name] = true
			}
			report()
		}
		if len(told) != devices.MaxVariables {
			t.Errorf("%d of %d variables were pushed", len(told), devices.MaxVariables)
		}
	})
}
