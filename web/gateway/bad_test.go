package gateway

import (
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"sneakers23/app/devices"
	"sneakers23/app/waittest"
)

// Each bad line of a verified device has its answer, and harms neither the connection nor the line
// after it.
func TestBadLines(t *testing.T) {
	s := start(t, Config{})
	c := s.verified(1)
	other := s.shelf.add(2)
	deep := strings.Repeat("[", 100) + strings.Repeat("]", 100)
	for name, tt := range map[string]struct{ line, want string }{
		"empty":                      {"", string(errForm)},
		"only an end":                {"\r", string(errForm)},
		"HTTP":                       {"GET / HTTP/1.1", string(errForm)},
		"unknown verb":               {"x:" + string(c.key), string(errForm)},
		"binary rubbish":             {"\x00\xff\xfe\x1b[2J", string(errForm)},
		"binary in the key":          {"l:\x00\xff0000000000:W10=", string(errKeyForm)},
		"short key":                  {"l:abc:W10=", string(errKeyForm)},
		"long key":                   {"l:" + string(c.key) + "0:W10=", string(errForm)},
		"no payload":                 {"l:" + string(c.key), string(errForm)},
		"payload after v":            {"v:" + string(c.key) + ":W10=", string(errForm)},
		"space after the key":        {"v:" + string(c.key) + " ", string(errForm)},
		"the key of another device":  {"l:" + string(other) + ":W10=", string(errOtherKey)},
		"verify as another device":   {"v:" + string(other), string(errOtherKey)},
		"invalid base64":             {"l:" + string(c.key) + ":@@@@", string(errBase64)},
		"base64 without padding":     {"l:" + string(c.key) + ":W10", string(errBase64)},
		"base64 with bits left over": {"l:" + string(c.key) + ":W11=", string(errBase64)},
		"empty payload":              {"l:" + string(c.key) + ":", "this is not a JSON array"},
		"no JSON":                    {c.line('l', "[1,"), "this is not valid JSON"},
		"an object":                  {c.line('l', `{"message":"x"}`), "this is not a JSON array"},
		"no objects":                 {c.line('i', `[1]`), "element 1 of the array is not an object"},
		"deep JSON":                  {c.line('l', deep), "the JSON is nested more than 32 levels deep"},
		"no UTF-8":                   {c.line('l', "[\"\xff\"]"), "the JSON is not valid UTF-8"},
		"no message":                 {c.line('l', `[{}]`), "record 1: there is no message"},
		"a wrong type": {
			c.line('i', `[{"name":"size","type":"integer","value":"7"}]`),
			`variable "size": the value is not of type integer`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			before := len(s.shelf.messages(1))
			c.send(tt.line, c.log("well"))
			c.want("ERROR " + tt.want)
			c.sync()
			if n := len(s.shelf.messages(1)) - before; n != 1 {
				t.Errorf("%d lines were accepted, want the one that is well", n)
			}
		})
	}
}

// A line of 2 MiB is answered when it is too long, and the rest of it skipped. One of 1 MiB is
// accepted, with \r\n too.
func TestLongLines(t *testing.T) {
	s := start(t, Config{})
	c := s.verified(1)
	c.send("l:" + strings.Repeat("x", 2*MaxLine))
	c.want("ERROR line is longer than 1 MiB")
	c.sync()
	for _, tt := range []struct {
		length int
		end    string
		well   bool
	}{
		{MaxLine, "", true}, {MaxLine, "\r", true}, {MaxLine + 1, "", false}, {MaxLine + 1, "\r", false},
		{MaxLine + 2, "", false},
	} {
		// white space makes JSON of any length
		prefix, array := "l:"+string(c.key)+":", `[{"message":"long"}]`
		raw := (tt.length - len(prefix)) / 4 * 3
		line := prefix + strings.TrimPrefix(c.line('l', array+strings.Repeat(" ", raw-len(array))), prefix)
		line += strings.Repeat("=", tt.length-len(line)) // not base64, if the length needs it
		if len(line) != tt.length {
			t.Fatalf("the line has %d bytes, want %d", len(line), tt.length)
		}
		c.write(line[:10_000])
		c.write(line[10_000:] + tt.end + "\n")
		if !tt.well {
			c.want("ERROR line is longer than 1 MiB")
		} else if got, err := c.receiveUnlessOK(); got != "" && got != "ERROR "+string(errBase64) || err != nil {
			t.Errorf("%d bytes: got %q, %v", tt.length, got, err)
		}
		c.sync()
	}
	if n := len(s.memory.medium) + len(s.memory.large); n != 0 {
		t.Errorf("%d places are taken by connections without a line", n)
	}
}

// receiveUnlessOK asks for an OK, and returns the line before it, if there is one.
func (c *client) receiveUnlessOK() (string, error) {
	c.send("v:" + string(c.key))
	got, err := c.receive()
	if got == "OK" {
		return "", err
	}
	if err == nil {
		c.want("OK")
	}
	return got, err
}

