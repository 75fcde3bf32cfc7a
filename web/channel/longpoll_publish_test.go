package channel

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gorilla/websocket"

	"sneakers23/web/ws"
)

// A channel whose mailbox is full makes a POST wait, for so long as a poll does.
func TestPublishIsNotTakenInTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		site := startInBubble(t, Config{MaxMailbox: 2, Routes: routeTo(&fake{
			in: func(context.Context, *Socket, Message) (any, error) {
				<-release
				return OK, nil
			},
		})})
		p := site.poller()
		p.join("room:a")
		event := func(ref int) string { return fmt.Sprintf(`["1","%d","room:a","block",{}]`, ref) }
		p.publishAll(event(1), event(2))
		synctest.Wait()
		p.publish(event(3)) // one is handled, two wait
		began := time.Now()
		second := make(chan string, 1)
		go func() { second <- p.ask("POST", "", event(5)) }()
		p.wantStatus("application/x-ndjson", event(4), 408)
		if d := time.Since(began); d != 10*time.Second {
			t.Errorf("408 after %v, want 10s", d)
		}
		if got := <-second; got != `{"status":408}` {
			t.Errorf("another POST at the same time: %s", got)
		}
		go func() { second <- p.ask("POST", "application/x-ndjson", event(6)+"\n"+event(7)+"\n"+event(8)+"\n") }()
		time.Sleep(time.Second)
		close(release)
		if got := <-second; got != `{"status":200}` {
			t.Errorf("a POST that had to wait: %s", got)
		}
		for _, ref := range []int{1, 2, 3, 6, 7, 8} {
			p.want(fmt.Sprintf(`["1","%d","room:a","phx_reply",{"status":"ok","response":{}}]`, ref))
		}
	})
}

// PollWait is for all messages of a POST, not for each of them.
func TestPublishOfManyIsNotTakenInTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		site := startInBubble(t, Config{MaxMailbox: 1, Routes: routeTo(&fake{
			in: func(context.Context, *Socket, Message) (any, error) {
				time.Sleep(6 * time.Second)
				return nil, nil
			},
		})})
		p := site.poller()
		p.join("room:a")
		began := time.Now()
		// one is handled, one waits, then one fits in 6 s
		lines := strings.Repeat(`["1","2","room:a","slow",{}]`+"\n", 5)
		p.wantStatus("application/x-ndjson", lines, 408)
		if d := time.Since(began); d != 10*time.Second {
			t.Errorf("408 after %v, want 10s", d)
		}
	})
}

// A session that is closed gives what waits to the poll that does, unless it is
// closed because that is too much.
func TestClosedSessionMayDropWhatWaits(t *testing.T) {
	site := start(t, Config{Routes: routeTo(&fake{})})
	for _, drop := range []bool{false, true} {
		p := site.poller(t, "2.0.0")
		site.mu.Lock() // the session before may be about to end
		session := site.polls[p.token]
		site.mu.Unlock()
		session.enqueue(ws.Seal(websocket.PongMessage, ws.NewFrame(0)))
		session.close(1001, "", drop)
		frames, gone := session.poll(t.Context(), "")
		if (len(frames) == 0) != drop || gone != drop {
			t.Errorf("drop %v: a poll got %d frames, gone %v", drop, len(frames), gone)
		}
	}
}
