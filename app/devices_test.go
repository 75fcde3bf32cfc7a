package app_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"sneakers23/app/operator"
	"sneakers23/app/postgres/pgtest"
)

// TestDeviceCommands gives each command to a node, and looks at another one that it is the same
// there.
func TestDeviceCommands(t *testing.T) {
	t.Parallel()
	db := pgtest.URL(t)
	one := startMember(t, clusterConfig(t, db, "one"))
	two := startMember(t, clusterConfig(t, db, "two", one.ClusterAddress()))
	one.client.Who = "ann"
	ctx := t.Context()
	refused := func(err error, want string) {
		t.Helper()
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
	kiosk, unknown := operator.DeviceRequest{Name: "kiosk 1"}, operator.DeviceRequest{Name: "kiosk 2"}

	if all, err := one.client.Devices(ctx); err != nil || all == nil || len(all) > 0 {
		t.Errorf("no devices: %v, %v", all, err)
	}
	added, err := one.client.AddDevice(ctx, kiosk)
	if err != nil || len(added.Key) != 12 {
		t.Fatalf("add: %v, a key of %d characters", err, len(added.Key))
	}
	if text, err := json.Marshal(added); err != nil || string(text) != `{"name":"kiosk 1","key":"`+added.Key+`"}` {
		t.Errorf("as JSON: %s, %v", text, err)
	}
	_, err = two.client.AddDevice(ctx, kiosk)
	refused(err, "a device of this name exists")
	_, err = two.client.AddDevice(ctx, operator.DeviceRequest{Name: " "})
	refused(err, "NAME must be 1 to 64 printable characters")
	if all, err := two.client.Devices(ctx); err != nil || len(all) != 1 || all[0].Name != "kiosk 1" ||
		all[0].Key != "current" || all[0].Revoked != nil {
		t.Errorf("list: %+v, %v", all, err)
	}

	set := func(name, kind, value string) error {
		_, err := one.client.SetDevice(ctx, operator.SetDeviceRequest{
			Device: "kiosk 1", Name: name, Type: kind, Value: value,
		})
		return err
	}
	refused(set("volume", "", "7"), "add --type string, integer, float or boolean")
	refused(set("volume", "integer", "loud"), `variable "volume": the value is not of type integer`)
	for _, err := range []error{
		set("volume", "integer", "6"), set("volume", "", "7"), set("greeting", "string", `a "b"`),
	} {
		if err != nil {
			t.Error(err)
		}
	}
	vars, err := two.client.DeviceVariables(ctx, kiosk)
	if err != nil || len(vars) != 2 || vars[0].Reported != nil || string(vars[0].Wanted.Value) != `"a \"b\""` ||
		string(vars[1].Wanted.Value) != "7" || vars[1].Wanted.Who != "ann" {
		text, _ := json.Marshal(vars)
		t.Errorf("variables: %s, %v", text, err)
	}
	_, err = one.client.DeviceVariables(ctx, unknown)
	refused(err, "there is no device of this name")

	_, err = one.client.RevokeDevice(ctx, unknown)
	refused(err, "there is no device of this name")
	if d, err := one.client.RevokeDevice(ctx, kiosk); err != nil || d.Revoked == nil {
		t.Errorf("revoke: %+v, %v", d, err)
	}
	_, err = two.client.RevokeDevice(ctx, kiosk)
	refused(err, "was revoked before")
}

// TestDeviceLogCommands pages through logs, follows them, and is told what is wrong with a
// question.
func TestDeviceLogCommands(t *testing.T) {
	t.Parallel()
	db := pgtest.URL(t)
	node := startMember(t, clusterConfig(t, db, "node"))
	ctx := t.Context()
	if _, err := node.client.AddDevice(ctx, operator.DeviceRequest{Name: "kiosk 1"}); err != nil {
		t.Fatal(err)
	}
	conn, err := pgx.Connect(ctx, db)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.WithoutCancel(ctx))
	write := func(n int) {
		t.Helper()
		for _, sql := range []string{
			`SELECT make_device_log_day('2026-11-29')`,
			fmt.Sprintf(`INSERT INTO device_logs (device_id, received_at, message, stamp, fields)
				SELECT 1, timestamptz '2026-11-29 12:00:00+00' + n * interval '1 microsecond', 'message ' || n,
					'17', '{"level":"<info>"}' FROM generate_series(1, %d) n`, n),
		} {
			if _, err := conn.Exec(ctx, sql); err != nil {
				t.Fatal(err)
			}
		}
	}
	write(25)
	q := operator.DeviceLogsRequest{
		Device: "kiosk 1", Text: "message info", Limit: 10, Since: time.Date(2026, 11, 29, 0, 0, 0, 0, time.UTC),
	}
	var texts []string
	for pages := 1; ; pages++ {
		page, err := node.client.DeviceLogs(ctx, q)
		if err != nil || pages > 3 {
			t.Fatalf("page %d: %v", pages, err)
		}
		for _, r := range page.Records {
			texts = append(texts, r.Message)
		}
		if q.Before = page.Older; q.Before == "" {
			break
		}
	}
	if len(texts) != 25 || texts[0] != "message 25" || texts[24] != "message 1" {
		t.Errorf("on all pages: %q", texts)
	}
	page, err := node.client.DeviceLogs(ctx, operator.DeviceLogsRequest{Limit: 1})
	if text, _ := json.Marshal(page); err != nil ||
		string(text) != `{"records":[{"id":25,"device":"kiosk 1","received_at":"2026-11-29T12:00:00.000025Z",`+
			`"message":"message 25","timestamp":17,"fields":{"level":"\u003cinfo\u003e"}}],"older":"2026-11-29T12:00:00.000025Z/25"}` {
		t.Errorf("as JSON: %s, %v", text, err)
	}
	start, err := node.client.DeviceLogs(ctx, operator.DeviceLogsRequest{Follow: true, After: -1, Limit: 10})
	if err != nil || len(start.Records) > 0 || start.Next != 25 {
		t.Errorf("follow from now on: %+v, %v", start, err)
	}
	write(3)
	next, err := node.client.DeviceLogs(ctx, operator.DeviceLogsRequest{Follow: true, After: start.Next, Limit: 10})
	if err != nil || len(next.Records) != 3 || next.Records[0].ID != 26 || next.Next != 28 || next.More {
		t.Errorf("follow: %+v, %v", next, err)
	}
	for want, q := range map[string]operator.DeviceLogsRequest{
		"there is no device of this name": {Device: "kiosk 2", Limit: 1},
		"--text has no word in it":        {Text: "!", Limit: 1},
		"--limit may be from 1 to 500":    {Limit: 501},
		"--before must be a place":        {Limit: 1, Before: "yesterday"},
	} {
		if _, err := node.client.DeviceLogs(ctx, q); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: %v, want %q", q, err, want)
		}
	}
}