// Five bad lines end a connection that is not verified, after the fifth answer.
func TestUnverifiedTries(t *testing.T) {
	s := start(t, Config{})
	key := s.shelf.add(1)
	s.shelf.add(2)
	s.shelf.revoke(2)
	c := s.connect()
	c.key = key
	c.send("hello")
	c.want("ERROR a line is v:KEY, l:KEY:BASE64 or i:KEY:BASE64")
	c.send("v:000000000000")
	c.want("ERROR key is unknown")
	c.send("v:abc000000002")
	c.want("ERROR key was revoked")
	c.send(c.log("too early"))
	c.want("ERROR verify first: send v:KEY")
	c.send("l:"+string(key)+":"+strings.Repeat("x", 10_000), "v:"+string(key)) // the end comes before
	c.want("ERROR verify first: send v:KEY")
	c.wantEnd()
	if got := s.shelf.messages(1); len(got) != 0 {
		t.Errorf("logged %q", got)
	}
	if got := s.Stats(); got.WrongKeys != 2 || got.Refused != 5 {
		t.Errorf("%+v", got)
	}
	c = s.connect()
	for range 4 {
		c.send("v:000000000000")
		c.want("ERROR key is unknown")
	}
	c.verify(key)
	for range 10 { // it has more tries now
		c.send("hello")
		c.want("ERROR a line is v:KEY, l:KEY:BASE64 or i:KEY:BASE64")
	}
	c.sync()
}

// A device can't have us write for ever: a hundred bad lines in a row end its connection.
func TestManyBadLines(t *testing.T) {
	s := start(t, Config{})
	c := s.verified(1)
	for i := range 150 {
		c.send("rubbish")
		c.want("ERROR " + string(errForm))
		if i%50 == 49 {
			c.sync()
		}
	}
	for range 100 {
		c.send("rubbish")
		c.want("ERROR " + string(errForm))
	}
	c.wantEnd()
}

// A stranger who sends rubbish of every kind is answered in text, and is gone soon.
func TestRubbish(t *testing.T) {
	s := start(t, Config{})
	bystander := s.verified(1)
	random := rand.NewChaCha8([32]byte{1})
	for range 20 {
		c := s.connect()
		rubbish := make([]byte, 20_000)
		random.Read(rubbish)
		c.SetDeadline(time.Now().Add(waittest.Limit()))
		go c.Write(rubbish) // ends with the connection
		answers, err := io.ReadAll(c)
		if err != nil && !errors.Is(err, io.EOF) {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(answers)) {
			if !strings.HasPrefix(line, "ERROR ") ||
				strings.ContainsFunc(line[:len(line)-1], func(r rune) bool { return r < ' ' || r > '~' }) {
				t.Fatalf("got %q", line)
			}
		}
		if n := strings.Count(string(answers), "\n"); n != unverifiedBad {
			t.Errorf("%d answers", n)
		}
		bystander.sync()
	}
}

// A store that can't tell is not the device's fault: the device may try again.
func TestStoreFails(t *testing.T) {
	s := start(t, Config{})
	key := s.shelf.add(1)
	fail := func(err error) { s.shelf.set(func() { s.shelf.fail = err }) }
	c := s.connect()
	fail(errors.New("the database is away"))
	for range 2 * unverifiedBad {
		c.send("v:" + string(key))
		c.want("ERROR keys can't be verified at the moment, try again")
	}
	fail(nil)
	c.verify(key)
	fail(errors.New("the database is away"))
	c.send(c.log("lost"))
	c.want("ERROR this line was not stored, send it again")
	c.send(c.line('i', `[{"name":"x","type":"boolean","value":true}]`), c.log("after it"))
	fail(nil) // the device waits until now
	c.sync()
	if got := s.shelf.messages(1); len(got) != 1 || got[0] != "after it" {
		t.Errorf("logged %q", got)
	}
	if v := s.shelf.variable(1, "x"); string(v.Value) != "true" {
		t.Errorf("x is %s", v.Value)
	}
}

// A device has a number of variables at most.
func TestTooManyVariables(t *testing.T) {
	s := start(t, Config{})
	c := s.verified(1)
	var many []string
	for i := range devices.MaxVariables + 1 {
		many = append(many, fmt.Sprintf(`{"name":"n%d","type":"integer","value":%d}`, i, i))
	}
	c.send(c.line('i', "["+strings.Join(many, ",")+"]"))
	c.want("ERROR a device has at most 256 variables")
	c.sync()
}

// A panic ends one connection, and is logged.
func TestPanic(t *testing.T) {
	logged := newLogged()
	s := start(t, Config{Log: logged.logger()})
	bystander := s.verified(1)
	c := s.verified(2)
	s.shelf.set(func() { s.shelf.wantedBy = func() { panic("a bug") } })
	c.send("v:" + string(c.key))
	c.want("ERROR internal error")
	c.wantEnd()
	s.shelf.set(func() { s.shelf.wantedBy = nil })
	bystander.sync()
	if text := logged.String(); !strings.Contains(text, "a bug") || !strings.Contains(text, "kiosk 2") {
		t.Errorf("logged %s", text)
	}
}
