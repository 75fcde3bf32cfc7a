package device

import (
	"bytes"
	"encoding/base64"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
)

// readAll returns all lines of a stream; a line that is too long is "…".
func readAll(t testing.TB, r io.Reader) (lines []string) {
	t.Helper()
	for l := newLineReader(r); ; {
		line, err := l.next()
		switch {
		case errors.Is(err, errTooLong):
			lines = append(lines, "…")
		case err == io.EOF:
			return lines
		case err != nil:
			t.Fatal(err)
		default:
			lines = append(lines, string(line))
		}
		if cap(l.long) > maxLine+maxLine/2 {
			t.Fatalf("%d bytes are held", cap(l.long))
		}
	}
}

func TestLines(t *testing.T) {
	t.Parallel()
	longest := strings.Repeat("x", maxLine)
	for _, tt := range []struct {
		stream string
		want   []string
	}{
		{"", nil},
		{"no end", nil},
		{"a\nb\r\n\n\r\nc\rd\n\r\r\nrest", []string{"a", "b", "", "", "c\rd", "\r"}},
		{longest + "\n", []string{longest}},
		{longest + "\r\n", []string{longest}},
		{longest + "x\nb\n", []string{"…", "b"}},
		{longest + "\r\r\nb\n", []string{"…", "b"}},
		{longest + longest + longest + "\nb\n" + longest + "\n", []string{"…", "b", longest}},
		{strings.Repeat("y", 5000) + "\nb\n", []string{strings.Repeat("y", 5000), "b"}},
	} {
		for how, r := range map[string]io.Reader{
			"whole":   strings.NewReader(tt.stream),
			"by half": iotest.HalfReader(strings.NewReader(tt.stream)),
			"with it": iotest.DataErrReader(strings.NewReader(tt.stream)),
		} {
			if got := readAll(t, r); !slices.Equal(got, tt.want) {
				t.Errorf("%s: %.20q… becomes %d lines, want %d", how, tt.stream, len(got), len(tt.want))
			}
		}
	}
	bytewise := iotest.OneByteReader(strings.NewReader("a\r\nbc\n"))
	if got := readAll(t, bytewise); !slices.Equal(got, []string{"a", "bc"}) {
		t.Errorf("byte by byte: %q", got)
	}
}

// line is an array as a server sends it.
func line(key, array string) []byte {
	return []byte("v:" + key + ":" + base64.StdEncoding.EncodeToString([]byte(array)))
}

func TestParse(t *testing.T) {
	t.Parallel()
	variable := `{"name":"a","type":"integer","value":1}`
	tooMany := "[" + strings.Repeat(variable+",", maxArray) + variable + "]"
	for _, tt := range []struct {
		line    []byte
		want    message
		refused string
	}{
		{[]byte("OK"), message{ok: true}, ""},
		{[]byte("ERROR"), message{err: true}, ""},
		{[]byte("ERROR  what else"), message{err: true, reason: " what else"}, ""},
		{line(testKey, "["+variable+"]"), message{changed: []Variable{Integer("a", 1)}}, ""},
		{line("0123456789AB", "["+variable+"]"), message{changed: []Variable{Integer("a", 1)}}, ""},
		{line(testKey, `[`+variable+`,{"name":"b","type":"boolean","value":true},`+
			`{"name":"a","type":"float","value":2}]`),
			message{changed: []Variable{Float("a", 2), Boolean("b", true)}}, ""},
		{line(testKey, "[]"), message{}, ""},
		{line("ffffffffffff", "[]"), message{}, "the key of another device"},
		{line(testKey, tooMany), message{}, "more than 1000"},
		{line(testKey, "{}"), message{}, "JSON array"},
		{line(testKey, "null"), message{}, "JSON array"},
		{line(testKey, strings.Repeat("[", 20000)), message{}, "JSON array"},
		{line(testKey, `"\xff"`), message{}, "JSON array"},
		{[]byte("v:" + testKey + ":W10"), message{}, "base64"},
		{[]byte("v:" + testKey), message{}, "none of"},
		{[]byte("v:" + testKey + "0:W10="), message{}, "none of"},
		{[]byte("v:é"), message{}, "none of"},
		{[]byte("OK "), message{}, "none of"},
		{[]byte("ERRORS"), message{}, "none of"},
		{nil, message{}, "none of"},
	} {
		m, err := parse(tt.line, testKey)
		if tt.refused != "" {
			if err == nil || !strings.Contains(err.Error(), tt.refused) || strings.Contains(err.Error(), testKey) {
				t.Errorf("%.60q: %v, want %s", tt.line, err, tt.refused)
			}
			continue
		}
		if err != nil || m.ok != tt.want.ok || m.err != tt.want.err || m.reason != tt.want.reason ||
			!slices.Equal(m.changed, tt.want.changed) {
			t.Errorf("%.60q becomes %+v, %v, want %+v", tt.line, m, err, tt.want)
		}
	}
}

