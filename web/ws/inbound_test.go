package ws

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"
)

// minutes write down what is heard.
type minutes []string

func (m *minutes) add(opcode byte, payload []byte) {
	*m = append(*m, fmt.Sprintf("%d %q", opcode, payload))
}

// listen writes down all that is whole.
func (m *minutes) listen(in *inbound, data []byte) error {
	for in.add(data); ; {
		opcode, payload, err := in.next()
		if err != nil || opcode == 0 {
			return err
		}
		m.add(opcode, payload)
	}
}

const (
	fin   = finBit
	limit = 1000
)

// clientSends returns a masked frame.
func clientSends(first byte, payload string) []byte {
	frame := []byte{first}
	switch n := len(payload); {
	case n < 126:
		frame = append(frame, 0x80|byte(n))
	case n < 1<<16:
		frame = binary.BigEndian.AppendUint16(append(frame, 0x80|126), uint16(n))
	default:
		frame = binary.BigEndian.AppendUint64(append(frame, 0x80|127), uint64(n))
	}
	mask := [4]byte{1, 0x80, 0xff, byte(len(payload))}
	frame = append(frame, mask[:]...)
	for i := range len(payload) {
		frame = append(frame, payload[i]^mask[i&3])
	}
	return frame
}

// listen gives an inbound a stream in pieces.
func listen(stream []byte, piece int) (all minutes, err error) {
	in := inbound{limit: limit}
	for data := range slices.Chunk(bytes.Clone(stream), piece) {
		if err = all.listen(&in, data); err != nil {
			break
		}
	}
	return all, err
}

// However a stream is cut, its messages are the same.
func TestInboundInPieces(t *testing.T) {
	long := strings.Repeat("long ", 199)
	stream := slices.Concat(
		clientSends(fin|websocket.TextMessage, "hello"),
		clientSends(fin|websocket.BinaryMessage, long),
		clientSends(fin|websocket.TextMessage, ""),
		clientSends(websocket.TextMessage, "in "),
		clientSends(fin|websocket.PingMessage, "still there?"),
		clientSends(continuation, "three "),
		clientSends(fin|websocket.PongMessage, ""),
		clientSends(fin|continuation, "parts"),
		clientSends(fin|websocket.TextMessage, "the end"),
	)
	want := minutes{
		`1 "hello"`, fmt.Sprintf("2 %q", long), `1 ""`, `9 "still there?"`, `10 ""`, `1 "in three parts"`,
		`1 "the end"`,
	}
	for piece := 1; piece <= len(stream); piece++ {
		got, err := listen(stream, piece)
		if err != nil || !slices.Equal(got, want) {
			t.Fatalf("in pieces of %d: %q, %v", piece, got, err)
		}
	}
}

// At rest an inbound holds nothing.
func TestInboundAtRest(t *testing.T) {
	in := inbound{limit: limit}
	var all minutes
	stream := slices.Concat(clientSends(websocket.TextMessage, "in "), clientSends(fin|continuation, "parts"))
	for data := range slices.Chunk(stream, 3) {
		if err := all.listen(&in, data); err != nil {
			t.Fatal(err)
		}
	}
	if in.data != nil || in.rest != nil || in.parts != nil || in.opcode != 0 {
		t.Errorf("it holds % x, % x", in.rest, in.parts)
	}
}

func TestInboundViolations(t *testing.T) {
	closing := func(code uint16, reason string) string {
		return string(binary.BigEndian.AppendUint16(nil, code)) + reason
	}
	huge := []byte{fin | websocket.TextMessage, 0x80 | 127, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1, 2, 3, 4}
	for name, test := range map[string]struct {
		stream []byte
		code   int
	}{
		"not masked":             {[]byte{fin | websocket.TextMessage, 0}, 1002},
		"reserved bit":           {clientSends(fin|0x40|websocket.TextMessage, "x"), 1002},
		"reserved opcode":        {clientSends(fin|3, "x"), 1002},
		"reserved control frame": {clientSends(fin|11, "x"), 1002},
		"ping in fragments":      {clientSends(websocket.PingMessage, "x"), 1002},
		"long ping":              {clientSends(fin|websocket.PingMessage, strings.Repeat("x", 126)), 1002},
		"nothing to continue":    {clientSends(fin|continuation, "x"), 1002},
		"message in a message": {
			append(clientSends(websocket.TextMessage, "x"), clientSends(fin|websocket.TextMessage, "x")...), 1002,
		},
		"too long":     {clientSends(fin|websocket.TextMessage, strings.Repeat("x", limit+1)), 1009},
		"far too long": {huge, 1009},
		"too long in parts": {
			append(clientSends(websocket.TextMessage, strings.Repeat("x", limit)),
				clientSends(fin|continuation, "x")...), 1009,
		},
		"half a code":          {clientSends(fin|websocket.CloseMessage, "x"), 1002},
		"a code of no use":     {clientSends(fin|websocket.CloseMessage, closing(1005, "")), 1002},
		"a code of nobody":     {clientSends(fin|websocket.CloseMessage, closing(2999, "")), 1002},
		"a reason in no UTF-8": {clientSends(fin|websocket.CloseMessage, closing(1000, "\xff")), 1002},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := listen(test.stream, 1)
			if bad, ok := errors.AsType[*Refusal](err); !ok || bad.Code != test.code {
				t.Errorf("got %v, want %d", err, test.code)
			}
		})
	}
	for code, stream := range map[int][]byte{
		1000: clientSends(fin|websocket.CloseMessage, closing(1000, "bye")),
		1005: clientSends(fin|websocket.CloseMessage, ""),
		4999: clientSends(fin|websocket.CloseMessage, closing(4999, "")),
	} {
		_, err := listen(append(stream, "ignored"...), 1)
		if by, ok := errors.AsType[*websocket.CloseError](err); !ok || by.Code != code {
			t.Errorf("got %v, want a close by the client with %d", err, code)
		}
	}
}

