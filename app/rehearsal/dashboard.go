package rehearsal

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/gorilla/websocket"

	"sneakers23/app/sleep"
)

// Dashboard tells what an open dashboard was sent meanwhile.
type Dashboard struct {
	Frames      int     `json:"frames"`
	Largest     int     `json:"largest_bytes"` // of a change; the state at its begin is larger, and comes once
	MostASecond float64 `json:"most_a_second"` // within any five seconds

	recent  []time.Duration // when those of the last five seconds came, since the dashboard was opened
	ahead   float64         // how many frames had come more than framesASec allows, when these were most
	aheadBy string          // the same in words
}

// Limits on what a dashboard is sent, see the shop's contract.
const (
	largestFrame = 50_000
	framesASec   = 4

	counted = 5 * time.Second
)

// saw counts a change of that many bytes, which came so long after the dashboard was opened.
func (d *Dashboard) saw(bytes int, at time.Duration) {
	for len(d.recent) > 0 && at-d.recent[0] >= counted {
		d.recent = d.recent[1:]
	}
	d.recent = append(d.recent, at)
	d.Frames++
	d.Largest, d.MostASecond = max(d.Largest, bytes), max(d.MostASecond, float64(len(d.recent))/counted.Seconds())
	if ahead := float64(d.Frames) - framesASec*at.Seconds(); ahead > d.ahead {
		d.ahead, d.aheadBy = ahead, fmt.Sprintf("%d frames came within %.1f s", d.Frames, at.Seconds())
	}
}

// tolerated is how many frames may be ahead of framesASec: a ticker that is late makes up for one,
// and one is being sent.
const tolerated = 2

// check returns what was too much. Frames are counted since the dashboard was opened: all that have
// come by now were sent since then, however long the network and this machine have kept them.
// Within a shorter time more may arrive than were sent.
func (d *Dashboard) check() (broken []string) {
	if d == nil {
		return nil
	}
	if d.Largest > largestFrame {
		broken = append(broken, fmt.Sprintf("dashboard: a frame has %d bytes, limit %d", d.Largest, largestFrame))
	}
	if d.ahead > tolerated {
		broken = append(broken, fmt.Sprintf("dashboard: %s, limit %d a second", d.aheadBy, framesASec))
	}
	return broken
}

var adminToken = regexp.MustCompile(`name="admin-token" content="([^"]+)"`)

// openDashboard signs in as the admin, and joins. It returns when the join was sent: nothing was
// pushed before.
func openDashboard(
	ctx context.Context, base, password string, patience time.Duration,
) (*websocket.Conn, time.Time, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, base+"/admin", nil)
	if err != nil {
		return nil, time.Time{}, err
	}
	req.SetBasicAuth("admin", password)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, time.Time{}, err
	}
	defer res.Body.Close()
	page, err := io.ReadAll(io.LimitReader(res.Body, longestPage))
	token := adminToken.FindSubmatch(page)
	if err != nil || token == nil {
		return nil, time.Time{}, errors.Join(err, fmt.Errorf("the dashboard of %s answers %s", base, res.Status))
	}
	address := "ws" + strings.TrimPrefix(base, "http") + "/admin_socket/websocket?vsn=2.0.0"
	ws, resp, err := websocket.DefaultDialer.DialContext(ctx, address, bearer(string(token[1])))
	if err != nil {
		return nil, time.Time{}, err
	}
	resp.Body.Close()
	opened := time.Now()
	if err := ws.WriteJSON([]any{"1", "1", "admin:dashboard", "phx_join", map[string]any{}}); err != nil {
		ws.Close()
		return nil, time.Time{}, err
	}
	return ws, opened, nil
}

// bearer sends a token as phoenix.js sends its authToken: in no address.
func bearer(token string) http.Header {
	encoded := base64.RawURLEncoding.EncodeToString([]byte(token))
	return http.Header{"Sec-WebSocket-Protocol": {"phoenix, base64url.bearer.phx." + encoded}}
}

// watch counts what a dashboard is sent until ctx ends. It opens the dashboard again when the
// connection ends, at the next address if that is refused, as the page does. It gives up when that
// takes longer than Config.Patience.
func (r *rehearsal) watch(ctx context.Context, ws *websocket.Conn, opened time.Time) {
	var (
		d     Dashboard
		tries attempts
		to    = route{urls: r.urls}
	)
	r.dashboard = &d
	tries.begin()
	for {
		err := d.read(ctx, ws, &tries, opened, r.cfg.Record)
		for since := time.Now(); ; {
			if ctx.Err() != nil {
				return
			}
			if errors.Is(err, errRecord) || time.Since(since) > r.cfg.Patience {
				r.result.fail("dashboard", err)
				return
			}
			_ = sleep.For(ctx, tries.end())
			tries.begin()
			if ws, _, err = openDashboard(ctx, to.url().String(), r.cfg.AdminPassword, r.cfg.Patience); err == nil {
				r.result.lost.Add(1)
				break
			}
			to.next()
		}
	}
}

// errRecord says that what comes can't be written down.
var errRecord = errors.New("the record")

// read counts what comes until the connection or ctx ends, and writes each frame to record, a line
// each, if that is not nil.
func (d *Dashboard) read(
	ctx context.Context, ws *websocket.Conn, tries *attempts, opened time.Time, record io.Writer,
) error {
	stop := context.AfterFunc(ctx, func() { ws.Close() })
	defer stop()
	defer ws.Close()
	beats, quiet := context.WithCancel(ctx)
	var beating sync.WaitGroup
	beating.Go(func() { beat(beats, ws) })
	defer beating.Wait()
	defer quiet()
	for {
		_, frame, err := ws.ReadMessage()
		if err != nil {
			return err
		}
		tries.heard()
		if record != nil {
			if _, err := fmt.Fprintf(record, "%d %s\n", time.Now().UnixMilli(), frame); err != nil {
				return fmt.Errorf("%w: %w", errRecord, err)
			}
		}
		if !strings.Contains(string(frame[:min(len(frame), 100)]), `"change"`) {
			continue
		}
		d.saw(len(frame), time.Since(opened))
	}
}

// beat says every now and then that the dashboard is there, until ctx ends. It is the only one that
// writes to ws meanwhile.
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
