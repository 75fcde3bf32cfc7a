package migrations_test

import (
	"context"
	"testing"

	"github.com/jackc/pgx/v5"

	"sneakers23/app/postgres/pgtest"
	"sneakers23/migrations"
)

// TestDevicesDownAndUp takes devices with logs back, and makes them again. A partition is made
// once, whatever zone the session is in, also in place of one that was detached and not yet
// dropped.
func TestDevicesDownAndUp(t *testing.T) {
	t.Parallel()
	url := pgtest.URL(t)
	ctx := t.Context()
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.WithoutCancel(ctx))
	exec := func(sql string) {
		t.Helper()
		if _, err := conn.Exec(ctx, sql); err != nil {
			t.Fatalf("%s: %v", sql, err)
		}
	}
	for _, settings := range []string{
		`SET datestyle = 'SQL, DMY'; SET timezone = 'Asia/Kolkata'`,
		`SET datestyle = 'ISO'; SET timezone = 'America/Sao_Paulo'`,
	} {
		if _, err := migrations.Up(ctx, url); err != nil {
			t.Fatal(err)
		}
		exec(settings)
		exec(`SELECT make_device_log_day('2028-02-29'), make_device_log_day('2028-02-29'), make_device_log_day('2028-03-01')`)
		exec(`INSERT INTO device_logs (device_id, received_at, message)
			VALUES (1, '2028-02-29 00:00:00+00', 'a'), (1, '2028-02-29 23:59:59.999999+00', 'b')`)
		exec(`ALTER TABLE device_logs DETACH PARTITION device_logs_20280229`)
		exec(`SELECT make_device_log_day('2028-02-29')`)
		exec(`INSERT INTO device_logs (device_id, received_at, message) VALUES (1, '2028-02-29 00:00:00+00', 'c')`)
		for where, want := range map[string]int{
			`true`: 1, `tableoid = 'device_logs_20280229'::regclass AND words @@ 'c & ''device 1'''`: 1,
		} {
			var got int
			if err := conn.QueryRow(ctx, `SELECT count(*) FROM device_logs WHERE `+where).Scan(&got); err != nil ||
				got != want {
				t.Errorf("%d rows with %s, %v; want %d", got, where, err, want)
			}
		}
		for version := int64(0); version != 6; {
			step, err := migrations.Down(ctx, url)
			if err != nil {
				t.Fatal(err)
			}
			version = step.Version
		}
	}
}
