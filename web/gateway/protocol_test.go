package gateway

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"sneakers23/app/devices"
)

func variable(name, typ, value string) devices.Variable {
	return devices.Variable{Name: name, Type: typ, Value: []byte(value)}
}

// The life of a device: it is verified, logs, reports, and is sent what an admin wants.
func TestDevice(t *testing.T) {
	s := start(t, Config{})
	c := s.verified(1)
	c.send(c.log("first", "second"))
	c.send(c.line('i', `[{"name":"testing1","type":"string","value":"example"},{"name":"testing2","type":"integer","value":-1}]`))
	c.sync() // what is well is not answered
	if got := s.shelf.messages(1); !slices.Equal(got, []string{"first", "second"}) {
		t.Errorf("logged %q", got)
	}
	if v := s.shelf.variable(1, "testing1"); v.Type != "string" || string(v.Value) != `"example"` {
		t.Errorf("testing1 is %s %s", v.Type, v.Value)
	}
	if v := s.shelf.variable(1, "testing2"); v.Type != "integer" || string(v.Value) != "-1" {
		t.Errorf("testing2 is %s %s", v.Type, v.Value)
	}
	s.Push(1, []devices.Variable{variable("testing1", "string", `"<b>"`), variable("testing2", "integer", "7")})
	want := `[{"name":"testing1","type":"string","value":"<b>"},{"name":"testing2","type":"integer","value":7}]`
	if got := c.wantVariables(); got != want {
		t.Errorf("pushed %s, want %s", got, want)
	}
	if stats := s.Stats(); stats.Logs != 1 || stats.Reports != 1 || stats.Refused != 0 || stats.Connections != 1 ||
		stats.Devices != 1 {
		t.Errorf("%+v", stats)
	}
}

// Lines may be cut into packets anywhere, and may end with \r\n.
func TestPackets(t *testing.T) {
	s := start(t, Config{})
	key := s.shelf.add(1)
	c := s.connect()
	c.key = key
	log := c.log("one")
	for name, packets := range map[string][]string{
		"a line in three packets":     {log[:7], log[7:20], log[20:] + "\n"},
		"a packet for every byte":     strings.Split(log+"\n", ""),
		"three lines in one packet":   {log + "\n" + log + "\n" + log + "\n"},
		"lines that end with \\r\\n":  {log + "\r\n" + log + "\r", "\n"},
		"an end in the next packet":   {log, "\n"},
		"one and a half, then a half": {log + "\n" + log[:9], log[9:] + "\n"},
	} {
		t.Run(name, func(t *testing.T) {
			before := len(s.shelf.messages(1))
			c.send("v:" + string(key) + "\r")
			c.want("OK")
			for _, p := range packets {
				c.write(p) // each with TCP_NODELAY, as Go does by default
			}
			c.sync()
			if got, want := len(s.shelf.messages(1))-before, strings.Count(strings.Join(packets, ""),
				"\n"); got != want {
				t.Errorf("%d lines were accepted, want %d", got, want)
			}
		})
	}
}

// Wanted variables are sent at each verification, until the device reports them.
func TestWanted(t *testing.T) {
	s := start(t, Config{})
	key := s.shelf.add(1)
	s.shelf.want(1, variable("volume", "integer", "3"))
	for range 2 {
		c := s.connect().verify(key)
		if got := c.wantVariables(); got != `[{"name":"volume","type":"integer","value":3}]` {
			t.Errorf("sent %s", got)
		}
		c.send("v:" + string(key)) // again, on the same connection
		c.want("OK")
		c.wantVariables()
		c.Close()
	}
	c := s.connect().verify(key)
	c.wantVariables()
	c.send(c.line('i', `[{"name":"volume","type":"integer","value":3}]`))
	c.sync()
	s.connect().verify(key).sync()
}

// The wanted variables may be longer than one line: they are cut into lines that a small device can
// hold.
func TestMuchIsWanted(t *testing.T) {
	s := start(t, Config{})
	key := s.shelf.add(1)
	var many []devices.Variable
	for i := range devices.MaxVariables {
		many = append(many, variable(fmt.Sprintf("text %d", i), "string", `"`+strings.Repeat("x", 4000)+`"`))
	}
	s.shelf.want(1, many...)
	c := s.connect().verify(key)
	got := 0
	for got < len(many) {
		array := c.wantVariables()
		if len(array) > 64<<10 {
			t.Fatalf("a line has %d bytes of JSON", len(array))
		}
		parsed, err := devices.ParseVariables([]byte(array))
		if err != nil {
			t.Fatal(err)
		}
		for _, v := range parsed {
			if want := many[got]; v.Name != want.Name || string(v.Value) != string(want.Value) {
				t.Fatalf("variable %d is %s", got, v.Name)
			}
			got++
		}
	}
}

