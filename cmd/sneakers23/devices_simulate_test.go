package main

import (
	"context"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/alecthomas/kong"

	"sneakers23/app/waittest"
	"sneakers23/cmd/console"
	"sneakers23/web/gateway/device/devicetest"
)

const deviceKey = "0123456789ab"

// simulation is a run of the command.
type simulation struct {
	out, err waittest.Log
	ctrlC    context.CancelFunc
	code     chan int
}

// simulate runs the command with a standard input, until Ctrl-C.
func simulate(t *testing.T, stdin string, args ...string) *simulation {
	ctx, cancel := context.WithCancel(t.Context())
	s := &simulation{ctrlC: cancel, code: make(chan int, 1)} // 1: the test may have failed meanwhile
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		s.code <- run(ctx, append([]string{"devices", "simulate"}, args...),
			terminal{strings.NewReader(stdin), console.New(&s.out), console.New(&s.err)})
	}()
	t.Cleanup(func() {
		cancel()
		waittest.Done(t, "the end of the command", ended)
	})
	return s
}

// end presses Ctrl-C, and returns the exit code.
func (s *simulation) end(t *testing.T) int {
	t.Helper()
	s.ctrlC()
	return waittest.Receive(t, "the exit code", s.code)
}

func startDeviceGateway(t *testing.T) *devicetest.Gateway {
	t.Helper()
	g, err := devicetest.Start(deviceKey)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = g.Close() })
	return g
}

// TestSimulate connects devices, cuts them off once, changes a variable as an admin does, and ends
// by Ctrl-C.
func TestSimulate(t *testing.T) {
	t.Parallel()
	g := startDeviceGateway(t)
	s := simulate(t, "# a kiosk\n\n"+deviceKey+"\n", "--address", g.Address(), "-n", "5", "--key-file", "-", "--every",
		"20ms", "--lines-per", "3")
	waittest.Until(t, "five devices", func() bool { return g.Verified() == 5 })
	g.Cut()
	waittest.Until(t, "five devices once more", func() bool { return g.Accepted() >= 10 && g.Verified() == 5 })
	g.Want("greeting", "string", `"Hello \u001b[31m"`)
	waittest.Until(t, "the change at each device", func() bool {
		return strings.Count(s.out.String(), `: greeting = Hello \x1b[31m (string)`+"\n") == 5
	})
	waittest.Until(t, "the report of the change", func() bool {
		return g.Value("greeting") == `"Hello \u001b[31m"` && g.Value("temperature") != ""
	})
	if code := s.end(t); code != exitOK {
		t.Errorf("exit code %d: %s", code, s.err.String())
	}
	out := s.out.String()
	for _, want := range []string{
		"device 5: greeting = ", "5 devices for ", " 0 waiting, 0 dropped\n", " 5 variables changed by an admin\n",
		"TIMES  PROBLEM\n",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("%q is not in\n%s", want, out)
		}
	}
	if n := len(g.Records()); n < 15 || !strings.Contains(out, " read by the gateway") {
		t.Errorf("%d records arrived; %s", n, out)
	}
	if strings.Contains(out+s.err.String(), deviceKey) {
		t.Error("the key was printed")
	}
}

// TestSimulateJSON prints an object a line.
func TestSimulateJSON(t *testing.T) {
	g := startDeviceGateway(t)
	t.Setenv("SNEAKERS23_DEVICE_KEY", deviceKey)
	s := simulate(t, "", "--json", "--address", g.Address(), "-n", "2", "--every", "0s", "--for", "1h")
	waittest.Until(t, "two devices", func() bool { return g.Verified() == 2 })
	g.Want("brightness", "integer", "60")
	waittest.Until(t, "both changes", func() bool { return strings.Count(s.out.String(), "\n") == 2 })
	if code := s.end(t); code != exitOK {
		t.Errorf("exit code %d: %s", code, s.err.String())
	}
	lines := strings.Split(strings.TrimSpace(s.out.String()), "\n")
	var changed struct {
		Event, Name, Type string
		Device, Value     int
	}
	var sum crowdSum
	for i, line := range lines {
		var err error
		if i < 2 {
			err = json.Unmarshal([]byte(line), &changed)
		} else {
			err = json.Unmarshal([]byte(line), &sum)
		}
		if err != nil {
			t.Errorf("%s: %v", line, err)
		}
	}
	if changed.Event != "change" || changed.Name != "brightness" || changed.Type != "integer" || changed.Value != 60 ||
		changed.Device < 1 || changed.Device > 2 {
		t.Errorf("got %s", lines[0])
	}
	if len(lines) != 3 || sum.Event != "sum" || sum.Devices != 2 || sum.Reached != 2 || sum.Changes != 2 ||
		sum.Records == 0 || sum.Confirmed != sum.Records {
		t.Errorf("got %s", lines[len(lines)-1])
	}
}

