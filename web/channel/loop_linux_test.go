package channel

import (
	"log/slog"
	"runtime"
	"testing"
	"time"

	"github.com/gorilla/websocket"
)

// attentive is an owner that tells what happens to it.
type attentive struct {
	wire    *wire
	got     chan string   // each message; no buffer: receive waits until it was taken
	resume  chan struct{} // lets receive return
	isEnded chan struct{} // closed by ended
	gone    chan struct{} // closed by closed
}

func (a *attentive) receive(_ int, data []byte) error {
	a.got <- string(data)
	<-a.resume
	return nil
}

func (a *attentive) tooSlow() {}
func (a *attentive) ended()   { close(a.isEnded) }
func (a *attentive) closed()  { close(a.gone) }

// While a loop hands over a message, nobody else ends the wire; then its end comes,
// once, and what else has come is not handed over.
func TestPolledWireEndsAfterItsMessage(t *testing.T) {
	for name, end := range map[string]func(*wire){
		"close":  func(w *wire) { w.close(websocket.CloseGoingAway, "", false) },
		"broken": func(w *wire) { w.broken() },
	} {
		t.Run(name, func(t *testing.T) {
			server, client := loopback(t, 64<<10)
			a := &attentive{got: make(chan string), resume: make(chan struct{}), isEnded: make(chan struct{}), gone: make(chan struct{})}
			w := &wire{}
			f := &flusher{most: 1}
			w.init(server, a, time.Minute, 1000)
			w.out.init(server, w.broken, f, 1000, time.Minute)
			all := loops{wanted: true, silent: time.Minute, log: slog.New(slog.DiscardHandler)}
			if !all.add(w) {
				t.Fatal("the wire is parked")
			}
			client.Write(clientSends(fin|websocket.TextMessage, "first"))
			if got := <-a.got; got != "first" {
				t.Fatalf("got %q", got)
			}
			client.Write(clientSends(fin|websocket.TextMessage, "second"))
			end(w)
			end(w)
			for range 1000 { // who would end it now has every opportunity
				runtime.Gosched()
			}
			select {
			case <-a.isEnded:
				t.Error("ended while it receives")
			default:
			}
			close(a.resume)
			client.Close()
			select {
			case got := <-a.got:
				t.Errorf("got %q after the end", got)
			case <-a.gone:
			case <-time.After(10 * time.Second):
				t.Error("the wire does not end")
			}
			f.stop()
			all.stop()
		})
	}
}
