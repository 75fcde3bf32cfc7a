package rehearsal

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/gorilla/websocket"
)

// Dashboard tells what an open dashboard was sent meanwhile.
type Dashboard struct {
	Frames      int     `json:"frames"`
	Largest     int     `json:"largest_bytes"` // of a change; the state at its begin is larger, and comes once
	MostASecond float64 `json:"most_a_second"` // within any five seconds
}

// What a dashboard may be sent, see the shop's contract.
const (
	largestFrame = 50_000
	framesASec   = 4

	counted = 5 * time.Second // where they arrive, a late one comes beside the next
)

// check tells what was too much.
func (d *Dashboard) check() (broken []string) {
	if d == nil {
		return nil
	}
	if d.Largest > largestFrame {
		broken = append(broken, fmt.Sprintf("dashboard: a frame has %d bytes, limit %d", d.Largest, largestFrame))
	}
	if d.MostASecond > framesASec+2/counted.Seconds() {
		broken = append(broken, fmt.Sprintf("dashboard: %.1f frames came in a second, limit %d", d.MostASecond, framesASec))
	}
	return broken
}

var adminToken = regexp.MustCompile(`name="admin-token" content="([^"]+)"`)

// openDashboard signs in as the admin, and joins.
func openDashboard(ctx context.Context, base, password string) (*websocket.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, base+"/admin", nil)
	if err != nil {
		return nil, err
	}
	req.SetBasicAuth("admin", password)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	page, err := io.ReadAll(io.LimitReader(res.Body, longestPage))
	token := adminToken.FindSubmatch(page)
	if err != nil || token == nil {
		return nil, errors.Join(err, fmt.Errorf("the dashboard of %s answers %s", base, res.Status))
	}
	address := "ws" + strings.TrimPrefix(base, "http") + "/admin_socket/websocket?vsn=2.0.0&token=" + url.QueryEscape(string(token[1]))
	ws, resp, err := websocket.DefaultDialer.DialContext(ctx, address, nil)
	if err != nil {
		return nil, err
	}
	resp.Body.Close()
	return ws, ws.WriteJSON([]any{"1", "1", "admin:dashboard", "phx_join", map[string]any{}})
}

// watch counts what comes until ctx ends, and writes each frame to record, a line each, if that is not nil.
func watch(ctx context.Context, ws *websocket.Conn, record io.Writer) (d Dashboard, err error) {
	stop := context.AfterFunc(ctx, func() { ws.Close() })
	defer stop()
	defer ws.Close()
	beats, quiet := context.WithCancel(ctx)
	var beating sync.WaitGroup
	beating.Go(func() { beat(beats, ws) })
	defer beating.Wait()
	defer quiet()
	var recent []time.Time
	for {
		_, frame, err := ws.ReadMessage()
		if err != nil {
			if ctx.Err() != nil {
				err = nil
			}
			return d, err
		}
		if record != nil {
			if _, err := fmt.Fprintf(record, "%d %s\n", time.Now().UnixMilli(), frame); err != nil {
				return d, err
			}
		}
		if !strings.Contains(string(frame[:min(len(frame), 100)]), `"change"`) {
			continue
		}
		now := time.Now()
		for len(recent) > 0 && now.Sub(recent[0]) >= counted {
			recent = recent[1:]
		}
		recent = append(recent, now)
		d.Frames++
		d.Largest, d.MostASecond = max(d.Largest, len(frame)), max(d.MostASecond, float64(len(recent))/counted.Seconds())
	}
}

// beat says every now and then that the dashboard is there, until ctx ends. It is the only one that writes to ws meanwhile.
func beat(ctx context.Context, ws *websocket.Conn) {
	tick := time.NewTicker(heartbeat)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			if ws.WriteJSON([]any{nil, "heartbeat", "phoenix", "heartbeat", map[string]any{}}) != nil {
				return // who reads sees it, too
			}
		case <-ctx.Done():
			return
		}
	}
}