// TestSimulateRefused ends when the gateway refuses all keys, and says so.
func TestSimulateRefused(t *testing.T) {
	t.Parallel()
	g := startDeviceGateway(t)
	s := simulate(t, "", "--address", g.Address(), "-n", "3", "--key", "ffffffffffff")
	if code := waittest.Receive(t, "the exit code", s.code); code != exitFailed {
		t.Errorf("exit code %d", code)
	}
	if got := s.err.String(); !strings.Contains(got, "the key of 3 of 3 devices was refused") {
		t.Errorf("got %s", got)
	}
	if got := s.out.String(); !strings.Contains(got, "\n3      the gateway answered: ERROR key is unknown\n") {
		t.Errorf("got %s", got)
	}
}

// TestSimulateWithoutGateway ends by --for, and says that nothing listens.
func TestSimulateWithoutGateway(t *testing.T) {
	t.Parallel()
	g := startDeviceGateway(t)
	_ = g.Close()
	s := simulate(t, "", "--address", g.Address(), "-n", "2", "--key", deviceKey, "--for", "1s")
	if code := waittest.Receive(t, "the exit code", s.code); code != exitFailed {
		t.Errorf("exit code %d", code)
	}
	if got := s.err.String(); !strings.Contains(got,
		"no device could connect: dial: connect: connection refused; is there a node with --gateway-listen "+
			g.Address()) {
		t.Errorf("got %s", got)
	}
}

// TestSimulateMisused refuses what it can't do before it connects.
func TestSimulateMisused(t *testing.T) {
	open := filepath.Join(t.TempDir(), "keys")
	if err := os.WriteFile(open, []byte(deviceKey), 0o644); err != nil {
		t.Fatal(err)
	}
	t.Setenv("SNEAKERS23_DEVICE_KEY", "")
	for _, tt := range []struct {
		args string
		code int
		want string
	}{
		{"", exitUsage, "there is no key: set SNEAKERS23_DEVICE_KEY"},
		{"--key-file -", exitUsage, "there is no key"},
		{"--key " + deviceKey + "0", exitUsage, "key 1: device: Config.Key is not 12"},
		{"--key-file " + open, exitFailed, "chmod 600"},
		{
			"--key " + deviceKey + " --address 192.0.2.1:6667", exitUsage,
			"192.0.2.1 is another machine, which this would load as 100 devices do",
		},
		{"--key " + deviceKey + " --address 192.0.2.1:6667 --yes", exitUsage, "by --allow-host 192.0.2.1 and --yes"},
		{"--key " + deviceKey + " --address localhost", exitUsage, "should be like 127.0.0.1:6667"},
		{"--key " + deviceKey + " --tls-ca " + open, exitUsage, "--tls-ca needs --tls"},
		{"--key " + deviceKey + " --tls --tls-ca " + open, exitFailed, "no certificate in PEM"},
	} {
		s := simulate(t, "", strings.Fields(tt.args)...)
		code := waittest.Receive(t, "the exit code", s.code)
		if got := s.err.String(); code != tt.code || !strings.Contains(got, tt.want) ||
			strings.Contains(got, deviceKey) {
			t.Errorf("%s: exit code %d, %s", tt.args, code, got)
		}
	}
}

func TestReadKeys(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"": "", "# none\n\n": "", "a\n": "a", " a \r\n#b\nc": "a c",
		"{\n  \"name\": \"kiosk\",\n  \"key\": \"0123456789ab\"\n}\n": "0123456789ab",
		"123456789012": "123456789012", "null": "null",
	} {
		if got := strings.Join(readKeys([]byte(text)), " "); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

// TestNumbersOfASimulationHaveRanges gives each number of the command values that no range may
// have.
func TestNumbersOfASimulationHaveRanges(t *testing.T) {
	t.Parallel()
	var defaults devicesSimulateCmd
	parser, err := kong.New(&defaults)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := parser.Parse(nil); err != nil {
		t.Fatal(err)
	}
	if err := defaults.check(); err != nil {
		t.Fatalf("the defaults: %v", err)
	}
	for _, flag := range parser.Model.Flags {
		var bad []any
		switch flag.Target.Interface().(type) {
		case time.Duration:
			bad = []any{time.Duration(-1), time.Duration(math.MinInt64), time.Duration(math.MaxInt64)}
		case int:
			bad = []any{-1, 0, math.MinInt, math.MaxInt}
		default:
			continue
		}
		for _, value := range bad {
			set := defaults
			reflect.ValueOf(&set).Elem().FieldByName(fieldOf(&defaults, flag)).Set(reflect.ValueOf(value))
			says := "--" + flag.Name + " must be from "
			if err := set.check(); err == nil || !strings.Contains(err.Error(), says) ||
				!strings.Contains(err.Error(), " to ") {
				t.Errorf("--%s=%v: %v, want %q", flag.Name, value, err, says)
			}
		}
	}
}
