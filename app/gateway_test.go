package app_test

import (
	"bufio"
	"encoding/base64"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"sneakers23/app"
	"sneakers23/app/operator"
	"sneakers23/app/waittest"
)

// kiosk is a device with a connection of its own, which speaks the protocol by hand.
type kiosk struct {
	t    *testing.T
	conn net.Conn
	in   *bufio.Reader
	key  string
}

func connect(t *testing.T, address, key string) *kiosk {
	t.Helper()
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	if err := conn.SetDeadline(time.Now().Add(waittest.Limit())); err != nil {
		t.Fatal(err)
	}
	k := &kiosk{t, conn, bufio.NewReader(conn), key}
	k.send("v:" + key)
	k.expect("OK")
	return k
}

func (k *kiosk) send(line string) {
	k.t.Helper()
	if _, err := fmt.Fprintln(k.conn, line); err != nil {
		k.t.Fatal(err)
	}
}

// sendArray sends an array as l or i.
func (k *kiosk) sendArray(verb, array string) {
	k.t.Helper()
	k.send(verb + ":" + k.key + ":" + base64.StdEncoding.EncodeToString([]byte(array)))
}

func (k *kiosk) expect(want string) {
	k.t.Helper()
	line, err := k.in.ReadString('\n')
	if err != nil || line != want+"\n" {
		k.t.Fatalf("the device read %q, %v, want %q", line, err, want)
	}
}

// expectChange reads what an admin has changed.
func (k *kiosk) expectChange(array string) {
	k.t.Helper()
	k.expect("v:" + k.key + ":" + base64.StdEncoding.EncodeToString([]byte(array)))
}

func (m member) addDevice(t *testing.T, name string) (key string) {
	t.Helper()
	added, err := m.client.AddDevice(t.Context(), operator.DeviceRequest{Name: name})
	if err != nil {
		t.Fatal(err)
	}
	return added.Key
}

// variables are those of a device, one a line.
func (m member) variables(t *testing.T, device string) string {
	t.Helper()
	all, err := m.client.DeviceVariables(t.Context(), operator.DeviceRequest{Name: device})
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	for _, v := range all {
		fmt.Fprintf(&b, "%s", v.Name)
		if v.Reported != nil {
			fmt.Fprintf(&b, " is %s %s", v.Reported.Type, v.Reported.Value)
		}
		if v.Wanted != nil {
			fmt.Fprintf(&b, " wanted %s %s", v.Wanted.Type, v.Wanted.Value)
		}
		b.WriteString("\n")
	}
	return b.String()
}

// TestDevices lets a device report to one node, and an admin ask, change and revoke at another.
func TestDevices(t *testing.T) {
	t.Parallel()
	all := startCluster(t, func(cfg *app.Config) { cfg.GatewayListen = "127.0.0.1:0" })
	here, there := all[0], all[1]
	key := here.addDevice(t, "kiosk")

	k := connect(t, here.DevicesAddress(), key)
	k.sendArray("l", `[{"message":"the door is open","timestamp":1},`+
		`{"message":"the lamp is broken","timestamp":"x","level":"error"}]`)
	k.sendArray("i", `[{"name":"testing1","type":"string","value":"example"},`+
		`{"name":"testing2","type":"integer","value":-1}]`)

	waittest.Until(t, "a search at another node finds a record", func() bool {
		found, err := there.client.DeviceLogs(t.Context(), operator.DeviceLogsRequest{
			Device: "kiosk", Text: "lamp", Limit: 10,
		})
		if err != nil {
			t.Fatal(err)
		}
		return len(found.Records) == 1 && found.Records[0].Message == "the lamp is broken"
	})
	waittest.Until(t, "the variables are stored", func() bool {
		return there.variables(t, "kiosk") == "testing1 is string \"example\"\ntesting2 is integer -1\n"
	})

	set := func(value string) {
		t.Helper()
		if _, err := there.client.SetDevice(t.Context(), operator.SetDeviceRequest{
			Device: "kiosk", Name: "testing2", Value: value,
		}); err != nil {
			t.Fatal(err)
		}
	}
	set("7")
	k.expectChange(`[{"name":"testing2","type":"integer","value":7}]`)
	if got, want := there.variables(t, "kiosk"), "testing2 is integer -1 wanted integer 7\n"; !strings.Contains(got,
		want) {
		t.Errorf("before the device reports it: %q, want %q", got, want)
	}
	k.conn.Close()
	set("8")
	k = connect(t, there.DevicesAddress(), key)
	k.expectChange(`[{"name":"testing2","type":"integer","value":8}]`)
	k.sendArray("i", `[{"name":"testing2","type":"integer","value":8}]`)
	waittest.Until(t, "what was reported is not wanted any more", func() bool {
		return strings.Contains(there.variables(t, "kiosk"), "testing2 is integer 8\n")
	})

	if _, err := here.client.RevokeDevice(t.Context(), operator.DeviceRequest{Name: "kiosk"}); err != nil {
		t.Fatal(err)
	}
	k.expect("ERROR key was revoked")
}
