package channel

import (
	"bytes"
	"net"
	"testing"

	"github.com/gorilla/websocket"
)

// wire remembers what is written to it.
type wire struct {
	net.Conn
	bytes.Buffer
}

func (w *wire) Write(b []byte) (int, error) { return w.Buffer.Write(b) }
func (w *wire) Read(b []byte) (int, error)  { return w.Buffer.Read(b) }

// Once the door is open, gorilla writes through it only what we say.
func TestDoor(t *testing.T) {
	var w wire
	d := &door{Conn: &w}
	d.Write([]byte("handshake"))
	d.open = true
	tooLarge := closeFrame(websocket.CloseMessageTooBig, "")
	for _, b := range [][]byte{tooLarge, pongFrame("x"), {}} {
		if n, err := d.Write(b); n != len(b) || err != nil {
			t.Errorf("Write: %d, %v", n, err)
		}
	}
	if got := w.String(); got != "handshake" {
		t.Errorf("written %q", got)
	}
	if !bytes.Equal(d.last, tooLarge) {
		t.Errorf("kept % x", d.last)
	}
}