// Nothing is well, too: it is not answered, and not stored.
func TestEmptyArrays(t *testing.T) {
	s := start(t, Config{})
	c := s.verified(1)
	c.send(c.line('i', `[]`), c.line('l', ` [ ] `))
	c.sync()
	if stats := s.Stats(); stats.Logs != 0 || stats.Reports != 0 {
		t.Errorf("%+v", stats)
	}
}

// Several connections may share a key; each is pushed to, and each may log.
func TestSharedKey(t *testing.T) {
	s := start(t, Config{})
	key := s.shelf.add(1)
	other := s.verified(2)
	a, b := s.connect().verify(key), s.connect().verify(key)
	s.Push(1, []devices.Variable{variable("x", "boolean", "true")})
	a.wantVariables()
	b.wantVariables()
	a.send(a.log("a"))
	a.sync()
	b.send(b.log("b"))
	b.sync()
	if got := s.shelf.messages(1); !slices.Equal(got, []string{"a", "b"}) {
		t.Errorf("logged %q", got)
	}
	other.sync() // was sent nothing
	if got := s.Stats().Devices; got != 2 {
		t.Errorf("%d devices", got)
	}
}

// A key may be sent in upper case; it is answered, and used in pushes, in lower case.
func TestUpperCaseKey(t *testing.T) {
	s := start(t, Config{})
	key := s.shelf.add(1)
	c := s.connect()
	c.send("v:" + strings.ToUpper(string(key)))
	c.want("OK")
	c.key = devices.Key(strings.ToUpper(string(key)))
	c.send(c.log("upper"))
	c.key = key
	c.send(c.log("lower"))
	c.sync()
	if got := s.shelf.messages(1); !slices.Equal(got, []string{"upper", "lower"}) {
		t.Errorf("logged %q", got)
	}
	s.Push(1, []devices.Variable{variable("x", "boolean", "true")})
	c.wantVariables()
}

// A push that comes while a device is verified is neither lost nor sent before OK: what is wanted
// is read again.
func TestPushWhileVerifying(t *testing.T) {
	s := start(t, Config{})
	key := s.shelf.add(1)
	s.shelf.want(1, variable("n", "integer", "1"))
	pushed := false
	s.shelf.set(func() {
		s.shelf.wantedBy = func() { // what is wanted was read: the admin changes it
			if !pushed {
				pushed = true
				s.shelf.want(1, variable("n", "integer", "2"))
				s.Push(1, []devices.Variable{variable("n", "integer", "2")})
			}
		}
	})
	c := s.connect().verify(key)
	if got := c.wantVariables(); got != `[{"name":"n","type":"integer","value":2}]` {
		t.Errorf("sent %s", got)
	}
	s.Push(1, []devices.Variable{variable("n", "integer", "3")})
	if got := c.wantVariables(); got != `[{"name":"n","type":"integer","value":3}]` {
		t.Errorf("pushed %s", got)
	}
}

// A push may come while a device verifies its key again and the store fails. Either it is sent, or
// the device has to reconnect, and is sent what is wanted.
func TestPushWhileStoreFails(t *testing.T) {
	s := start(t, Config{})
	c := s.verified(1)
	push := true
	s.shelf.set(func() {
		s.shelf.wantedBy = func() {
			if push {
				s.Push(1, []devices.Variable{variable("n", "integer", "2")})
			}
			s.shelf.set(func() { s.shelf.wantedFail = errors.New("away") })
		}
	})
	c.send("v:" + string(c.key))
	c.wantEnd()
	s.shelf.set(func() { push, s.shelf.wantedFail, s.shelf.wantedBy = false, nil, nil })
	c = s.connect().verify(c.key)
	s.shelf.set(func() { s.shelf.wantedFail = errors.New("away") })
	c.send("v:" + string(c.key))
	c.want("ERROR " + string(errNotNow))
	s.Push(1, []devices.Variable{variable("n", "integer", "3")})
	c.wantVariables()
}
