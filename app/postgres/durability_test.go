package postgres

import (
	"context"
	"slices"
	"testing"
)

func TestCheckDurability(t *testing.T) {
	t.Parallel()
	dir := dataDir(t)
	s := mustStartWith(t, initdbConfig(t, dir))
	conn := connect(t, s)
	defer conn.Close(context.Background())
	off, err := CheckDurability(t.Context(), conn)
	if err != nil || len(off) != 0 {
		t.Errorf("as we start it: %v, %v, want all on", off, err)
	}
	if _, err := conn.Exec(t.Context(), "SET synchronous_commit = off"); err != nil {
		t.Fatal(err)
	}
	off, err = CheckDurability(t.Context(), conn)
	if want := []string{"synchronous_commit = off"}; err != nil || !slices.Equal(off, want) {
		t.Errorf("got %v, %v, want %v", off, err, want)
	}

	execSQL(t, s, "ALTER SYSTEM SET fsync = off")
	execSQL(t, s, "ALTER SYSTEM SET full_page_writes = off")
	mustStop(t, s)
	s = mustStart(t, dir)
	conn = connect(t, s)
	defer conn.Close(context.Background())
	off, err = CheckDurability(t.Context(), conn)
	if want := []string{"fsync = off", "full_page_writes = off"}; err != nil || !slices.Equal(off, want) {
		t.Errorf("got %v, %v, want %v: what the operator set is not ours to change, but to tell", off, err, want)
	}
}
