package gateway

import (
	"bytes"
	"encoding/base64"
	"slices"
	"strings"
	"testing"
	"unicode"

	"sneakers23/app/devices"
)

// FuzzLine holds the parser to its form: a line that it accepts says what it was made of, and one
// that it refuses gets an answer of one printable line with nothing of the line in it.
func FuzzLine(f *testing.F) {
	for _, seed := range []string{
		"", "v", "v:", "v:0123456789ab", "v:0123456789AB", "v:0123456789ab:", "v:0123456789abc", "l:0123456789ab:W10=",
		"i:0123456789ab:", "i:0123456789ab",
		"x:0123456789ab", "l:0123456789ag:W10=", "l:0123456789ab:W1\r0=", "l:0123456789ab:W11=",
		"\x00:0123456789ab:W10=", "v:\xff123456789ab",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		before := bytes.Clone(text)
		l, err := parseLine(text)
		if !bytes.Equal(text, before) {
			t.Fatal("the line was changed")
		}
		if err != nil {
			checkAnswer(t, errorLine(err))
			return
		}
		key, ok := devices.ParseKey(string(text[2 : 2+devices.KeyLength]))
		if !ok || string(key) != string(l.key[:]) {
			t.Fatalf("the key of %q is %x", text, l.key[:])
		}
		again := string(l.verb) + ":" + string(text[2:2+devices.KeyLength])
		if l.verb != verbVerify {
			again += ":" + string(l.payload)
		}
		if again != string(text) || !strings.ContainsRune("vli", rune(l.verb)) {
			t.Fatalf("%q is read as %q", text, again)
		}
		if l.verb == verbVerify {
			return
		}
		data, err := l.decode()
		if err != nil {
			checkAnswer(t, errorLine(err))
			return
		}
		if got := base64.StdEncoding.EncodeToString(data); got != strings.NewReplacer("\r", "", "\n",
			"").Replace(string(l.payload)) {
			t.Fatalf("%q decodes to what is %q", l.payload, got)
		}
		for _, err := range []error{errOf(devices.ParseRecords(data)), errOf(devices.ParseVariables(data))} {
			if err != nil {
				checkAnswer(t, errorLine(err))
			}
		}
	})
}

func errOf[T any](_ T, err error) error { return err }

func checkAnswer(t *testing.T, answer []byte) {
	t.Helper()
	text, ok := bytes.CutSuffix(answer, []byte("\n"))
	if !ok || !bytes.HasPrefix(text, []byte("ERROR ")) || len(text) > len("ERROR ")+maxReason {
		t.Fatalf("answer %q", answer)
	}
	if bytes.ContainsFunc(text, func(r rune) bool { return !unicode.IsPrint(r) }) {
		t.Fatalf("answer %q", answer)
	}
}

// plainLender lends without a bound, and counts what is lent.
type plainLender struct{ lent int }

func (l *plainLender) lend(kept []byte, size int) ([]byte, error) {
	if kept == nil {
		l.lent++
	}
	return append(make([]byte, 0, size), kept...), nil
}

func (l *plainLender) takeBack([]byte) { l.lent-- }

// tooLong stands for a line that was refused, in the list of lines.
const tooLong = "(too long)"

// split cuts a stream that comes in packets of these sizes, over and over, and returns its lines.
func split(t *testing.T, stream []byte, sizes []byte, limit int) (lines []string) {
	var s splitter
	var from plainLender
	for i := 0; len(stream) > 0; i++ {
		n := len(stream)
		if len(sizes) > 0 {
			n = min(n, 1+int(sizes[i%len(sizes)]))
		}
		packet := bytes.Clone(stream[:n]) // valid during this turn only
		stream = stream[n:]
		for rest := packet; len(rest) > 0; {
			text, next, err := s.next(rest, limit, &from)
			switch {
			case err == errLong:
				lines = append(lines, tooLong)
			case err != nil:
				t.Fatal(err)
			case text != nil:
				lines = append(lines, string(text))
				s.release(&from)
			}
			rest = next
		}
		if len(s.kept) > limit+1 {
			t.Fatalf("%d bytes are kept of a line that may have %d", len(s.kept), limit)
		}
		clear(packet)
	}
	s.release(&from)
	if from.lent != 0 {
		t.Fatalf("%d buffers are not given back", from.lent)
	}
	return lines
}

// FuzzSplit holds the splitter to its promise: packets may end anywhere. Whatever their sizes, the
// lines are those that bytes.Split would give.
func FuzzSplit(f *testing.F) {
	f.Add([]byte("one\ntwo\r\nthree"), []byte{2}, uint8(10))
	f.Add([]byte("\n\n\r\n\r\r\n"), []byte{0}, uint8(1))
	f.Add([]byte("a line that is too long\nshort\n"), []byte{3, 0}, uint8(5))
	f.Add([]byte("12345\r\n123456\r\n12345\rx\n"), []byte{5, 0}, uint8(5))
	f.Fuzz(func(t *testing.T, stream, sizes []byte, most uint8) {
		limit := int(most)
		var want []string
		parts := bytes.Split(stream, []byte("\n"))
		for i, part := range parts {
			last := i == len(parts)-1 // has no end yet
			line := bytes.TrimSuffix(part, []byte("\r"))
			switch {
			case last && len(part) > limit+1, !last && len(line) > limit:
				want = append(want, tooLong)
			case !last:
				want = append(want, string(line))
			}
		}
		if got := split(t, stream, sizes, limit); !slices.Equal(got, want) {
			t.Fatalf("packets of %v: got %q, want %q", sizes, got, want)
		}
	})
}