// A frame that is too long is refused when its header has come.
func TestInboundWaitsForNothingTooLong(t *testing.T) {
	in := inbound{limit: limit}
	in.add(clientSends(fin|websocket.TextMessage, strings.Repeat("x", limit+1))[:8])
	_, _, err := in.next()
	if err != errTooBig {
		t.Errorf("got %v", err)
	}
}

// FuzzInbound compares with what gorilla finds in the same stream.
func FuzzInbound(f *testing.F) {
	f.Add(clientSends(fin|websocket.TextMessage, "hello"), 1)
	f.Add(slices.Concat(clientSends(websocket.TextMessage, "a"), clientSends(fin|websocket.PingMessage, "b"),
		clientSends(fin|continuation, "c")), 3)
	f.Add(clientSends(fin|websocket.CloseMessage, "\x03\xe8bye"), 100)
	f.Add(clientSends(fin|websocket.TextMessage, strings.Repeat("x", limit+1)), 100)
	f.Add([]byte{fin | websocket.TextMessage, 0}, 1)
	f.Fuzz(func(t *testing.T, stream []byte, piece int) {
		got, err := listen(stream, max(piece, 1))
		want, wantErr := gorillaHears(t, stream)
		if !slices.Equal(got, want) {
			t.Fatalf("heard %q, gorilla %q", got, want)
		}
		if a, b := verdict(err), verdict(wantErr); a != b && !knownToDiffer(err, wantErr) {
			t.Fatalf("%s (%v), gorilla: %s (%v)", a, err, b, wantErr)
		}
	})
}

// gorillaHears is listen with gorilla's reader.
func gorillaHears(t *testing.T, stream []byte) (all minutes, err error) {
	from := &recorded{Reader: bytes.NewReader(stream)}
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	r.Header = http.Header{
		"Connection": {"upgrade"}, "Upgrade": {"websocket"}, "Sec-Websocket-Version": {"13"},
		"Sec-Websocket-Key": {"AAAAAAAAAAAAAAAAAAAAAA=="},
	}
	ws, err := (&websocket.Upgrader{ReadBufferSize: 300}).Upgrade(hijacked{httptest.NewRecorder(), from}, r, nil)
	if err != nil {
		t.Fatal(err)
	}
	ws.SetReadLimit(limit)
	ws.SetPingHandler(func(data string) error { all.add(websocket.PingMessage, []byte(data)); return nil })
	ws.SetPongHandler(func(data string) error { all.add(websocket.PongMessage, []byte(data)); return nil })
	ws.SetCloseHandler(func(int, string) error { return nil })
	for {
		opcode, payload, err := ws.ReadMessage()
		if err != nil {
			return all, err
		}
		all.add(byte(opcode), payload)
	}
}

// verdict says how a stream ended, in words for both readers.
func verdict(err error) string {
	if by, ok := errors.AsType[*websocket.CloseError](err); ok && by.Code != websocket.CloseAbnormalClosure {
		return fmt.Sprint("closed by the client, ", by.Code)
	}
	bad, ours := errors.AsType[*Refusal](err)
	switch {
	case err == nil || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) ||
		websocket.IsCloseError(err, websocket.CloseAbnormalClosure):
		return "more to come"
	case errors.Is(err, websocket.ErrReadLimit) || ours && bad.Code == websocket.CloseMessageTooBig:
		return "too big"
	}
	return "refused"
}

// knownToDiffer: gorilla takes half a close code for none, knows no 1014, and does not
// wait for the mask of a frame of 2^63 bytes.
func knownToDiffer(err, gorillas error) bool {
	bad, ours := errors.AsType[*Refusal](err)
	by, closed := errors.AsType[*websocket.CloseError](err)
	return ours && bad.Reason == "half a close code" || closed && by.Code == 1014 ||
		err == nil && errors.Is(gorillas, websocket.ErrReadLimit)
}

// recorded is a connection on which a client has said what it says.
type recorded struct{ io.Reader }

func (r *recorded) Read(b []byte) (int, error)       { return r.Reader.Read(b) }
func (*recorded) Write(b []byte) (int, error)        { return len(b), nil }
func (*recorded) Close() error                       { return nil }
func (*recorded) LocalAddr() net.Addr                { return nil }
func (*recorded) RemoteAddr() net.Addr               { return nil }
func (*recorded) SetDeadline(time.Time) error        { return nil }
func (*recorded) SetReadDeadline(t time.Time) error  { return nil }
func (*recorded) SetWriteDeadline(t time.Time) error { return nil }

// hijacked gives a handler a connection.
type hijacked struct {
	http.ResponseWriter
	conn net.Conn
}

func (h hijacked) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	return h.conn, bufio.NewReadWriter(bufio.NewReader(h.conn), bufio.NewWriter(h.conn)), nil
}
