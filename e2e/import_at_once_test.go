package e2e

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"

	"sneakers23/app/waittest"
)

// TestImportsAtOnce has two operators import files at two nodes at the same moment: both commands
// know what would change, and neither file is saved yet. One file is then saved as a whole. The
// other operator reads why nothing is saved, not even the product that only that file has.
func TestImportsAtOnce(t *testing.T) {
	t.Parallel()
	operators := []string{"annabel", "bobby"}
	const create = "- {sku: %s, brand: Asler, name: %s, color: volt, price: 99}\n"
	for name, test := range map[string]struct {
		file string // of an operator, whose name is to be put in
		says string // what the operator reads who comes second
	}{
		"change": {
			"- {sku: SHU6000, color: %[1]s}\n" + fmt.Sprintf(create, "OF-%[1]s", "Runner"),
			"the product has changed meanwhile; nothing was saved: look at it again, then repeat what is still right",
		},
		"create": {
			fmt.Sprintf(create, "OF-%[1]s", "Runner") + fmt.Sprintf(create, "VOLT", "Volt %[1]s"),
			"line 3: VOLT: sku VOLT is that of another product\nsneakers23: nothing was saved",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			first := freshShop(t)
			nodes := []*shop{first, first.another()}
			release, waiting := first.holdEdits()
			type result struct {
				said string
				code int
			}
			var (
				results [2]result
				both    sync.WaitGroup
			)
			for i, who := range operators {
				file := writePhoto(t, t.TempDir(), "shop.yaml", []byte("products:\n"+fmt.Sprintf(test.file, who)))
				both.Go(func() {
					out, errOut, code := nodes[i].try("products", "import", file)
					results[i] = result{out + errOut, code}
				})
			}
			waittest.Until(t, "both imports wait to be saved", func() bool { return waiting() == 2 })
			release()
			both.Wait()

			done, refused := 0, 1
			if results[0].code != 0 {
				done, refused = 1, 0
			}
			if r := results[done]; r.code != 0 {
				t.Errorf("of two imports none is done: %+v", results)
			}
			if r := results[refused]; r.code != 1 || !strings.Contains(r.said, test.says) {
				t.Errorf("the second import: exit code %d, want 1, with %q in:\n%s", r.code, test.says, r.said)
			}
			// a node shows at once what was saved at it
			if all := nodes[done].run("products", "export"); strings.Count(all, operators[done]) != 2 {
				t.Errorf("want all that %s has written:\n%s", operators[done], all)
			}
			if all := nodes[refused].run("products", "export"); strings.Contains(all, operators[refused]) {
				t.Errorf("want nothing that %s has written:\n%s", operators[refused], all)
			}
		})
	}
}

// holdEdits holds the lock of those who edit products until release is called. waiting counts who
// waits for it.
func (s *shop) holdEdits() (release func(), waiting func() int) {
	s.t.Helper()
	conn, err := pgx.Connect(s.t.Context(), s.database)
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { _ = conn.Close(context.Background()) })
	const lock = `hashtext('edit products'), hashtext(current_schema())`
	if _, err := conn.Exec(s.t.Context(), `SELECT pg_advisory_lock(`+lock+`)`); err != nil {
		s.t.Fatal(err)
	}
	release = func() {
		if _, err := conn.Exec(s.t.Context(), `SELECT pg_advisory_unlock(`+lock+`)`); err != nil {
			s.t.Error(err)
		}
	}
	waiting = func() (n int) {
		err := conn.QueryRow(s.t.Context(), `SELECT count(*) FROM pg_locks w JOIN pg_locks h
			USING (locktype, database, classid, objid, objsubid)
			WHERE NOT w.granted AND h.granted AND h.pid = pg_backend_pid() AND h.locktype = 'advisory'`).Scan(&n)
		if err != nil {
			s.t.Fatal(err)
		}
		return n
	}
	return release, waiting
}