// TestParseKeepsTheRest takes the good elements of an array beside bad ones, and says a few times
// what was wrong.
func TestParseKeepsTheRest(t *testing.T) {
	t.Parallel()
	const bad = `1,null,{"name":"a","type":"integer","value":"x"},[],true,"s",{}`
	m, err := parse(line(testKey, "["+bad+`,{"name":"b","type":"integer","value":2}]`), testKey)
	if err != nil || !slices.Equal(m.changed, []Variable{Integer("b", 2)}) || len(m.skipped) != maxSkipped {
		t.Errorf("%+v, %v", m, err)
	}
}

// FuzzLines gives a client any bytes of a server, in pieces. However they are cut, the lines are
// the same; and what a line changes is bounded, valid, and the same when it is sent back and forth.
func FuzzLines(f *testing.F) {
	for _, seed := range []string{
		"OK\nERROR no\r\n", string(line(testKey, `[{"name":"a","type":"integer","value":1}]`)) + "\nOK\n",
		string(line(testKey, `[{"name":"a","type":"string","value":"\ud800\u0000"},{"name":"b","type":"float","value":-0.0}]`)) + "\r\n",
		"v:" + testKey + ":\n", "\x00\n\r\n",
	} {
		f.Add([]byte(seed), uint16(3), []byte(`[{"name":"a","type":"float","value":1e2}]`))
	}
	f.Fuzz(func(t *testing.T, stream []byte, size uint16, array []byte) {
		stream = append(stream, line(testKey, string(array))...)
		stream = append(stream, '\n')
		whole := readAll(t, bytes.NewReader(stream))
		if cut := readAll(t, &pieces{stream, int(size)%5000 + 1}); !slices.Equal(whole, cut) {
			t.Fatalf("whole: %q, in pieces: %q", whole, cut)
		}
		for _, l := range whole {
			m, err := parse([]byte(l), testKey)
			if err != nil {
				continue
			}
			if len(m.changed) > maxArray || m.ok && m.err || (m.ok || m.err) && m.changed != nil {
				t.Fatalf("%q becomes %+v", l, m)
			}
			var texts [][]byte
			for _, v := range m.changed {
				if checked, err := v.check(); err != nil || checked != v {
					t.Fatalf("%q changes %#v: %v", l, v, err)
				}
				texts = append(texts, v.encode())
			}
			back, err := parse(bytes.TrimSuffix(appendLine(nil, 'v', testKey, texts), []byte("\n")), testKey)
			if err != nil || !slices.Equal(back.changed, m.changed) {
				t.Fatalf("%+v becomes %+v, %v", m.changed, back.changed, err)
			}
		}
	})
}

// pieces is a reader that returns at most size bytes at a time.
type pieces struct {
	rest []byte
	size int
}

func (p *pieces) Read(b []byte) (int, error) {
	if len(p.rest) == 0 {
		return 0, io.EOF
	}
	n := copy(b[:min(len(b), p.size)], p.rest)
	p.rest = p.rest[n:]
	return n, nil
}
