package devices_test

import (
	"errors"
	"os"
	"strings"
	"testing"

	"sneakers23/app/devices"
	"sneakers23/app/postgres/pgtest"
	"sneakers23/app/waittest"
)

// untilGone waits until the file has been removed.
func untilGone(t *testing.T, file string) {
	t.Helper()
	waittest.Until(t, "the spool file is removed", func() bool {
		_, err := os.Stat(file)
		return errors.Is(err, os.ErrNotExist)
	})
}

// TestSpool stops a writer whose database is away: the next one writes what is left, each record
// once, though its commit is in doubt too, and the file is removed then.
func TestSpool(t *testing.T) {
	t.Parallel()
	d, direct, way, pool := newCutStore(t)
	spool := spoolFile(t)
	w := startWriter(t, pool, spool, nil)
	ctx := eventually(t)
	way.OnCommit(func() pgtest.Fault { return pgtest.LosesAnswer })
	if err := w.Write(ctx, d.ID, messages("in doubt")); err != nil {
		t.Fatal(err)
	}
	untilRows(t, direct, 1)
	way.Cut()
	records, err := devices.ParseRecords(
		[]byte(`[{"message":"a\n\u2028b","timestamp":null,"x":{"y":"<&>"}},{"message":"plain"}]`),
	)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Write(ctx, d.ID, records); err != nil {
		t.Fatal(err)
	}
	w.stop(t)
	if err := w.Write(ctx, d.ID, records); !errors.Is(err, devices.ErrEnded) {
		t.Errorf("written after the end: %v", err)
	}
	stat, err := os.Stat(spool)
	if err != nil || stat.Mode() != 0o600 {
		t.Fatalf("the spool file: %v, %v", stat.Mode(), err)
	}
	w = startWriter(t, pool, spool, nil) // the database is still away
	if err := w.Write(ctx, d.ID, messages("later")); err != nil {
		t.Fatal(err)
	}
	waittest.Until(t, "the failure is logged", func() bool { return strings.Contains(w.log.String(), "not written") })
	w.stop(t)
	if n := rowsOf(t, direct, "true"); n != 1 {
		t.Fatalf("%d rows while the database was away", n)
	}
	way.Mend()
	way.OnCommit(func() pgtest.Fault { return pgtest.LosesAnswer }) // committed, and the answer is lost
	w = startWriter(t, pool, spool, nil)
	untilRows(t, direct, 4)
	way.Cut()
	w.stop(t)
	way.Mend()
	way.OnCommit(nil)
	w = startWriter(t, pool, spool, nil)
	untilGone(t, spool)
	untilRows(t, direct, 4)
	const asSent = `message = E'a\n\u2028b' AND stamp::text = 'null' AND fields::text = '{"x":{"y":"<&>"}}'`
	if n := rowsOf(t, direct, asSent); n != 1 {
		t.Errorf("%d rows are as they were sent", n)
	}
}

// TestKilledWithSpool kills a writer after it has committed what came from the spool file, and
// before it has removed the file: the file is put back as it was then.
func TestKilledWithSpool(t *testing.T) {
	t.Parallel()
	d, direct, way, pool := newCutStore(t)
	spool := spoolFile(t)
	way.Cut()
	w := startWriter(t, pool, spool, nil)
	if err := w.Write(eventually(t), d.ID, messages("a", "b")); err != nil {
		t.Fatal(err)
	}
	w.stop(t)
	way.Mend()
	var numbered []byte
	way.OnCommit(func() pgtest.Fault { // while it commits, the file is there
		numbered, _ = os.ReadFile(spool)
		return pgtest.Passes
	})
	w = startWriter(t, pool, spool, nil)
	untilRows(t, direct, 2)
	w.stop(t)
	if len(numbered) == 0 {
		t.Fatal("the file was removed before the commit")
	}
	if err := os.WriteFile(spool, numbered, 0o600); err != nil {
		t.Fatal(err)
	}
	startWriter(t, pool, spool, nil)
	untilGone(t, spool)
	untilRows(t, direct, 2)
}

// TestSpoolThatCannotBeRead is laid aside, and what comes later is written.
func TestSpoolThatCannotBeRead(t *testing.T) {
	t.Parallel()
	s, pool := newStore(t)
	d, _ := add(t, s, "kiosk")
	for what, make := range map[string]func(name string) error{
		"damaged": func(name string) error { return os.WriteFile(name, []byte("{\"device\":1}\nrubbish\n"), 0o600) },
		"open to others": func(name string) error {
			return errors.Join(os.WriteFile(name, []byte("{}\n"), 0o600), os.Chmod(name, 0o644))
		},
	} {
		spool := spoolFile(t)
		if err := make(spool); err != nil {
			t.Fatal(err)
		}
		before := rowsOf(t, pool, "true")
		w := startWriter(t, pool, spool, nil)
		if err := w.Write(eventually(t), d.ID, messages("later")); err != nil {
			t.Fatal(err)
		}
		untilRows(t, pool, before+1)
		if _, err := os.Stat(spool + ".unread"); err != nil || !strings.Contains(w.log.String(), "can't be read") {
			t.Errorf("%s: %v, %s", what, err, w.log.String())
		}
	}
}
