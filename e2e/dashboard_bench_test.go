package e2e

import (
	"bufio"
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/playwright-community/playwright-go"
)

var (
	recording = flag.String("frames", "",
		"what a dashboard was sent, as rehearse --record wrote it; empty: a rehearsal of this benchmark's own")
	shoppersInIt = flag.Int("shoppers", 300, "shoppers of the rehearsal")
)

// BenchmarkDashboardPage replays to a page in Chromium, in its own time, what a dashboard was sent
// in a rehearsal, and measures for how long the page's main thread was busy at a stretch.
func BenchmarkDashboardPage(b *testing.B) {
	s := freshShop(b)
	frames := *recording
	if frames == "" {
		frames = filepath.Join(b.TempDir(), "frames")
		long := "20s"
		if testing.Short() {
			long = "5s"
		}
		s.run("rehearse", "--json", "-n", strconv.Itoa(*shoppersInIt), "--for", long, "--think", "1s", "--record",
			frames,
			"--reply-p99", "0s", "--push-p99", "0s", "--purchase-p99", "0s", "--page-p99", "0s", "--errors", "1")
	}
	film := readFrames(b, frames)
	for b.Loop() {
		a := newAdmin(b, s.password, playwright.BrowserNewContextOptions{})
		ended := make(chan struct{})
		err := a.RouteWebSocket("**/admin_socket/**", func(ws playwright.WebSocketRoute) {
			ws.OnMessage(func(m any) { film.answer(ws, m, ended) })
		})
		if err != nil {
			b.Fatal(err)
		}
		a.opensDashboard(s.URL)
		evaluate[bool](a, `() => {
			window.tasks = []
			new PerformanceObserver((seen) => seen.getEntries().forEach(({ duration }) => tasks.push(duration)))
				.observe({ type: "longtask" })
			return true
		}`)
		<-ended
		a.wait("#shopper-count")
		long := evaluate[[]any](a, "tasks")
		longest := 0.0
		for _, task := range long {
			switch ms := task.(type) {
			case float64:
				longest = max(longest, ms)
			case int:
				longest = max(longest, float64(ms))
			}
		}
		b.ReportMetric(float64(len(film)), "frames")
		b.ReportMetric(float64(len(long)), "tasks>50ms")
		b.ReportMetric(longest, "ms/longest-task")
	}
}

// film is what a dashboard was sent.
type film []still

type still struct {
	at    time.Duration // after the first
	frame [5]json.RawMessage
}

func readFrames(b *testing.B, name string) (f film) {
	b.Helper()
	data, err := os.ReadFile(name)
	if err != nil {
		b.Fatal(err)
	}
	var first int64
	lines := bufio.NewScanner(bytes.NewReader(data))
	lines.Buffer(nil, 16<<20)
	for lines.Scan() {
		at, frame, _ := bytes.Cut(lines.Bytes(), []byte(" "))
		ms, err := strconv.ParseInt(string(at), 10, 64)
		if err != nil {
			b.Fatal(err)
		}
		var s still
		if err := json.Unmarshal(frame, &s.frame); err != nil {
			b.Fatal(err)
		}
		if string(s.frame[3]) == `"phx_reply"` {
			continue
		}
		if first == 0 {
			first = ms
		}
		s.at = time.Duration(ms-first) * time.Millisecond
		f = append(f, s)
	}
	if len(f) < 2 {
		b.Fatalf("%s holds %d frames", name, len(f))
	}
	return f
}

// answer is the server's part: it answers what the page says, and shows the film to who joins.
func (f film) answer(ws playwright.WebSocketRoute, message any, ended chan<- struct{}) {
	text, _ := message.(string)
	var m [5]json.RawMessage
	if json.Unmarshal([]byte(text), &m) != nil {
		return
	}
	ws.Send(fmt.Sprintf(`[%s,%s,%s,"phx_reply",{"status":"ok","response":{}}]`, m[0], m[1], m[2]))
	if string(m[3]) != `"phx_join"` {
		return
	}
	go func() {
		defer close(ended)
		began := time.Now()
		for _, s := range f {
			<-time.After(time.Until(began.Add(s.at)))
			joinRef := s.frame[0]
			if string(joinRef) != "null" {
				joinRef = m[0]
			}
			ws.Send(fmt.Sprintf(`[%s,%s,%s,%s,%s]`, joinRef, s.frame[1], s.frame[2], s.frame[3], s.frame[4]))
		}
	}()
}
