package console

import (
	"fmt"
	"strconv"
	"unicode/utf8"
)

// Escape returns the text with every character that a terminal would act on, or would not show,
// written out: "\x1b" and "\u202e" are four and six visible characters then. These are control
// characters (line breaks and tabs too), format characters (those that turn the direction of
// writing, for one), separators of lines and paragraphs, and what is no UTF-8. A backslash stays
// one, so the result is for reading and not for decoding.
func Escape(text string) string { return string(escape(nil, text, false, appendGo)) }

// escape appends the text to b, and writes out what must not be seen raw. Line breaks and tabs are
// layout where the text is ours.
func escape(b []byte, text string, layout bool, write func([]byte, rune) []byte) []byte {
	for i := 0; i < len(text); {
		r, size := utf8.DecodeRuneInString(text[i:])
		switch {
		case r == utf8.RuneError && size == 1:
			b = write(b, -rune(text[i]))
		case strconv.IsGraphic(r) || layout && (r == '\n' || r == '\t'):
			b = append(b, text[i:i+size]...)
		default:
			b = write(b, r)
		}
		i += size
	}
	return b
}

// appendGo writes a character as Go does in quotes. A byte that is no UTF-8 comes as its negative.
func appendGo(b []byte, r rune) []byte {
	if r < 0 {
		return fmt.Appendf(b, `\x%02x`, -r)
	}
	quoted := strconv.AppendQuoteRuneToGraphic(nil, r)
	return append(b, quoted[1:len(quoted)-1]...)
}

// appendJSON writes a character as it may stand in a string of JSON.
func appendJSON(b []byte, r rune) []byte {
	switch {
	case r < 0:
		return append(b, `\ufffd`...)
	case r > 0xffff:
		r -= 0x10000
		return fmt.Appendf(b, `\u%04x\u%04x`, 0xd800+r>>10, 0xdc00+r&0x3ff)
	}
	return fmt.Appendf(b, `\u%04x`, r)
}
